"""What came too early is kept in mind until what lies before it is applied, wherever from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from shared.clock import Clock
from shared.messaging.headers import ReceivedEvent
from shared.messaging.verdicts import Verdict
from shared.projecting.marks import Mark

ALARM_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Gap:
    """What one partition waits for, and how long it has."""

    mark: Mark
    event: ReceivedEvent
    is_new: bool
    is_overdue: bool

    @property
    def is_new_epoch(self) -> bool:
        """Whether the store has begun another life, which no read model of this one can follow."""
        return self._why is Verdict.NEW_EPOCH

    @property
    def told(self) -> Mapping[str, object]:
        """What the log says of it."""
        return {
            "partition": self.mark.partition,
            "expected": self.mark.feed_position + 1,
            "came": self.event.feed_position,
            "epoch": self.event.epoch,
            "why": self._why.value,
        }

    @property
    def _why(self) -> Verdict:
        return self.mark.judge(self.event.epoch, self.event.feed_position)


class Gaps:
    """The furthest event of each partition that was passed over, until the mark has reached it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._early: dict[int, ReceivedEvent] = {}
        self._since: dict[int, float] = {}

    def __contains__(self, partition: int) -> bool:
        return partition in self._early

    def begin(self, partitions: Collection[int]) -> None:
        """Begin anew with these: the log is read again from the marks."""
        self._early.clear()
        self._since = {p: since for p, since in self._since.items() if p in partitions}

    def pass_over(self, event: ReceivedEvent) -> None:
        """Keep in mind that this one came too early."""
        known = self._early.get(event.partition, event)
        self._early[event.partition] = max(event, known, key=place_of)

    def reached(self, partition: int, place: tuple[int, int]) -> None:
        """Take note of how far the partition is read without a gap."""
        early = self._early.get(partition)
        if early is not None and place_of(early) <= place:
            del self._early[partition]

    def moved(self, partition: int) -> None:
        """Take note that a mark moved: whatever it waits for now, it waits anew."""
        self._since.pop(partition, None)

    def look(self, mark: Mark) -> Gap:
        """Return what the partition of this mark waits for."""
        now = self._clock.monotonic()
        is_new = mark.partition not in self._since
        since = self._since.setdefault(mark.partition, now)
        return Gap(mark, self._early[mark.partition], is_new, now - since >= ALARM_SECONDS)


def place_of(event: ReceivedEvent) -> tuple[int, int]:
    """Return epoch and number of an event."""
    return event.epoch, event.feed_position
