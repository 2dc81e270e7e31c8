"""What a test set running ends with it, and a part that died is never overlooked."""

import asyncio
from collections.abc import Awaitable, Collection
from typing import Protocol

END_WITHIN_SECONDS = 10.0


class Runs(Protocol):
    """A part that goes on until it is told to stop."""

    def run(self, stop: asyncio.Event) -> Awaitable[None]:
        """Go on until `stop` is set."""
        ...


def start(part: Runs, stop: asyncio.Event) -> asyncio.Task[None]:
    """Let a part run in a task that bears its name."""

    async def run() -> None:
        await part.run(stop)

    return asyncio.create_task(run(), name=type(part).__name__)


async def ended(tasks: Collection[asyncio.Task[None]]) -> None:
    """Return when all have ended; raise what one of them died of.

    Raises:
        AssertionError: one did not end.
    """
    if not tasks:
        return
    done, late = await asyncio.wait(tasks, timeout=END_WITHIN_SECONDS)
    assert not late, f"{[task.get_name() for task in late]} did not stop"
    for task in done:
        if not task.cancelled():
            task.result()
