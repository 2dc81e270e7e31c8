"""Marks, parked events and your tables lie in one SQLite file, and change together."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from event import Event

SCHEMA = """
    create table if not exists daybook_epoch (epoch integer not null);
    insert into daybook_epoch select 0 where not exists (select * from daybook_epoch);
    create table if not exists daybook_marks (
        partition integer primary key, feed_position integer not null, kafka_offset integer
    );
    create table if not exists daybook_parked (
        event_id text primary key, stream text, subject text, type text, version integer,
        partition integer, epoch integer, feed_position integer, time text, value blob, why text
    );
    create table if not exists daybook_receipts (subject text primary key);
    create index if not exists daybook_parked_streams on daybook_parked (stream, feed_position);
"""
CURRENT = "current.db"


@dataclass(frozen=True)
class Mark:
    """How far one partition is applied, and where its last record lay (None: it is not known)."""

    feed_position: int = 0
    offset: int | None = None


class State:
    """One file; every change of it is inside `with state.transaction():`."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = full")
        self.db.executescript(SCHEMA + schema)
        self.epoch = self._read_epoch()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; one writer at a time, `consumer.py retry` included."""
        self.db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self.db.execute("rollback")
            self.epoch = self._read_epoch()
            raise
        self.db.execute("commit")

    def begin_epoch(self, epoch: int) -> None:
        """Say which epoch all of this is of; 0, as at first, is none yet."""
        self.db.execute("update daybook_epoch set epoch = ?", [epoch])
        self.epoch = epoch

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: what fails here is undone, what came before stays."""
        self.db.execute("savepoint one_event")
        try:
            yield
        except BaseException:
            self.db.execute("rollback to one_event")
            raise
        finally:
            self.db.execute("release one_event")

    def marks(self) -> dict[int, Mark]:
        """Return the marks by partition; a partition of which nothing was applied has none."""
        rows = self.db.execute("select partition, feed_position, kafka_offset from daybook_marks")
        return {partition: Mark(*rest) for partition, *rest in rows}

    def move(self, event: Event) -> None:
        """Move the partition's mark to this event."""
        row = [event.partition, event.feed_position, event.offset]
        self.db.execute("insert or replace into daybook_marks values (?, ?, ?)", row)

    def park(self, event: Event, why: str) -> None:
        """Keep an event that could not be applied; its personal fields stay sealed."""
        row = [
            event.id, event.stream, event.subject, event.type, event.version, event.partition,
            event.epoch, event.feed_position, event.time, event.value, why,
        ]  # fmt: skip
        marks = ", ".join("?" * len(row))
        self.db.execute(f"insert or replace into daybook_parked values ({marks})", row)

    def is_parked(self, stream: str) -> bool:
        """Return whether an event of this stream waits."""
        found = self.db.execute("select 1 from daybook_parked where stream = ? limit 1", [stream])
        return found.fetchone() is not None

    def parked(self, stream: str | None = None) -> list[tuple[Event, str]]:
        """Return what waits, of one stream or of all, in order, and why."""
        rows = self.db.execute(
            "select partition, epoch, feed_position, event_id, type, stream, version, subject,"
            " time, value, why from daybook_parked where stream = coalesce(?, stream)"
            " order by partition, feed_position",
            [stream],
        )
        return [(Event("", *row[:-1]), row[-1]) for row in rows.fetchall()]

    def unpark(self, *, event_id: str | None = None, subject: str | None = None) -> None:
        """Let go of one event, or of all of one subject."""
        self.db.execute(
            "delete from daybook_parked where event_id = ? or subject = ?", [event_id, subject]
        )

    def owe_receipt(self, subject: str) -> None:
        """Keep that the erasure of this subject is to be confirmed, until it is."""
        self.db.execute("insert or ignore into daybook_receipts values (?)", [subject])

    def receipts(self) -> list[str]:
        """Return whose erasure is to be confirmed."""
        return [row[0] for row in self.db.execute("select subject from daybook_receipts")]

    def confirmed(self, subject: str) -> None:
        """Forget that the erasure of this subject was to be confirmed."""
        self.db.execute("delete from daybook_receipts where subject = ?", [subject])

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def remove(self) -> None:
        """Close the file and delete it."""
        self.close()
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()

    def _read_epoch(self) -> int:
        return int(self.db.execute("select epoch from daybook_epoch").fetchone()[0])


class Folder:
    """The state files of one consumer; `current.db` is the one that answers."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema
        path.mkdir(parents=True, exist_ok=True)

    def lock(self) -> None:
        """Be the only consumer on this folder until the process ends."""
        self._lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(
                f"Error: another consumer runs on {self.path}. Stop it first."
            ) from None

    def current(self) -> State:
        """Open the state that answers; that of a new consumer is empty."""
        link = self.path / CURRENT
        if not link.exists():
            self._point_to("state-1.db")
        return State(link.resolve(), self._schema)

    def beside(self, state: State, epoch: int) -> State:
        """Open the state that will take this one's place: empty, or as far as it came before."""
        number = int(state.path.stem.removeprefix("state-")) + 1
        path = self.path / f"state-{number}.db"
        beside = State(path, self._schema)
        if beside.epoch not in {0, epoch}:
            beside.remove()
            beside = State(path, self._schema)
        with beside.transaction():
            beside.begin_epoch(epoch)
        return beside

    def swap(self, old: State, new: State) -> None:
        """Let the new state answer from now on, and remove the old one."""
        self._point_to(new.path.name)
        old.remove()

    def _point_to(self, name: str) -> None:
        beside = self.path / f"{CURRENT}.new"
        beside.unlink(missing_ok=True)
        beside.symlink_to(name)
        beside.replace(self.path / CURRENT)
