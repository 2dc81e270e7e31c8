"""A process may write as much as it likes: its log keeps the newest 15 MB in three files."""

from pathlib import Path

from cli.local.logline import readable

MOST_BYTES = 5_000_000
KEPT_FILES = 3
LAST_LINE_BYTES = 20_000


class LogFile:
    """Appends what a process says; when full, NAME.log becomes NAME.log.1 and so on.

    On a full disk words are dropped, and the next that fit say how many: a process must not stand
    still because nobody takes its words.
    """

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes
        self._file = path.open("ab", buffering=0)
        self._tail = b""
        self._dropped_bytes = 0

    def write(self, piece: bytes) -> None:
        """Append, turning the file over first if it is full."""
        self._tail = (self._tail + piece)[-LAST_LINE_BYTES:]
        try:
            if self._file.tell() >= self._most_bytes:
                self._turn_over()
            if self._dropped_bytes:
                self._file.write(b"(%d bytes were dropped here)\n" % self._dropped_bytes)
                self._dropped_bytes = 0
            self._file.write(piece)
        except OSError:
            self._dropped_bytes += len(piece)

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._file.close()

    @property
    def last_line(self) -> str:
        """The last line that this process wrote, for the sentence that tells why it ended."""
        lines = self._tail.decode(errors="replace").strip().splitlines()
        return readable(lines[-1].strip()) if lines else "(it wrote nothing)"

    def _turn_over(self) -> None:
        self._file.close()
        for n in range(KEPT_FILES - 1, 0, -1):
            older = self.path.with_suffix(f".log.{n}")
            newer = self.path.with_suffix(f".log.{n - 1}") if n > 1 else self.path
            if newer.exists():
                newer.replace(older)
        self._file = self.path.open("ab", buffering=0)
