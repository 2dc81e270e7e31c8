"""The store's side of the relay: whose a partition is, what is still to send, what was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from shared.eventstore.epochs import Epochs
from shared.eventstore.rows import Table
from shared.messaging.anchors import Anchors
from shared.messaging.packing import OPTIONAL_HEADERS, OWN_HEADERS
from shared.postgres.lanes import Lanes

LEASE = timedelta(seconds=2)
PAGE_PER_PARTITION = 200

MAKE_CHECKPOINTS = """insert into relay_checkpoints (topic, partition, epoch)
    select $1, p, (select s.epoch from store s) from generate_series(0, $2::int - 1) as p
    on conflict do nothing"""
CLAIM = "select * from relay_claim($1, $2, $3)"
RENEW = """update relay_checkpoints c set lease_until = clock_timestamp() + $3
    where c.topic = $1 and c.owner = $2 and c.lease_until > clock_timestamp()
    returning c.partition"""
RELEASE = (
    """update relay_checkpoints set lease_until = '-infinity', owner = null
        where topic = $1 and owner = $2""",
    "delete from relay_members where topic = $1 and owner = $2",
)
PAGE = f"""
    select e.*
    from unnest($1::smallint[], $2::xid8[], $3::bigint[]) as c (partition, txid, position)
    cross join lateral (
        select e.partition, e.txid, e.position, textsend(e.subject), e.data,
            {OPTIONAL_HEADERS}, {OWN_HEADERS}, e.traceparent,
            case when e.traceparent like '%-01' then e.event_id::text end
        from {{table}} e
        where e.partition = c.partition and (e.txid, e.position) > (c.txid, c.position)
            and e.txid < pg_snapshot_xmin(pg_current_snapshot())
        order by e.txid, e.position limit $4) e"""
ADVANCE = "select relay_advance($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
START_OVER = """update relay_checkpoints
    set txid = '0', position = 0, feed_position = 0, kafka_offset = null
    where topic = $1 and owner = $2 and partition = any ($3::smallint[])
        and lease_until > clock_timestamp() returning partition"""
KNOWN = """select count(*) from unnest($1::text[], $2::bigint[], $3::uuid[])
    as k (stream, version, event_id)
    join {table} e on e.stream = k.stream and e.version = k.version and e.event_id = k.event_id"""
SWEEP = (
    "delete from relay_rounds where acknowledged_at < $1",
    "delete from idempotency where recorded_at < $1",
)


class LeaseLostError(Exception):
    """Another relay owns the partition now; whatever was sent, it sends again."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far one partition is sent."""

    partition: int
    epoch: int
    txid: int
    position: int
    feed_position: int
    kafka_offset: int | None

    def is_same_place(self, other: "Checkpoint") -> bool:
        """Say whether both stand behind the same event, wherever Kafka put it."""
        return replace(self, kafka_offset=None) == replace(other, kafka_offset=None)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a relay may lead now; the next lease of another ends in `free_in` seconds, if any."""

    held: dict[int, Checkpoint]
    free_in: float | None


@dataclass(slots=True)
class Moved:
    """What one round sent of one partition, acknowledged at `kafka_offset`."""

    before: Checkpoint
    txid: int
    position: int
    feed_position: int
    kafka_offset: int = -1
    index: list[tuple[int, int, int]] = field(default_factory=list)

    def after(self) -> Checkpoint:
        """Return the checkpoint once the round is recorded."""
        return replace(
            self.before,
            txid=self.txid,
            position=self.position,
            feed_position=self.feed_position,
            kafka_offset=self.kafka_offset,
        )


class Outbox:
    """The events (or records) table as an outbox, for one relay process."""

    def __init__(
        self, lanes: Lanes, topic: str, partitions: int, owner: UUID, table: Table = "events"
    ) -> None:
        self._lanes = lanes
        self._topic = topic
        self._partitions = partitions
        self._owner = owner
        self.anchors = Anchors(lanes, topic)
        self._page = PAGE.format(table=table)
        self._known = KNOWN.format(table=table)
        self.epochs = Epochs(lanes)

    async def prepare(self) -> None:
        """Begin the next epoch if the store was restored; make a checkpoint row per partition.

        Raises:
            DaybookError: the store was restored from a dump, and its owner must renumber it first.
        """
        await self.epochs.check()
        await self._lanes.execute(MAKE_CHECKPOINTS, self._topic, self._partitions)

    async def claim(self) -> Claim:
        """Keep what is ours and take what is free, up to our share among the living relays."""
        rows = await self._lanes.fetch(CLAIM, self._topic, self._owner, LEASE)
        return Claim(
            held={row["partition"]: Checkpoint(*row[2:]) for row in rows if row["is_mine"]},
            free_in=min((row["free_in"] for row in rows if not row["is_mine"]), default=None),
        )

    async def renew(self) -> set[int]:
        """Renew the leases that still hold and return their partitions."""
        rows = await self._lanes.fetch(RENEW, self._topic, self._owner, LEASE)
        return {row["partition"] for row in rows}

    async def release(self) -> None:
        """Give up every lease, so that another relay need not wait for it to end."""
        for statement in RELEASE:
            await self._lanes.execute(statement, self._topic, self._owner)

    async def page(self, held: Mapping[int, Checkpoint]) -> list[asyncpg.Record]:
        """Return what is to be sent next, per partition in order, up to the horizon."""
        checkpoints = list(held.values())
        return await self._lanes.fetch(
            self._page,
            [c.partition for c in checkpoints],
            [c.txid for c in checkpoints],
            [c.position for c in checkpoints],
            PAGE_PER_PARTITION,
        )

    async def advance(self, moved: Sequence[Moved], at: datetime) -> None:
        """Record that Kafka acknowledged a round.

        Raises:
            LeaseLostError: a lease ran out meanwhile, or another relay moved a checkpoint.
        """
        index = [(m.before.partition, *entry) for m in moved for entry in m.index]
        try:
            await self._lanes.execute(
                ADVANCE,
                self._topic,
                self._owner,
                moved[0].before.epoch,
                LEASE,
                at,
                [m.before.partition for m in moved],
                [m.before.feed_position + 1 for m in moved],
                [m.feed_position for m in moved],
                [m.txid for m in moved],
                [m.position for m in moved],
                [m.kafka_offset for m in moved],
                [entry[0] for entry in index],
                [entry[1] for entry in index],
                [entry[2] for entry in index],
                [entry[3] for entry in index],
            )
        except asyncpg.PostgresError as error:
            if error.sqlstate == "DB409":
                raise LeaseLostError from error
            raise

    async def start_over(self, partitions: Sequence[int]) -> None:
        """Forget that anything was sent of these partitions: Kafka lost it.

        Raises:
            LeaseLostError: a lease ran out meanwhile.
        """
        rows = await self._lanes.fetch(START_OVER, self._topic, self._owner, list(partitions))
        if len(rows) != len(partitions):
            raise LeaseLostError
        await self.anchors.forget(partitions)

    async def has_all(self, records: Sequence[tuple[str, int, str]]) -> bool:
        """Say whether the store has each (stream, version, event id) that Kafka has of it."""
        distinct = set(records)
        if not distinct:
            return True
        columns = [list(column) for column in zip(*distinct, strict=True)]
        return bool(await self._lanes.fetchval(self._known, *columns) == len(distinct))

    async def sweep(self, before: datetime) -> None:
        """Delete journey rows and idempotency keys that are older than what we promise to keep."""
        for statement in SWEEP:
            await self._lanes.execute(statement, before)
