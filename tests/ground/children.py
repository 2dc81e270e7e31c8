"""A test run that is killed leaves no program behind."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence

from cli.local.environment import bare

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def dies_with_us(by: signal.Signals) -> Callable[[], None]:
    """Return what a child runs before its program; fork from the main thread only."""
    parent = os.getpid()

    def in_the_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(by))
        if os.getppid() != parent:
            os._exit(1)

    return in_the_child


def spawn(command: Sequence[str], dies_by: signal.Signals) -> subprocess.Popen[bytes]:
    """Start a server of the run, silent, with a clean environment."""
    return subprocess.Popen(  # noqa: S603 - the command is our own
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=bare(),
        start_new_session=True,
        preexec_fn=dies_with_us(dies_by),  # noqa: PLW1509 - forked from the main thread
    )
