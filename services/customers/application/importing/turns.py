"""An import takes turns with everybody's changes: it writes when the read model has what it wrote.

Otherwise each of its rows would be in front of a change that somebody waits to see. A read model
that stands holds up no import: nobody sees their changes then, however long an import waits.
"""

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

    async def has_come(self, written: TokenPart) -> bool:
        """Return True if the read model has that place of the log, or stands; False once it moved.

        Raises:
            TokenOfEarlierEpochError: the store was restored meanwhile.
        """
        marks = self._watcher.marks
        if marks == self._stood_at or self._watcher.has_seen([written]):
            return True
        if await self._watcher.wait_for_move(marks, STANDS_AFTER_SECONDS) == marks:
            self._stood_at = marks
        return marks == self._stood_at
