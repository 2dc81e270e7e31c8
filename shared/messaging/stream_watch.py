"""A live stream that stands still, or whose log was emptied, is noticed by a reader beside it."""

from collections.abc import Collection, Mapping

from shared.clock import Clock
from shared.errors import UnavailableError
from shared.messaging.headers import ReceivedEvent
from shared.messaging.log_check import BrokerSilentError
from shared.messaging.log_watch import LogWatch
from shared.messaging.outbox import Checkpoint
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings

STUCK_AFTER_SECONDS = 30.0
"""Longer than a group of the embedded broker takes to meet again after a death (18 s)."""
FIX = "none is needed: whoever keeps this process running starts a new one"


class StreamWatch:
    """Compares what one worker was given with what Kafka has."""

    def __init__(self, settings: KafkaSettings, topic: Topic, source: str, clock: Clock) -> None:
        self._log_watch = LogWatch(settings, topic.name, source, clock)
        self._source = source
        self._clock = clock
        self._last: dict[int, ReceivedEvent] = {}
        self._next: dict[int, int] = {}
        self._fed_at = clock.monotonic()
        self._is_taking = False

    def given(self, partition: int, offset: int, event: ReceivedEvent | None) -> None:
        """Note a record that the worker was given; None if it is not an event of ours.

        Of several services that write one topic, the records of one tell whether it was emptied.

        Raises:
            UnavailableError: it lies where another lay before: the log was emptied.
        """
        if offset < self._next.get(partition, 0):
            raise _emptied({partition})
        self._next[partition] = offset + 1
        if event is not None and event.source == self._source:
            self._last[partition] = event
        self._fed_at = self._clock.monotonic()
        self._is_taking = True

    def taken(self) -> None:
        """Note that the worker is done with what it was given."""
        self._is_taking = False

    def refuse_to_hang(self) -> None:
        """Ask whether the worker is busy with one record for too long, whatever Kafka says.

        Raises:
            UnavailableError: it is; only a new process helps.
        """
        if self._is_taking and self._is_late:
            raise _stuck("one event is being taken since long")

    @property
    def _is_late(self) -> bool:
        return self._clock.monotonic() - self._fed_at > STUCK_AFTER_SECONDS

    def forget(self, partitions: Collection[int]) -> None:
        """Forget partitions that another worker may have from now on."""
        for partition in partitions:
            self._last.pop(partition, None)
            self._next.pop(partition, None)
        self._fed_at = self._clock.monotonic()

    async def look(self, positions: Mapping[int, int]) -> bool:
        """Look at Kafka; `positions` is where the client stands in the partitions it has.

        Returns whether Kafka answered.

        Raises:
            UnavailableError: the worker is given nothing though there is more, or its log was
                emptied; only a new process helps.
        """
        try:
            lost = await self._log_watch.look([self._place(p) for p in positions])
        except BrokerSilentError:
            return False
        if lost:
            raise _emptied(lost)
        ends = self._log_watch.ends
        behind = [p for p, at in positions.items() if ends.get(p, 0) > self._next.get(p, at)]
        if behind and self._is_late:
            raise _stuck(f"partitions {behind} hold more, and nothing comes")
        return True

    def _place(self, partition: int) -> Checkpoint:
        last = self._last.get(partition)
        if last is None:
            return Checkpoint(partition, 0, 0, 0, 0, None)
        return Checkpoint(
            partition, last.epoch, last.txid, last.position, last.feed_position, last.offset
        )


def _stuck(why: str) -> UnavailableError:
    return UnavailableError(f"the live stream stands still: {why}", code="stream-stuck", fix=FIX)


def _emptied(partitions: Collection[int]) -> UnavailableError:
    return UnavailableError(
        f"the log was emptied under the live stream (partitions {sorted(partitions)})",
        code="log-emptied", fix=FIX,
    )  # fmt: skip
