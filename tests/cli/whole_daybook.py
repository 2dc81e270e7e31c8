"""A real `daybook up` in a folder of its own with ports of its own, watched from the outside."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import IO

import psutil

from cli.local.paths import PROJECT, Place
from cli.local.ports import Ports, is_free

# A start takes ten seconds, and many times that where all tests run at the same time on two cores.
READY_SECONDS = 200
LOOK_SECONDS = 0.05
FIRST_BASE, LAST_BASE, STEP = 20_000, 30_000, 100


class WholeDaybook:
    """The folder, the ports, and the supervisor of the moment."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="daybook-test-"))
        base, self._claim = claimed_base()
        self.place = Place(var=self.folder / "var", port_base=base, uid=os.geteuid())
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "DAYBOOK_VAR": str(self.place.var),
            "DAYBOOK_PORT_BASE": str(self.place.port_base),
            "DAYBOOK_SERVICE_CANARY_SECONDS": "1",
        }
        self._supervisor: subprocess.Popen[bytes] | None = None

    def up(self, *options: str) -> None:
        """Start `daybook up` in the background of this test; it dies with pytest."""
        dies_too = ("setpriv", "--pdeathsig=TERM", "--")
        command = (*dies_too, sys.executable, "-P", "-m", "cli", "up", *options)
        with self._screen.open("wb") as screen:
            self._supervisor = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=PROJECT,
            )

    def up_until_ready(self, *options: str) -> None:
        """Start it and wait for the table."""
        self.up(*options)
        self.wait_for("Ctrl-C or `daybook down`")

    def run(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run another `daybook` command to its end."""
        return subprocess.run(  # noqa: S603
            (sys.executable, "-P", "-m", "cli", *arguments),
            capture_output=True,
            text=True,
            check=False,
            env=self.environment | changed,
            cwd=PROJECT,
            timeout=READY_SECONDS,
        )

    @property
    def shown(self) -> str:
        """All that stands on the screen so far."""
        return self._screen.read_text()

    def wait_for(self, text: str) -> None:
        """Wait until a text stands on the screen."""
        wait_until(lambda: text in self.shown, f"'{text}' was never shown", self)

    def pids(self) -> dict[str, int]:
        """The process ids by name, as the board has them."""
        board = json.loads(self.place.board.read_text())
        return {one["name"]: one["pid"] for one in board["processes"] if one["pid"]}

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor alone, as Ctrl-C at a terminal does."""
        assert self._supervisor is not None
        self._supervisor.send_signal(number)

    def wait_for_exit(self) -> int:
        """Wait for the supervisor's end; return its exit code."""
        assert self._supervisor is not None
        return self._supervisor.wait(READY_SECONDS)

    def remove(self) -> None:
        """Stop whatever runs and leave nothing behind."""
        if self._supervisor is not None and self._supervisor.poll() is None:
            self._supervisor.terminate()
            self._supervisor.wait(READY_SECONDS)
        self.run("down")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._claim.close()

    @property
    def _screen(self) -> Path:
        return self.folder / "screen"


def claimed_base() -> tuple[int, IO[bytes]]:
    """The first base whose ports are free, and what claims it among all tests of this machine.

    The ports of a Daybook that is down, or not up yet, are free for everybody; so whoever has
    the base holds a lock, until it closes the file.
    """
    bases = range(FIRST_BASE, LAST_BASE, STEP)
    start = os.getpid() % len(bases)
    for base in chain(bases[start:], bases[:start]):
        claim = (Path(tempfile.gettempdir()) / f"daybook-test-ports-{base}").open("ab")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            continue
        if all(map(is_free, Ports(base).all)):
            return base, claim
        claim.close()
    raise AssertionError("no free ports for a whole Daybook")


def are_gone(pids: dict[str, int]) -> bool:
    """Whether none of these processes runs; an ended one that nobody reaped does not."""
    return not any(_runs(pid) for pid in pids.values())


def wait_until(is_so: Callable[[], bool], complaint: str, daybook: WholeDaybook) -> None:
    """Wait for something to become true; on time-out show what stood on the screen."""
    deadline = time.monotonic() + READY_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"{complaint}:\n{daybook.shown}"
        time.sleep(LOOK_SECONDS)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
