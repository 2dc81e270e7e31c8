"""The erasure ledger is a file to which lines are added, and a line that was changed shows.

One JSON object a line. The first names the ledger; each other one is one erasure: its number, the
subject's id, the reference of the key, the id of the event that opened the erasure, and when. Its
`sha256` is over the digest of the line before (as 32 bytes) and its own text up to there. A line
without its line feed was never finished, so nobody has relied on it: the next writer takes it away.
Nothing in it tells who somebody was.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import orjson

from shared.errors import DaybookError, UnavailableError

NAME = "erasures.jsonl"
PRIVATE = 0o600
_DIGEST = b',"sha256":"'
_SEED = sha256(b"daybook-erasures").digest()


class LedgerDamagedError(DaybookError):
    """The ledger holds something that Daybook did not write there; nothing may be opened."""

    code = "erasure-ledger-damaged"
    title = "The erasure ledger was changed or is damaged"


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One erasure, as the ledger has it; `text` is the line itself."""

    number: int
    subject: str
    kid: str
    event_id: UUID
    at: datetime
    text: str


class LedgerFile:
    """The file in its folder; every method blocks, and several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.id: UUID | None = None
        self.lines: dict[str, LedgerLine] = {}
        """What was read until now, by the reference of the key."""
        self._end = 0
        self._digest = _SEED

    def exists(self) -> bool:
        """Say whether there is a ledger.

        Raises:
            UnavailableError: the folder cannot be looked into.
        """
        with _told(self.path):
            return self.path.exists()

    def make(self, made_at: datetime) -> None:
        """Begin a ledger unless there is one; it is durable when this returns."""
        with _told(self.path):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.exists():
                return
            draft = self.path.with_suffix(f".{uuid4().hex}")
            head = _sealed({"ledger": str(uuid4()), "format": 1, "made_at": made_at}, _SEED)
            with draft.open("xb") as file:
                os.fchmod(file.fileno(), PRIVATE)
                file.write(head)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, self.path)  # never over one that another process has just begun
            except FileExistsError:
                return
            finally:
                draft.unlink()
                _sync_folder(self.path.parent)

    def read(self) -> None:
        """Read what was added since the last time.

        Raises:
            UnavailableError: it cannot be read.
            LedgerDamagedError: a line is not what was written.
        """
        with _told(self.path), self.path.open("rb") as file:
            self._read_on(file.fileno())

    def refuse_unwritable(self) -> None:
        """Raise UnavailableError unless a line could be added now."""
        with _told(self.path), self.path.open("r+b"):
            return

    def add(self, subject: str, kid: str, event_id: UUID, at: datetime) -> LedgerLine:
        """Return the line of this key, which is durable; add it unless it is there.

        Raises:
            UnavailableError: it cannot be written.
            LedgerDamagedError: a line is not what was written.
        """
        with _told(self.path), self.path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed
            self._read_on(file.fileno())
            if kid not in self.lines:
                self._write(file.fileno(), subject, kid, event_id, at)
            # Also when it was there: whoever wrote it may have died before it was durable.
            os.fsync(file.fileno())
            return self.lines[kid]

    def _write(self, file: int, subject: str, kid: str, event_id: UUID, at: datetime) -> None:
        os.ftruncate(file, self._end)
        members = {
            "n": len(self.lines) + 1,
            "subject": subject,
            "kid": kid,
            "event_id": str(event_id),
            "at": at,
        }
        line = _sealed(members, self._digest)
        if os.pwrite(file, line, self._end) != len(line):
            raise OSError(0, "the line was written only in part")
        self._read_on(file)

    def _read_on(self, file: int) -> None:
        if os.fstat(file).st_size < self._end:
            raise _damaged(self.path, "it is shorter than it was")
        content = os.pread(file, os.fstat(file).st_size - self._end, self._end)
        *whole, _unfinished = content.split(b"\n")
        for line in whole:
            self._take(line)
            self._end += len(line) + 1
        if self.id is None:
            raise _damaged(self.path, "its first line is missing")

    def _take(self, line: bytes) -> None:
        number = len(self.lines) + 1
        body, mark, told = line.rpartition(_DIGEST)
        digest = sha256(self._digest + body).digest()
        if not mark or told != f'{digest.hex()}"}}'.encode():
            raise _damaged(self.path, f"line {number if self.id is None else number + 1}")
        members = orjson.loads(line)
        if self.id is None:
            self.id = UUID(members["ledger"])
        else:
            its = LedgerLine(
                members["n"],
                members["subject"],
                members["kid"],
                UUID(members["event_id"]),
                datetime.fromisoformat(members["at"]),
                line.decode(),
            )
            self.lines[its.kid] = its
        self._digest = digest


def _sealed(members: dict[str, object], before: bytes) -> bytes:
    body = orjson.dumps(members)[:-1]
    return body + _DIGEST + sha256(before + body).hexdigest().encode() + b'"}\n'


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"the erasure ledger cannot be read or written ({error.strerror or error})",
            code="erasure-ledger-unavailable",
            fix=f"see that {path} is there, writable, and its volume not full",
            who_can_help="an operator",
            retry_after_seconds=30,
        ) from error


def _damaged(path: Path, where: str) -> LedgerDamagedError:
    return LedgerDamagedError(
        f"the erasure ledger {path} is not as it was written: {where}",
        fix="put back the newest copy of the ledger; what it lacks is added by"
        " `python -m services.customers ledger`",
        who_can_help="an operator",
    )
