"""The feed: each partition's events numbered 1, 2, 3… in log order, the same numbers for ever.

The number (feed position) is a pure function of the store: counted, never kept with the event.
One index row per 1,000 numbers makes any place cheap to reach. Reading stops at the oldest
transaction under way, because something may still commit behind it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events import RecordedEvent
from shared.eventstore.rows import EVENT_COLUMNS, Table, event_of
from shared.postgres.lanes import Lanes

INDEX_EVERY = 1000
MAX_PAGE = 1000

_START = """
    select coalesce(max(i.feed_position), 0) as feed_position,
        coalesce(max(i.txid), '0'::xid8) as txid, coalesce(max(i.position), 0) as position
    from (select f.feed_position, f.txid, f.position from feed_index f
        where f.topic = $1 and f.partition = $2 and f.feed_position < $3
        order by f.feed_position desc limit 1) i"""
# An event as the feed shows it: `Feed.page` has the names, the database makes the texts.
PUBLISHED = """e.event_id::text, e.type, e.schema_version, e.stream, e.version, e.subject,
    e.recorded_at, e.txid::text || ':' || e.position, e.actor, e.correlation_id::text,
    e.causation_id::text, e.connection, e.traceparent, e.data"""
PUBLISHED_NAMES = ("feed_position", "event_id", "type", "schema_version", "stream", "version",
    "subject", "recorded_at", "store_position", "actor", "correlation_id", "causation_id",
    "origin", "traceparent", "data")  # fmt: skip
READ = f"""
    with start as ({_START})
    select r.* from (select {{columns}} from {{table}} e
        where e.partition = $2
            and (e.txid, e.position) > (select s.txid, s.position from start s)
            and e.txid < pg_snapshot_xmin(pg_current_snapshot())
        order by e.txid, e.position
        offset $3 - 1 - (select s.feed_position from start s) limit $4) r"""
DIGEST = """
    select count(*) as count, sha256(coalesce(string_agg(
        uuid_send(r.event_id) || sha256(r.data), ''::bytea order by r.txid, r.position), ''))
        as digest
    from (select e.event_id, e.data, e.txid, e.position from {table} e
        where e.partition = $1 and (e.txid, e.position) > ($2::xid8, $3::bigint)
            and e.txid < pg_snapshot_xmin(pg_current_snapshot())
        order by e.txid, e.position offset $4 limit $5) r"""
COUNT_TO = """
    with start as (
        select i.feed_position, i.txid, i.position from feed_index i
        where i.topic = $1 and i.partition = $2 and (i.txid, i.position) <= ($3, $4)
        order by i.feed_position desc limit 1)
    select case when $3 < pg_snapshot_xmin(pg_current_snapshot())
        then coalesce((select s.feed_position from start s), 0) + count(*) end
    from {table} e
    where e.partition = $2
        and (e.txid, e.position) > (coalesce((select s.txid from start s), '0'::xid8),
            coalesce((select s.position from start s), 0))
        and (e.txid, e.position) <= ($3, $4)"""
IS_THERE = """select exists(select from {table} e
    where e.partition = $1 and e.txid = $2 and e.position = $3)"""
# What is not sent yet is counted behind what is; a partition that nobody ever sent begins at 0.
ENDS = """
    select p.partition, coalesce(c.feed_position, 0) + count(e.txid) as feed_end
    from generate_series(0, $2::int - 1) as p (partition)
    left join relay_checkpoints c on c.topic = $1 and c.partition = p.partition
    left join {table} e on e.partition = p.partition
        and (e.txid, e.position) > (coalesce(c.txid, '0'::xid8), coalesce(c.position, 0))
        and e.txid < pg_snapshot_xmin(pg_current_snapshot())
    group by p.partition, c.feed_position"""
PLACE_OF = """select e.event_id, e.version, e.partition, e.txid, e.position, e.recorded_at
    from {table} e where e.stream = $1 and ($2::bigint is null or e.version = $2)
    order by e.version desc limit 1"""
ROUND_OF = """select r.feed_from, r.acknowledged_at from relay_rounds r
    where r.topic = $1 and r.partition = $2 and r.feed_to >= $3 order by r.feed_to limit 1"""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event with its number in its partition's feed."""

    feed_position: int
    event: RecordedEvent


@dataclass(frozen=True, slots=True)
class FeedDigest:
    """How many events lie in a range of the feed, and one hash over all of them.

    The hash is SHA-256 over, for each event in order, the 16 bytes of its id and the SHA-256 of
    its value.
    """

    feed_from: int
    feed_to: int
    count: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class EventPlace:
    """Where one event lies: in its stream, in the log, and in the feed.

    `feed_position` is None as long as an older transaction could still commit before it.
    """

    event_id: str
    version: int
    partition: int
    feed_position: int | None
    recorded_at: datetime


class Feed:
    """Reads the feed of one service's topic from the table that fills it."""

    def __init__(self, lanes: Lanes, topic: str, table: Table = "events") -> None:
        self._lanes = lanes
        self.topic = topic
        self.table = table
        self._read = READ.format(columns=EVENT_COLUMNS, table=table)
        self._page = READ.format(columns=PUBLISHED, table=table)
        self._digest = DIGEST.format(table=table)
        self._count_to = COUNT_TO.format(table=table)
        self._place_of = PLACE_OF.format(table=table)
        self._is_there = IS_THERE.format(table=table)
        self._ends = ENDS.format(table=table)

    async def read(self, partition: int, start: int, limit: int = MAX_PAGE) -> list[FeedEvent]:
        """Return events from feed position `start` (1 is the first), up to `limit`."""
        start = max(start, 1)
        rows = await self._lanes.fetch(
            self._read, self.topic, partition, start, min(limit, MAX_PAGE)
        )
        return [FeedEvent(start + n, event_of(row)) for n, row in enumerate(rows)]

    async def page(self, partition: int, start: int, limit: int) -> list[dict[str, Any]]:
        """Return the same events as members with the names under which they are published.

        Whoever reads the whole feed reads millions; an object for each would cost more than
        reading it.
        """
        rows = await self._lanes.fetch(
            self._page, self.topic, partition, start, min(limit, MAX_PAGE)
        )
        return [
            dict(zip(PUBLISHED_NAMES, (number, *row), strict=True))
            for number, row in enumerate(rows, start)
        ]

    async def digest(self, partition: int, start: int, end: int) -> list[FeedDigest]:
        """Return a digest per range of 1,000 feed positions between `start` and `end`, inclusive.

        The last one is shorter where the feed or the range ends. Ranges begin at 1, 1001, 2001…,
        so that two sides compare the same ranges.
        """
        first = (max(start, 1) - 1) // INDEX_EVERY * INDEX_EVERY
        digests = []
        for indexed in range(first, end, INDEX_EVERY):
            at = await self._lanes.fetchrow(
                "select feed_position, txid, position from feed_index"
                " where topic = $1 and partition = $2 and feed_position <= $3"
                " order by feed_position desc limit 1",
                self.topic, partition, indexed,
            )  # fmt: skip
            known, txid, position = tuple(at) if at is not None else (0, 0, 0)
            wanted = min(INDEX_EVERY, end - indexed)
            row = await self._lanes.fetchrow(
                self._digest, partition, txid, position, indexed - known, wanted
            )
            if row is None or row["count"] == 0:
                break
            digests.append(
                FeedDigest(indexed + 1, indexed + row["count"], row["count"], row["digest"])
            )
        return digests

    async def place_of(self, stream: str, version: int | None = None) -> EventPlace | None:
        """Return where a stream's event of that version (the newest without one) lies."""
        row = await self._lanes.fetchrow(self._place_of, stream, version)
        if row is None:
            return None
        number = await self.position_of(row["partition"], row["txid"], row["position"])
        return EventPlace(
            str(row["event_id"]), row["version"], row["partition"], number, row["recorded_at"]
        )

    async def position_of(self, partition: int, txid: int, position: int) -> int | None:
        """Return the feed position of a place of the log; None: not settled yet."""
        number: int | None = await self._lanes.fetchval(
            self._count_to, self.topic, partition, txid, position
        )
        return number

    async def has(self, partition: int, feed_position: int, txid: int, position: int) -> bool:
        """Say whether the event at this place of the log is there and has this feed position."""
        is_there = await self._lanes.fetchval(self._is_there, partition, txid, position)
        return bool(is_there) and feed_position == await self.position_of(partition, txid, position)

    async def acknowledged_at(self, partition: int, feed_position: int) -> datetime | None:
        """Return when Kafka acknowledged this event; None if not yet, or longer than we keep."""
        row = await self._lanes.fetchrow(ROUND_OF, self.topic, partition, feed_position)
        if row is None or row["feed_from"] > feed_position:
            return None
        at: datetime = row["acknowledged_at"]
        return at

    async def ends(self, partitions: int) -> dict[int, int]:
        """Return, per partition, the last feed position there is; 0 where nothing ever was."""
        rows = await self._lanes.fetch(self._ends, self.topic, partitions)
        return {row["partition"]: row["feed_end"] for row in rows}

    async def sent_up_to(self) -> dict[int, int]:
        """Return, per partition, the feed position that Kafka has acknowledged."""
        rows = await self._lanes.fetch(
            "select partition, feed_position from relay_checkpoints where topic = $1", self.topic
        )
        return {row["partition"]: row["feed_position"] for row in rows}
