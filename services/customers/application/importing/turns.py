"""An import takes turns with everybody's changes: it writes when the read model has what it wrote.

Otherwise each of its rows would be in front of a change that somebody waits to see. A read model
that stands holds up no import: nobody sees their changes then, however long an import waits.
"""

import asyncio
from time import perf_counter

from shared.eventstore.tokens import TokenPart
from shared.projecting.marks import Mark
from shared.projecting.watching import MarkWatcher

STANDS_AFTER_SECONDS = 5.0
"""A read model whose marks have not moved for so long is not waited for until they move."""


class Turns:
    """The turns of one worker; its watcher has to run."""

    def __init__(self, watcher: MarkWatcher) -> None:
        """Wait for what this watcher sees."""
        self._watcher = watcher
        self._stood_at: dict[int, Mark] | None = None

    async def wait_for(self, written: TokenPart, stop: asyncio.Event) -> float:
        """Return once the read model has that place, or stands, and how many seconds it took.

        A `stop` that is set ends the waiting soon.

        Raises:
            TokenOfEarlierEpochError: the store was restored meanwhile.
        """
        began = perf_counter()
        while not (stop.is_set() or self._watcher.has_seen([written])):
            marks = self._watcher.marks
            if marks == self._stood_at:
                break
            if await self._watcher.wait_for_move(marks, STANDS_AFTER_SECONDS) == marks:
                self._stood_at = marks
        return perf_counter() - began
