"""An operator sees which streams are parked, in which version, why and since when; no data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres.lanes import Lanes

PAGE = """
    select s.projection, s.version, s.stream, s.event_id, e.type, e.stream_version, s.error,
        s.place, s.attempts, s.first_failed_at, s.last_failed_at,
        (select count(*) from parked_events w where w.projection = s.projection
            and w.version = s.version and w.stream = s.stream) as events
    from parked_streams s
    join parked_events e on e.projection = s.projection and e.version = s.version
        and e.stream = s.stream and e.event_id = s.event_id
    where ($1::text is null or s.projection = $1)
        and ($2::text is null or (s.projection, s.version, s.stream) > ($2, $3, $4))
    order by s.projection, s.version, s.stream limit $5"""
COUNTS = """
    select s.version, count(*) as streams,
        (select count(*) from parked_events e where e.projection = $1 and e.version = s.version)
        as events
    from parked_streams s where s.projection = $1 group by s.version"""
HEADS = """select event_id from parked_streams
    where projection = $1 and stream = $2 and ($3::int is null or version = $3)"""
IS_PARKED = """
    select exists(select from parked_events e
        join projection_versions v on v.projection = e.projection and v.version = e.version
        where e.projection = $1 and v.state = 'current' and e.stream = $2
            and e.stream_version = $3)"""


@dataclass(frozen=True, slots=True)
class ParkedStream:
    """One parked stream of one version: the event that failed, why, and how many wait in all."""

    projection: str
    version: int
    stream: str
    event_id: UUID
    type: str
    stream_version: int
    error: str
    place: str
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    events: int


class ParkedList:
    """What is parked, as the api may see it."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    async def page(
        self, projection: str | None, after: Sequence[str | int] | None, size: int
    ) -> list[ParkedStream]:
        """Return up to `size` parked streams behind `after` (projection, version, stream)."""
        behind = after if after is not None else (None, None, None)
        rows = await self._lanes.fetch(PAGE, projection, *behind, size)
        return [ParkedStream(*row) for row in rows]

    async def counts(self, projection: str) -> dict[int, dict[str, int]]:
        """Return how many streams and events are parked, by version; none: no entry."""
        rows = await self._lanes.fetch(COUNTS, projection)
        return {r["version"]: {"streams": r["streams"], "events": r["events"]} for r in rows}

    async def failed_events(
        self, projection: str, stream: str, version: int | None = None
    ) -> set[UUID]:
        """Return the events at which this stream stands still, one per version, if it does."""
        rows = await self._lanes.fetch(HEADS, projection, stream, version)
        return {UUID(str(row["event_id"])) for row in rows}

    async def holds(self, projection: str, stream: str, stream_version: int) -> bool:
        """Say whether the version that answers has parked this event."""
        return bool(await self._lanes.fetchval(IS_PARKED, projection, stream, stream_version))
