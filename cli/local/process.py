"""A child of ours never outlives us: it dies with its parent, and its words go into its log."""

import asyncio
import contextlib
import ctypes
import os
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence

from cli.local.logfile import LogFile
from cli.local.paths import PROJECT

PR_SET_PDEATHSIG = 1
PIECE_BYTES = 65_536
_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """One running operating-system process, from its start to its end."""

    def __init__(self, process: Process, log: LogFile) -> None:
        self._process = process
        self._pump = asyncio.create_task(_pump(process, log))

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: LogFile,
        *,
        dies_by: signal.Signals = signal.SIGTERM,
    ) -> "Child":
        """Start it in a session of its own, so that Ctrl-C reaches only us.

        Call from the main thread: the kernel ties the death signal to the thread that forked.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=dict(environment),
            cwd=PROJECT,
            start_new_session=True,
            preexec_fn=_dies_with(os.getpid(), dies_by),
        )
        return cls(process, log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Return the exit code (negative: the signal) once it ended and its log is complete."""
        code = await self._process.wait()
        try:
            # A grandchild may hold the pipe open; its words are not worth waiting for.
            await asyncio.wait([self._pump], timeout=1)
        finally:
            self._pump.cancel()
        return code

    async def stop(self, stop_signal: signal.Signals, budget_seconds: float) -> None:
        """Ask it to end; after the budget, end it."""
        self._send(stop_signal)
        try:
            await asyncio.wait_for(self._process.wait(), budget_seconds)
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self._process.wait()

    def _send(self, what: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it ended in this very moment
            self._process.send_signal(what)


def how_it_ended(code: int) -> str:
    """Say an exit code in words."""
    if code >= 0:
        return f"ended with code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def _dies_with(parent: int, dies_by: signal.Signals) -> Callable[[], None]:
    def in_the_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(dies_by))
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return in_the_child


async def _pump(process: Process, log: LogFile) -> None:
    if process.stdout is None:
        raise RuntimeError("the child was started without a pipe")
    while piece := await process.stdout.read(PIECE_BYTES):
        log.write(piece)
