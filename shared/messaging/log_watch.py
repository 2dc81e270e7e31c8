"""A reader notices that the log it reads was emptied and filled again, even if nothing says so.

A refilled log may hold fewer records than the old one held duplicates, so that an old offset points
behind the tail or past an event: then nothing is out of range and nothing comes. Therefore the
record of each mark is fetched at its offset at start and every five seconds.
"""

import asyncio
from collections.abc import Sequence

from shared.clock import Clock
from shared.messaging.log_check import BrokerSilentError, LogState, check_log, end_check
from shared.messaging.outbox import Checkpoint
from shared.settings import KafkaSettings

LOOK_EVERY_SECONDS = 5.0


class LogWatch:
    """Looks in the background; `changed` says which partitions must be read from their start."""

    def __init__(self, settings: KafkaSettings, topic: str, source: str, clock: Clock) -> None:
        self._settings = settings
        self._topic = topic
        self._source = source
        self._clock = clock
        self._looked_at: float | None = None
        self.seen_at = 0.0
        """When a look last got an answer."""
        self.ends: dict[int, int] = {}
        """The offset behind each partition's last record, as of that look."""
        self._looking: asyncio.Task[LogState] | None = None

    def look_soon(self) -> None:
        """Let the next look begin at once: the places are others now."""
        self._looked_at = None

    async def look(self, places: Sequence[Checkpoint]) -> set[int]:
        """Return the partitions whose record at the offset is not the one that was applied.

        Raises:
            BrokerSilentError: the broker does not answer.
        """
        self._looked_at = self._clock.monotonic()
        state = await check_log(self._settings, self._topic, self._source, places, to_the_end=False)
        return self._seen(state)

    def changed(self, places: Sequence[Checkpoint]) -> set[int]:
        """Return what the last look found, once; begin another when it is time."""
        if self._looking is not None:
            if not self._looking.done():
                return set()
            looking, self._looking = self._looking, None
            try:
                state = looking.result()
            except BrokerSilentError:
                return set()  # Nothing is known; the next look is soon.
            return self._seen(state)
        now = self._clock.monotonic()
        if self._looked_at is None or now - self._looked_at >= LOOK_EVERY_SECONDS:
            self._looked_at = now
            self._looking = asyncio.create_task(
                check_log(self._settings, self._topic, self._source, places, to_the_end=False)
            )
        return set()

    def _seen(self, state: LogState) -> set[int]:
        self.seen_at = self._clock.monotonic()
        self.ends = state.ends
        return state.lost

    async def stop(self) -> None:
        """End a look under way."""
        looking, self._looking = self._looking, None
        if looking is not None:
            await end_check(looking)
