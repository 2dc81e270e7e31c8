"""A rebuild takes what the machine has left: while events come in, a fifth of the time."""

import asyncio
from collections.abc import Mapping

from shared.clock import Clock
from shared.projecting.marks import Mark

PAGE = 3_000
PAGE_BESIDE_LIVE = 1_000
BUSY_EVENTS_PER_SECOND = 50.0
SHARE_BESIDE_LIVE = 1 / 5


class Pace:
    """Watches how fast the version that answers moves, and slows the rebuild beside it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_at = self._looked_at = clock.monotonic()
        self._live: int | None = None
        self._done = 0
        # Until it is known, so that nobody is held up by the first pages.
        self.is_busy = True

    @property
    def page(self) -> int:
        """How many events to read at a time."""
        return PAGE_BESIDE_LIVE if self.is_busy else PAGE

    @property
    def events_per_second(self) -> float:
        """How fast the rebuild has been since it began."""
        return self._done / max(self._clock.monotonic() - self._began_at, 0.001)

    def saw_live(self, marks: Mapping[int, Mark]) -> None:
        """Take note of how far the version that answers is now."""
        now, live = self._clock.monotonic(), sum(m.feed_position for m in marks.values())
        seconds = now - self._looked_at
        if self._live is not None and seconds > 0:
            self.is_busy = (live - self._live) / seconds > BUSY_EVENTS_PER_SECOND
        self._looked_at, self._live = now, live

    async def after(self, events: int, seconds: float) -> None:
        """Take note of a page that took so long; leave the machine to others if they need it."""
        self._done += events
        if self.is_busy:
            await asyncio.sleep(seconds * (1 / SHARE_BESIDE_LIVE - 1))
