"""A disk is really full in here: a small volume in memory, filled up with a file of its own."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEGABYTE = 1_000_000
BALLAST = "ballast"


class SmallDisk:
    """A mounted volume."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def free_bytes(self) -> int:
        """How much room it has."""
        return shutil.disk_usage(self.folder).free

    def fill(self) -> None:
        """Take all the room that is left."""
        piece = bytes(MEGABYTE)
        with (self.folder / BALLAST).open("ab", buffering=0) as ballast:
            while self._took(ballast.fileno(), piece):
                pass

    def make_room(self) -> None:
        """Give back what `fill` took."""
        (self.folder / BALLAST).unlink()

    def _took(self, file: int, piece: bytes) -> bool:
        try:
            os.write(file, piece)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        return True


@contextmanager
def a_small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Have a volume of that size for as long as the body of the `with`; needs root."""
    folder = Path(tempfile.mkdtemp(prefix="daybook-disk-", dir="/tmp"))
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder))
        try:
            yield SmallDisk(folder)
        finally:
            _run("umount", str(folder))
    finally:
        folder.rmdir()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        pytest.fail(
            f"`{' '.join(command)}` failed: {done.stderr.strip()}. A disk that is really full needs"
            " a small volume: run `make soak` as root, where mounting a tmpfs is allowed."
        )
