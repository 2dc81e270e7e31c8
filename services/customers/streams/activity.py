"""How much is happening right now is counted as it comes: per type, in windows of ten seconds.

The counts live in memory. What was published is read back when a partition comes to this process,
so that after a crash nothing is missing; what was published and not yet committed counts twice.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from uuid6 import uuid7

from services.customers.streams.events import ACTIVITY_CODEC, ActivityCounted
from shared.clock import Clock
from shared.messaging.headers import ReceivedEvent
from shared.messaging.latest import LatestOf
from shared.messaging.publishing import Derived, Publisher
from shared.messaging.topics import Topic
from shared.projecting.canary import CanarySent
from shared.settings import KafkaSettings

NAME: Final = "customers-activity"
WINDOW: Final = timedelta(seconds=10)
KEPT: Final = timedelta(hours=1) + WINDOW
"""How far back anybody looks; what happened before is not counted any more."""
CANARY = CanarySent.__name__


class Window(NamedTuple):
    """What one count is about."""

    partition: int
    start: datetime
    event_type: str
    stage: str | None


Latest = LatestOf[Window, int]


def latest_activity(settings: KafkaSettings, topic: Topic, clock: Clock) -> Latest:
    """Return what reads the newest count of each window."""
    return LatestOf(settings, topic, read_count, lambda window: window.start < clock.now() - KEPT)


def read_count(value: bytes) -> tuple[Window, int] | None:
    """Read one record of the topic."""
    told = ActivityCounted.model_validate_json(value)
    window = Window(told.source_partition, told.window_start, told.event_type, told.stage)
    return window, told.count


def start_of(moment: datetime) -> datetime:
    """Return when the window begins in which a moment lies."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % WINDOW.seconds, UTC)


class Activity:
    """Counts events; the handler of a live stream."""

    def __init__(self, latest: Callable[[], Latest], publisher: Publisher, clock: Clock) -> None:
        self._latest = latest
        self._publisher = publisher
        self._clock = clock
        self._counts: dict[int, dict[Window, int]] = {}
        self._changed: set[Window] = set()

    async def take(self, event: ReceivedEvent) -> None:
        """Count one event, unless it is a canary or too old to be looked at.

        Raises:
            UnavailableError: what was counted before cannot be read back now.
        """
        start = start_of(event.recorded_at)
        if event.type == CANARY or start < self._clock.now() - KEPT:
            return
        counts = self._counts.get(event.partition)
        if counts is None:
            counts = await self._read_back(event.partition)
        # Customers have no stages yet; once they have, the count is by theirs.
        window = Window(event.partition, start, event.type, None)
        counts[window] = counts.get(window, 0) + 1
        self._changed.add(window)

    async def flush(self) -> None:
        """Publish the counts that changed, and forget those that nobody looks at any more.

        Raises:
            UnavailableError: Kafka does not take them now.
        """
        if not self._changed:
            return
        now = self._clock.now()
        changed = sorted(self._changed, key=lambda w: (w.partition, w.start, w.event_type))
        await self._publisher.publish([self._told(window, now) for window in changed])
        self._changed.clear()
        for partition, counts in self._counts.items():
            self._counts[partition] = {w: n for w, n in counts.items() if w.start >= now - KEPT}

    def forget(self, partitions: Collection[int]) -> None:
        """Drop the counts of partitions that another process may count from now on."""
        for partition in partitions:
            self._counts.pop(partition, None)
        self._changed = {w for w in self._changed if w.partition not in partitions}

    async def _read_back(self, partition: int) -> dict[Window, int]:
        latest = self._latest()
        await latest.read(partition)
        counts = self._counts[partition] = dict(latest.values)
        return counts

    def _told(self, window: Window, now: datetime) -> Derived:
        event = ActivityCounted(
            window_start=window.start,
            window_seconds=WINDOW.seconds,
            event_type=window.event_type,
            stage=window.stage,
            source_partition=window.partition,
            count=self._counts[window.partition][window],
        )
        subject = f"activity-{window.partition}"
        return Derived(window.partition, subject, ACTIVITY_CODEC.encode(event, uuid7()), now)
