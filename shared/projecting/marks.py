"""A mark says how far a read model is in one partition, and moves with what it applied."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from shared.messaging.headers import ReceivedEvent
from shared.messaging.outbox import Checkpoint
from shared.messaging.verdicts import Verdict, judge

MAKE = """insert into projection_marks (projection, version, source, topic, partition)
    select v.projection, v.version, $3, $4, p
    from projection_versions v, generate_series(0, $5::int - 1) as p
    where v.projection = $1 and v.version = $2 and v.state <> 'dropped'
    on conflict do nothing"""
COLUMNS = "m.partition, m.epoch, m.feed_position, m.txid, m.position, m.kafka_offset, m.repairs"
READ = f"""select {COLUMNS} from projection_marks m
    where m.projection = $1 and m.version = $2 and m.source = $3 and m.topic = $4"""
# What a reader asks for: the version that answers now, and its marks, in one snapshot.
READ_CURRENT = f"""select {COLUMNS}, m.version, m.moved_at,
        exists (select from projection_marks n where n.projection = m.projection
            and n.source = m.source and n.topic = m.topic and n.epoch > m.epoch
            and m.epoch > 0) as is_of_a_former_epoch
    from projection_versions v
    join projection_marks m on m.projection = v.projection and m.version = v.version
    where v.projection = $1 and v.state = 'current' and m.source = $2 and m.topic = $3"""
# Whoever has only some partitions may be the first of one and not know which life of the store the
# others are of: the first event of a partition must not be of another.
# The journey tells when a change reached the version that answers.
MOVE = """
    with moved as (
        update projection_marks m
        set epoch = n.epoch, feed_position = n.feed_to, txid = n.txid, position = n.position,
            kafka_offset = n.kafka_offset, moved_at = $13
        from unnest($5::smallint[], $6::int[], $7::bigint[], $8::int[], $9::bigint[],
            $10::bigint[], $11::bigint[], $12::bigint[], $14::int[])
            as n (partition, old_epoch, old_feed, epoch, feed_to, txid, position, kafka_offset,
                repairs)
        where m.projection = $1 and m.version = $2 and m.source = $3 and m.topic = $4
            and m.partition = n.partition
            and m.epoch = n.old_epoch and m.feed_position = n.old_feed and m.repairs = n.repairs
            and (m.epoch > 0 or not exists (select from projection_marks o
                where o.projection = m.projection and o.version = m.version
                and o.source = m.source and o.topic = m.topic and o.epoch not in (0, n.epoch)))
        returning n.partition, n.old_feed, n.feed_to
    ), noted as (
        insert into projection_batches
            (projection, topic, partition, feed_from, feed_to, applied_at)
        select $1, $4, o.partition, o.old_feed + 1, o.feed_to, $13
        from moved o
        join projection_versions v on v.projection = $1 and v.version = $2 and v.state = 'current'
        on conflict do nothing
    )
    select count(*) from moved"""
# Two servers of read models must not share: each needs every event.
HOME = """select left(md5(c.system_identifier::text || ' ' || d.oid::text), 6)
    from pg_control_system() c, pg_database d where d.datname = current_database()"""
SWEEP = "delete from projection_batches where applied_at < $1"


class MarkMovedError(Exception):
    """Another runner moved a mark meanwhile; nothing of this batch was applied."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one partition is applied; epoch 0 means that nothing ever was.

    `repairs` counts the repairs of rows: a batch that read its rows before one must not move it.
    """

    partition: int
    epoch: int = 0
    feed_position: int = 0
    txid: int = 0
    position: int = 0
    kafka_offset: int = -1
    repairs: int = 0

    def judge(self, epoch: int, feed_position: int) -> Verdict:
        """Apply the rule to an event that came when this is how far we are."""
        return judge(self.epoch, self.feed_position, epoch, feed_position)

    @property
    def place(self) -> Checkpoint:
        """Where the record of the last applied event should lie."""
        offset = self.kafka_offset if self.kafka_offset >= 0 else None
        return Checkpoint(
            self.partition, self.epoch, self.txid, self.position, self.feed_position, offset
        )

    def after(self, event: ReceivedEvent) -> "Mark":
        """Return the mark once this event is applied."""
        return replace(
            self,
            epoch=event.epoch,
            feed_position=event.feed_position,
            txid=event.txid,
            position=event.position,
            kafka_offset=event.offset,
        )


@dataclass(frozen=True, slots=True)
class Followed:
    """Which events a version of a projection follows: whose, on which topic."""

    projection: str
    source: str
    topic: str
    partitions: int
    version: int = 1

    @property
    def names(self) -> tuple[str, int, str, str]:
        """What its marks are found by: projection, version, source, topic."""
        return self.projection, self.version, self.source, self.topic


async def group_of(connection: asyncpg.Connection, followed: Followed) -> str:
    """Return the name under which those share the partitions who write to these very marks."""
    home = await connection.fetchval(HOME)
    return f"{followed.topic}.{followed.projection}@{followed.version}.{home}"


async def read_marks(connection: asyncpg.Connection, followed: Followed) -> dict[int, Mark]:
    """Return the marks by partition, making those that are missing; none of a dropped version."""
    await connection.execute(MAKE, *followed.names, followed.partitions)
    rows = await connection.fetch(READ, *followed.names)
    return {row["partition"]: Mark(*row) for row in rows}


async def move_marks(
    connection: asyncpg.Connection,
    followed: Followed,
    moves: Iterable[tuple[Mark, Mark]],
    at: datetime,
) -> None:
    """Move marks from what they were to what they are now, inside the caller's transaction.

    Raises:
        MarkMovedError: a mark is not what it was; the caller's transaction must be rolled back.
    """
    pairs: Sequence[tuple[Mark, Mark]] = list(moves)
    moved = await connection.fetchval(
        MOVE,
        *followed.names,
        [old.partition for old, _ in pairs],
        [old.epoch for old, _ in pairs],
        [old.feed_position for old, _ in pairs],
        [new.epoch for _, new in pairs],
        [new.feed_position for _, new in pairs],
        [new.txid for _, new in pairs],
        [new.position for _, new in pairs],
        [new.kafka_offset for _, new in pairs],
        at,
        [old.repairs for old, _ in pairs],
    )
    if moved != len(pairs):
        raise MarkMovedError
