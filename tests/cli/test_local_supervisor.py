"""What is supervised comes back when it dies, is given up when it cannot start, stops in order."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from cli.local.process import how_it_ended
from cli.local.program import Program, Tier
from cli.local.supervisor import Supervisor
from cli.local.waiting import until
from shared.clock import SystemClock
from shared.errors import UnavailableError

DEADLINE_SECONDS = 55


@dataclass
class Heard:
    """A watcher that remembers what it was told."""

    sentences: list[str] = field(default_factory=list)
    changes: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def on_change(self) -> None:
        self.changes += 1
        self.changed.set()

    async def wait_for(self, sentence: str) -> None:
        """Wait until somebody said this."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while sentence not in self.sentences:
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def heard() -> Heard:
    return Heard()


@pytest.fixture
async def supervisor(tmp_path: Path, heard: Heard) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path, heard, SystemClock())
    yield supervisor
    for tier in Tier:
        await supervisor.stop(tier)


def words(path: Path) -> str:
    """What stands in a file, if it is there."""
    return path.read_text() if path.exists() else ""


async def has_written(path: Path) -> bool:
    """Whether a whole line stands in a file."""
    return words(path).endswith("\n")


def shell(
    name: str, script: str, *, ready: Path | None = None, tier: Tier = Tier.SERVICES
) -> Program:
    """A program in shell that is ready when a file says so, or at once."""

    async def is_ready() -> bool:
        return ready is None or words(ready) == "ready\n"

    return Program(name, tier, ("/bin/sh", "-c", script), {"PATH": os.environ["PATH"]}, is_ready)


async def test_what_a_program_says_is_in_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    script = f"echo out; echo err >&2; echo ready > {tmp_path}/said; exec sleep 60"
    await supervisor.start(shell("talker", script, ready=tmp_path / "said"))
    await supervisor.stop(Tier.SERVICES)
    assert words(tmp_path / "talker.log") == "out\nerr\n"


async def test_a_killed_program_is_started_again_and_said_so(
    supervisor: Supervisor, heard: Heard
) -> None:
    await supervisor.start(shell("sleeper", "exec sleep 60"))
    first = supervisor.kept[0].pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await heard.wait_for("sleeper answers again")
    assert heard.sentences[0] == "sleeper was ended by SIGKILL; started again in 0.2 s"
    assert supervisor.kept[0].pid not in {None, first}
    assert supervisor.kept[0].policy.restarts == 1


async def test_a_program_that_cannot_start_is_given_up_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    program = shell("broken", "echo no such option; exit 3", ready=tmp_path / "never")
    with pytest.raises(UnavailableError) as given_up:
        await supervisor.start(program)
    detail = "broken ended 3 times before it was ready. Its last words: no such option"
    assert given_up.value.detail == detail
    assert str(tmp_path / "broken.log") in (given_up.value.fix or "")


async def test_a_program_that_is_not_there_is_one_sentence(supervisor: Supervisor) -> None:
    async def is_ready() -> bool:
        return True

    gone = Program("gone", Tier.BROKER, ("/no/such/program",), {}, is_ready)
    with pytest.raises(UnavailableError, match="gone cannot be started"):
        await supervisor.start(gone)


async def test_only_the_tier_that_is_told_stops(supervisor: Supervisor) -> None:
    service = shell("service", "exec sleep 60")
    store = shell("store", "exec sleep 60", tier=Tier.POSTGRES)
    await supervisor.start(service, store)
    await supervisor.stop(Tier.SERVICES)
    assert [one.state for one in supervisor.kept] == ["stopped", "running"]
    assert supervisor.kept[0].pid is None
    assert supervisor.kept[1].pid is not None


async def test_a_program_that_does_not_want_to_stop_is_ended_when_its_budget_is_over(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    script = f"trap '' TERM; echo ready > {tmp_path}/deaf; while :; do sleep 0.05; done"
    await supervisor.start(shell("deaf", script, ready=tmp_path / "deaf", tier=Tier.BROKER))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await supervisor.stop(Tier.BROKER)
    assert supervisor.kept[0].state == "stopped"


def test_all_tiers_together_stop_within_five_seconds() -> None:
    assert sum(tier.value for tier in Tier) < 5


async def test_a_step_that_fails_tells_its_last_words(supervisor: Supervisor) -> None:
    command = ("/bin/sh", "-c", "echo the table exists already; exit 1")
    with pytest.raises(UnavailableError) as failed:
        await supervisor.run_once("migrate", command, {})
    assert failed.value.detail.startswith("migrate ended with code 1. Its last words: the table")


async def test_a_step_that_is_called_off_leaves_no_process(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    command = ("/bin/sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    step = asyncio.create_task(
        supervisor.run_once("migrate", command, {"PATH": os.environ["PATH"]})
    )
    async with asyncio.timeout(DEADLINE_SECONDS):
        await until(partial(has_written, tmp_path / "pid"))
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    with pytest.raises(ProcessLookupError):
        os.kill(int(words(tmp_path / "pid")), 0)


async def test_a_supervisor_that_can_no_longer_start_a_program_says_so(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    program = tmp_path / "fragile"
    running = tmp_path / "running"
    program.write_text(f"#!/bin/sh\n: > {running}; exec sleep 60\n")
    program.chmod(0o700)

    async def is_ready() -> bool:
        return running.exists()  # By then the shell has read the file that goes away below.

    fragile = Program(
        "fragile", Tier.SERVICES, (str(program),), {"PATH": os.environ["PATH"]}, is_ready
    )
    await supervisor.start(fragile)
    program.unlink()
    pid = supervisor.kept[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(DEADLINE_SECONDS):
        with pytest.raises(UnavailableError, match="fragile cannot be started"):
            await supervisor.watch()


@pytest.mark.parametrize(
    ("code", "said"),
    [(0, "ended with code 0"), (3, "ended with code 3"), (-9, "was ended by SIGKILL")],
)
def test_an_exit_is_said_in_words(code: int, said: str) -> None:
    assert how_it_ended(code) == said
