"""What a test set running ends with it, and a part that died is never overlooked."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from shared.authorization.tail import ReplicaTail
from shared.messaging.relay import Relay
from shared.projecting.projector import Projector
from shared.projecting.runner import ProjectionRunner

END_WITHIN_SECONDS = 30.0


class Runs(Protocol):
    """A part that goes on until it is told to stop."""

    def run(self, stop: asyncio.Event) -> Awaitable[None]:
        """Go on until `stop` is set."""
        ...


class Tasks:
    """The parts that a test has running."""

    def __init__(self) -> None:
        self._running: list[tuple[Runs, asyncio.Task[None]]] = []

    def start(self, part: Runs, stop: asyncio.Event) -> asyncio.Task[None]:
        """Let a part run."""

        async def run() -> None:
            await part.run(stop)

        task = asyncio.create_task(run(), name=type(part).__name__)
        self._running.append((part, task))
        return task

    async def end(self) -> None:
        """Return when all have ended, after `stop` was set; raise what one of them died of.

        Raises:
            AssertionError: one did not end.
        """
        ending, self._running = self._running, []
        for part, task in ending:
            if _may_be_cut_off(part):
                task.cancel()
        if not ending:
            return
        done, late = await asyncio.wait([t for _, t in ending], timeout=END_WITHIN_SECONDS)
        assert not late, f"{[task.get_name() for task in late]} did not stop"
        for task in done:
            if not task.cancelled():
                task.result()


def _may_be_cut_off(part: Runs) -> bool:
    """Whether nobody need wait until it looks at `stop`, as most parts do only now and then.

    A relay gives up its leases; a runner or a replica that is still making connections would leave
    one open.
    """
    if isinstance(part, ProjectionRunner):
        return part.status.is_following
    return not isinstance(part, Relay | Projector | ReplicaTail)
