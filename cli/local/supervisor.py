"""What was started keeps running until it is stopped, in the order in which it may be stopped."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from cli.local.kept import Kept, Watcher, not_started
from cli.local.logfile import LogFile
from cli.local.process import Child, how_it_ended
from cli.local.program import Program, Tier
from shared.clock import Clock

# PostgreSQL may have to recover from a power cut.
FIRST_READY_SECONDS = 120.0
ONCE_SECONDS = 300.0


class Supervisor:
    """Starts programs, keeps them running, stops them tier by tier."""

    def __init__(self, logs: Path, watcher: Watcher, clock: Clock) -> None:
        self.kept: list[Kept] = []
        self._logs = logs
        self._watcher = watcher
        self._clock = clock

    async def start(self, *programs: Program) -> None:
        """Start programs side by side; return when each has shown that it is ready.

        Raises:
            UnavailableError: one of them could not be brought to be ready.
        """
        added = [Kept(program, self._logs, self._watcher, self._clock) for program in programs]
        self.kept += added
        for one in added:
            await _first_ready(one)

    async def run_once(
        self, name: str, command: tuple[str, ...], environment: Mapping[str, str]
    ) -> None:
        """Run a program to its end.

        Raises:
            UnavailableError: it ended with an error, or not in time.
        """
        with closing(LogFile(self._logs / f"{name}.log")) as log:
            child = await Child.start(command, environment, log)
            try:
                code = await asyncio.wait_for(child.wait(), ONCE_SECONDS)
            except TimeoutError as error:
                raise not_started(name, f"did not end within {ONCE_SECONDS:.0f} s", log) from error
            finally:
                await child.stop(signal.SIGTERM, 1)
            if code != 0:
                raise not_started(name, how_it_ended(code), log)

    async def watch(self) -> None:
        """Wait for ever; raise what made it impossible to keep a program running."""
        done, _ = await asyncio.wait(
            [one.keeper for one in self.kept], return_when=asyncio.FIRST_EXCEPTION
        )
        for task in done:
            task.result()

    async def stop(self, tier: Tier) -> None:
        """Stop one tier, all of it at once."""
        await asyncio.gather(*(one.stop() for one in self.kept if one.program.tier is tier))


async def _first_ready(kept: Kept) -> None:
    ready = asyncio.create_task(kept.ready.wait())
    try:
        await asyncio.wait(
            [ready, kept.keeper],
            timeout=FIRST_READY_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        ready.cancel()
    if kept.keeper.done():
        kept.keeper.result()
    if not kept.ready.is_set():
        waited = f"was not ready after {FIRST_READY_SECONDS:.0f} s"
        raise not_started(kept.program.name, waited, kept.log)
