"""Whoever kills the supervisor kills everything that it started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from cli.local.paths import PROJECT

DEADLINE_SECONDS = 60
# A supervisor that only starts a child, tells its pid and waits.
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from cli.local.logfile import LogFile
from cli.local.process import Child

async def main():
    child = await Child.start(["/bin/sleep", "600"], {}, LogFile(Path(sys.argv[1])))
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""


def test_a_child_dies_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SUPERVISOR, str(tmp_path / "child.log")],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    ) as supervisor:
        assert supervisor.stdout is not None
        child = psutil.Process(int(supervisor.stdout.readline()))
        supervisor.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its supervisor"


def test_ctrl_c_at_the_terminal_reaches_only_the_supervisor(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SUPERVISOR, str(tmp_path / "child.log")],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    ) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        assert os.getsid(child) == child != os.getsid(supervisor.pid)
        supervisor.kill()
