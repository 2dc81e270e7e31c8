"""The store's streams as a read model was given them: up to its marks, and not one event more."""

from collections.abc import Collection, Mapping, Sequence

from shared.eventstore.rows import EVENT_COLUMNS, event_of
from shared.messaging.headers import ReceivedEvent
from shared.postgres.lanes import Lanes
from shared.projecting.marks import Followed, Mark

PAGE = """select stream from streams where stream > $1 and stream < $2 order by stream limit $3"""
EVENTS = f"""
    select {EVENT_COLUMNS} from events e
    join unnest($2::smallint[], $3::xid8[], $4::bigint[]) as m (partition, txid, position)
        on m.partition = e.partition and (e.txid, e.position) <= (m.txid, m.position)
    where e.stream = any($1) order by e.stream, e.version"""
HAS = "select exists (select from streams where stream = $1)"
PARTITIONS = "select distinct partition from events where stream = any($1) and version = 1"
# No feed position and no Kafka offset are known of an event that came from its stream.
UNKNOWN = -1


class StoreStreams:
    """Reads streams of one source from its store, for a process that may read there."""

    def __init__(self, truth: Lanes, followed: Followed) -> None:
        self._truth = truth
        self._source = followed.source
        self._topic = followed.topic

    async def epoch(self) -> int:
        """Return which life of the store this is."""
        return int(await self._truth.fetchval("select epoch from store"))

    async def page(self, after: str, before: str, limit: int) -> list[str]:
        """Return the next streams between two names, both left out."""
        rows = await self._truth.fetch(PAGE, after, before, limit)
        return [row["stream"] for row in rows]

    async def has(self, stream: str) -> bool:
        """Say whether the store has this stream."""
        return bool(await self._truth.fetchval(HAS, stream))

    async def partitions(self, streams: Collection[str]) -> list[int]:
        """Return the partitions of these streams; one that is not in the store has none."""
        rows = await self._truth.fetch(PARTITIONS, list(streams))
        return [row["partition"] for row in rows]

    async def events(
        self, streams: Collection[str], marks: Mapping[int, Mark]
    ) -> dict[str, list[ReceivedEvent]]:
        """Return the events of these streams that lie before the marks, in order, by stream."""
        places: Sequence[Mark] = list(marks.values())
        rows = await self._truth.fetch(
            EVENTS, list(streams), [m.partition for m in places], [m.txid for m in places],
            [m.position for m in places],
        )  # fmt: skip
        found: dict[str, list[ReceivedEvent]] = {}
        for event in map(event_of, rows):
            found.setdefault(event.stream, []).append(
                ReceivedEvent(
                    self._source, marks[event.partition].epoch, self._topic, event.partition,
                    UNKNOWN, UNKNOWN, event.txid, event.position, str(event.event_id), event.type,
                    event.schema_version, event.stream, event.version, event.subject,
                    event.recorded_at.isoformat(), None, event.data,
                )
            )  # fmt: skip
        return found
