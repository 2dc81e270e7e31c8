"""What was started keeps running until it is stopped, in the order in which it may be stopped."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Literal, Protocol

from cli.local.logfile import LogFile
from cli.local.process import Child, how_it_ended
from cli.local.restart import RestartPolicy
from cli.local.waiting import until
from shared.clock import Clock
from shared.errors import UnavailableError

FIRST_READY_SECONDS = 60.0
ONCE_SECONDS = 300.0

State = Literal["starting", "running", "restarting", "stopped"]


class Tier(Enum):
    """What leans on what: services on broker and PostgreSQL, the broker's refill on PostgreSQL.

    The value is the seconds a tier gets to end by itself; together less than five.
    """

    SERVICES = 2.2
    BROKER = 0.5
    POSTGRES = 2.0


@dataclass(frozen=True, slots=True)
class Program:
    """One thing to keep running, and how to see that it does its work."""

    name: str
    tier: Tier
    command: tuple[str, ...]
    environment: Mapping[str, str]
    is_ready: Callable[[], Awaitable[bool]]
    stop_signal: signal.Signals = signal.SIGTERM


class Watcher(Protocol):
    """Whoever is interested in how the programs are doing."""

    def tell(self, sentence: str) -> None:
        """Something that a person should know happened to a program that was ready before."""

    def on_change(self) -> None:
        """Some program's state, pid or count changed."""


class Kept:
    """One program under supervision: restarted when it ends, told about when it does."""

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
        """End the process within its tier's seconds; it is not started again."""
        self._stopping.set()
        if self._child:
            await self._child.stop(self.program.stop_signal, self.program.tier.value)
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
            raise _not_started(
                self.program.name, f"ended {times} times before it was ready", self.log
            )
        self._watcher.tell(f"{self.program.name} {how_it_ended(code)}; started again in {delay} s")
        await asyncio.sleep(delay)

    def _turn(self, state: State) -> None:
        self.state = state
        self._watcher.on_change()


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
        log = LogFile(self._logs / f"{name}.log")
        child = await Child.start(command, environment, log)
        try:
            code = await asyncio.wait_for(child.wait(), ONCE_SECONDS)
        except TimeoutError as error:
            raise _not_started(name, f"did not end within {ONCE_SECONDS:.0f} s", log) from error
        finally:
            await child.stop(signal.SIGTERM, 1)
            log.close()
        if code != 0:
            raise _not_started(name, how_it_ended(code), log)

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
        raise _not_started(kept.program.name, waited, kept.log)


async def _spawn(program: Program, log: LogFile) -> Child:
    try:
        return await Child.start(
            program.command, program.environment, log, dies_by=program.stop_signal
        )
    except OSError as error:
        raise UnavailableError(
            f"{program.name} cannot be started: {error}.", fix="rm -r .venv && make up"
        ) from error


def _not_started(name: str, what: str, log: LogFile) -> UnavailableError:
    return UnavailableError(
        f"{name} {what}. Its last words: {log.last_line}",
        fix=f"read why, mend it, start again: tail {log.path}",
    )
