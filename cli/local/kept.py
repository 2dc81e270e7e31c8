"""One program is kept running: it is restarted when it ends, and told about when it does."""

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from cli.local.logfile import LogFile
from cli.local.process import Child, how_it_ended
from cli.local.program import Program
from cli.local.restart import RestartPolicy
from cli.local.waiting import until
from shared.clock import Clock
from shared.errors import UnavailableError

State = Literal["starting", "running", "restarting", "stopped"]


class Watcher(Protocol):
    """Whoever is interested in how the programs are doing."""

    def tell(self, sentence: str) -> None:
        """Something that a person should know happened to a program that was ready before."""

    def on_change(self) -> None:
        """Some program's state, pid or count changed."""


class Kept:
    """A program, its process of the moment, and the task that keeps it running."""

    def __init__(self, program: Program, logs: Path, watcher: Watcher, clock: Clock) -> None:
        self.program = program
        self.state: State = "starting"
        self.since: datetime = clock.now()
        self.policy = RestartPolicy()
        self.ready = asyncio.Event()
        self.log = LogFile(logs / f"{program.name}.log")
        self._watcher = watcher
        self._clock = clock
        self._child: Child | None = None
        self._stopping = asyncio.Event()
        self.keeper = asyncio.create_task(self._keep(), name=program.name)

    @property
    def pid(self) -> int | None:
        """The process id, while there is a process."""
        return self._child.pid if self._child else None

    async def stop(self) -> None:
        """End the process within the seconds it gets; it is not started again."""
        self._stopping.set()
        if self._child:
            # The keeper sees it end, writes down its last words, and returns.
            await self._child.stop(self.program.stop_signal, self.program.stop_seconds)
        else:
            self.keeper.cancel()
        await asyncio.gather(self.keeper, return_exceptions=True)  # `watch` tells its failure
        self.log.close()
        self._turn("stopped")

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            started = self._clock.monotonic()
            code = await self._run()
            if not self._stopping.is_set():
                await self._pause_before_restart(code, self._clock.monotonic() - started)

    async def _run(self) -> int:
        """Start it, see it become ready, wait for its end."""
        child = self._child = await _spawn(self.program, self.log)
        self.since = self._clock.now()
        self._turn("starting")
        looker = asyncio.create_task(self._look_until_ready())
        try:
            return await child.wait()
        finally:
            self._child = None
            looker.cancel()
            with suppress(asyncio.CancelledError):
                await looker

    async def _look_until_ready(self) -> None:
        await until(self.program.is_ready)
        self.policy.on_ready()
        self._turn("running")
        if self.ready.is_set():
            self._watcher.tell(f"{self.program.name} answers again")
        self.ready.set()

    async def _pause_before_restart(self, code: int, ran_seconds: float) -> None:
        delay = self.policy.on_exit(ran_seconds)
        self._turn("restarting")
        if delay is None:
            times = self.policy.exits_before_ready
            raise not_started(
                self.program.name, f"ended {times} times before it was ready", self.log
            )
        self._watcher.tell(f"{self.program.name} {how_it_ended(code)}; started again in {delay} s")
        await asyncio.sleep(delay)

    def _turn(self, state: State) -> None:
        self.state = state
        self._watcher.on_change()


def not_started(name: str, what: str, log: LogFile) -> UnavailableError:
    """Return the error of a program that does not come up, with the last thing it said."""
    return UnavailableError(
        f"{name} {what}. Its last words: {log.last_line}",
        fix=f"read why, mend it, start again: tail {log.path}",
    )


async def _spawn(program: Program, log: LogFile) -> Child:
    try:
        return await Child.start(
            program.command, program.environment, log, dies_by=program.stop_signal
        )
    except OSError as error:
        raise UnavailableError(
            f"{program.name} cannot be started: {error}.", fix="rm -r .venv && make up"
        ) from error
