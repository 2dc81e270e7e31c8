"""One folder is run by one supervisor: the lock dies with its holder and is never stale."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import RuleBrokenError

LOOKS = 4
LOOK_SECONDS = 0.05


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock for the body; raise RuleBrokenError when another process has it."""
    with path.open("a+") as file:
        if not _take_patiently(file.fileno()):
            raise RuleBrokenError(
                f"Daybook already runs here (pid {path.read_text().strip() or 'unknown'}).",
                code="already-running",
                fix="use it as it is, or stop it first: `daybook down`",
                who_can_help="whoever started it",
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder(path: Path) -> int | None:
    """Return the pid that holds the lock, or None when nobody does."""
    try:
        with path.open("r+") as file:
            if _take(file.fileno(), fcntl.LOCK_SH):
                return None
            return int(file.read() or 0) or None
    except FileNotFoundError:
        return None


def _take_patiently(descriptor: int) -> bool:
    """Outwait a `status` that looks whether the lock is held, by sharing it for a moment."""
    for _ in range(LOOKS):
        if _take(descriptor, fcntl.LOCK_EX):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
