"""Lives of the service begin and end here: each is a process, and its last words are heard."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli.local.paths import PROJECT
from shared.testing.waiting import until
from tests.ground.children import dies_with_us

BORN_WITHIN_SECONDS = 60.0
KILLED = -signal.SIGKILL


@dataclass(slots=True)
class Life:
    """One process of the service."""

    pid: int
    place: str | None = None
    is_stopped: bool = False
    code: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, what: signal.Signals) -> None:
        """Send it a signal, unless it ended."""
        if self.code is None:
            os.kill(self.pid, what)

    async def kill(self) -> None:
        """End it at once (kill -9)."""
        self.send(signal.SIGKILL)
        await self.end()

    async def end(self, within: float = 60.0) -> int:
        """Wait until it ended by itself and return its exit code (negative: the signal)."""
        try:
            await asyncio.wait_for(self.ended.wait(), within)
        except TimeoutError as error:
            raise AssertionError(f"a life did not end within {within:g} s") from error
        assert self.code is not None
        return self.code


class Nursery:
    """Begins lives; they all end with it."""

    def __init__(self, process: asyncio.subprocess.Process, said: Path) -> None:
        self._process = process
        self._said = said
        self._lives: dict[int, Life] = {}
        self._born: asyncio.Queue[Life] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen())

    async def begin(
        self,
        role: str,
        at: int = 0,
        what: signal.Signals = signal.SIGKILL,
        text: str = "",
        ends_after: str = "",
    ) -> Life:
        """Begin a life, as `victim.begin` says."""
        assert self._process.stdin is not None
        request = {
            "role": role, "at": at, "what": what.name, "text": text, "ends_after": ends_after
        }  # fmt: skip
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        return await asyncio.wait_for(self._born.get(), BORN_WITHIN_SECONDS)

    def output(self) -> str:
        """Return what all lives logged until now."""
        return self._said.read_text(errors="replace")

    async def close(self) -> None:
        """End everything."""
        self._process.kill()
        await self._process.wait()
        await self._listening

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            pid, what, *words = line.decode().split(maxsplit=2)
            self._hear(int(pid), what, "".join(words).strip())

    def _hear(self, pid: int, what: str, words: str) -> None:
        if what == "born":
            self._lives[pid] = Life(pid)
            self._born.put_nowait(self._lives[pid])
            return
        life = self._lives[pid]
        if what == "at":
            life.place = words
        elif what == "stopped":
            life.is_stopped = True
        else:
            life.code = int(words)
            life.ended.set()


@asynccontextmanager
async def a_nursery(env: Mapping[str, str]) -> AsyncIterator[Nursery]:
    """Have a nursery for as long as the body of the `with`."""
    with tempfile.TemporaryDirectory(prefix="daybook-said-") as folder:
        said = Path(folder) / "output"
        with said.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.faults.victim",
                env=dict(env), cwd=PROJECT, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=file, start_new_session=True,
                preexec_fn=dies_with_us(signal.SIGKILL),
            )  # fmt: skip
        nursery = Nursery(process, said)
        try:
            yield nursery
        finally:
            await nursery.close()
            print(nursery.output())  # noqa: T201 - pytest shows it when the test fails


async def stopped(life: Life) -> None:
    """Wait until a life stopped itself (SIGSTOP)."""
    await until(lambda: life.is_stopped, what="that the process stops")
