"""A registered consumer is as alive as its last report, and that has an age.

A consumer says every minute how far it is. Silence is told as silence: whoever was not heard of
for three minutes is never shown as reading, however small its lag was then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.postgres.lanes import Lanes

SILENT_AFTER_SECONDS = 180.0

State = Literal["never-seen", "silent", "partly-silent", "ahead", "reading"]

# A report that was overtaken on its way does not count; rows are taken in one order.
KEEP = """
    insert into consumer_marks
        (consumer, topic, partition, epoch, feed_position, version, seen_at)
    select $1, $2, m.partition, m.epoch, m.feed_position, $6, $7
    from unnest($3::smallint[], $4::int[], $5::bigint[]) as m (partition, epoch, feed_position)
    order by m.partition
    on conflict (consumer, topic, partition) do update
    set epoch = excluded.epoch, feed_position = excluded.feed_position,
        version = excluded.version, seen_at = excluded.seen_at
    where consumer_marks.seen_at <= excluded.seen_at"""
READ = """select consumer, topic, partition, epoch, feed_position, version, seen_at
    from consumer_marks order by consumer, topic, partition"""


@dataclass(frozen=True, slots=True)
class ReportedMark:
    """How far a consumer says it is in one partition."""

    partition: int
    epoch: int
    feed_position: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """The last that was heard of a consumer about one partition, and which version said it."""

    consumer: str
    topic: str
    mark: ReportedMark
    version: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class FeedEnd:
    """Where a topic's feed ends: the store's epoch, and the last feed position per partition."""

    epoch: int
    positions: Mapping[int, int]

    def behind(self, mark: ReportedMark) -> int:
        """Return how many events lie behind a mark; one of an earlier epoch begins again."""
        if self.is_passed_by(mark):
            return 0
        end = self.positions.get(mark.partition, 0)
        return end if mark.epoch < self.epoch else end - mark.feed_position

    def is_passed_by(self, mark: ReportedMark) -> bool:
        """Say whether the mark lies where there is nothing: it is of another life of the store."""
        end = self.positions.get(mark.partition, 0)
        return mark.epoch > self.epoch or (mark.epoch == self.epoch and mark.feed_position > end)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a consumer stands with one topic; the lag is None where nothing was ever heard."""

    state: State
    lag_events: int | None
    last_seen: datetime | None
    age_seconds: float | None
    versions: tuple[str, ...]


def standing(sightings: Sequence[Sighting], end: FeedEnd, now: datetime) -> Standing:
    """Return how a consumer stands with a topic, by what it said about each partition."""
    if not sightings:
        return Standing("never-seen", None, None, None, ())
    reported = {sighting.mark.partition for sighting in sightings}
    unheard = sum(n for partition, n in end.positions.items() if partition not in reported)
    last_seen = max(sighting.seen_at for sighting in sightings)
    return Standing(
        state=_state(sightings, end, now),
        lag_events=unheard + sum(end.behind(sighting.mark) for sighting in sightings),
        last_seen=last_seen,
        age_seconds=_age(last_seen, now),
        versions=tuple(sorted({sighting.version for sighting in sightings})),
    )


class Sightings:
    """What was heard of the registered consumers of one service."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    async def report(
        self,
        consumer: str,
        topic: str,
        version: str,
        marks: Sequence[ReportedMark],
        at: datetime,
    ) -> None:
        """Keep how far a consumer says it is; several processes of it report a part each."""
        await self._lanes.execute(
            KEEP,
            consumer,
            topic,
            [mark.partition for mark in marks],
            [mark.epoch for mark in marks],
            [mark.feed_position for mark in marks],
            version,
            at,
        )

    async def read(self) -> dict[tuple[str, str], list[Sighting]]:
        """Return what was heard, by consumer and topic."""
        found: dict[tuple[str, str], list[Sighting]] = {}
        for consumer, topic, partition, epoch, feed_position, version, seen_at in (
            tuple(row) for row in await self._lanes.fetch(READ)
        ):
            mark = ReportedMark(partition, epoch, feed_position)
            sighting = Sighting(consumer, topic, mark, version, seen_at)
            found.setdefault((consumer, topic), []).append(sighting)
        return found


def _state(sightings: Sequence[Sighting], end: FeedEnd, now: datetime) -> State:
    ages = [_age(sighting.seen_at, now) for sighting in sightings]
    if min(ages) > SILENT_AFTER_SECONDS:
        return "silent"
    if max(ages) > SILENT_AFTER_SECONDS:
        return "partly-silent"
    return "ahead" if any(end.is_passed_by(s.mark) for s in sightings) else "reading"


def _age(seen_at: datetime, now: datetime) -> float:
    return round(max((now - seen_at).total_seconds(), 0.0), 1)
