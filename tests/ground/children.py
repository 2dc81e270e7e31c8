"""A test run that is killed leaves no program behind."""

import ctypes
import os
import signal
from collections.abc import Callable

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
