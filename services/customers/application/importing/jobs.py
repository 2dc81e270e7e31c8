"""An import and how far it is: rows that a worker may only touch while it owns the import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg

from shared.postgres.lanes import Lanes

LEASE: Final = timedelta(seconds=5)
KEPT: Final = timedelta(days=7)
"""For how long what was refused can be read, and what was said about the file."""
ABANDONED_AFTER: Final = timedelta(hours=1)

OUTCOMES: Final = {name: name for name in ("created", "changed", "unchanged", "refused")}
UNDONE_OUTCOMES: Final = {
    "withdrawn": "created", "restored": "changed", "unchanged": "unchanged", "left": "refused"
}  # fmt: skip

State = Literal["uploading", "waiting", "running", "done", "failed", "stopped", "cancelled"]
"""Stopped: whoever handed it in may not import any more; what is done stays."""
COLUMNS: Final = """i.id, i.actor, i.made_at, i.is_dry_run, i.undoes, i.kid, i.about, i.state,
    i.bytes, i.reached, i.chunks, i.rows, i.created, i.changed, i.unchanged, i.refused, i.kept,
    i.finished_at, u.id as undone_by"""
FROM: Final = "from imports i left join imports u on u.undoes = i.id"
CLAIM = """update imports i set owner = $1, lease_until = clock_timestamp() + $2,
    state = 'running',
    touched_at = case when state = 'waiting' then $3 else touched_at end
    where i.id = (select o.id from imports o
        where o.emptied_at is null and o.state in ('waiting', 'running')
            and o.lease_until < clock_timestamp()
        order by o.made_at, o.id limit 1 for update skip locked)
    returning i.id"""
RENEW = """update imports set lease_until = clock_timestamp() + $3
    where id = $1 and owner = $2 and lease_until > clock_timestamp() and state = 'running'
    returning id"""
GIVE_UP = """update imports
    set lease_until = coalesce(clock_timestamp() + $3::interval, '-infinity'), owner = null
    where id = $1 and owner = $2"""
TELL = "update imports set about = $3 where id = $1 and owner = $2 and state = 'running'"
BEGIN_AGAIN = (
    "update imports set reached = 0, rows = 0, created = 0, changed = 0, unchanged = 0,"
    " refused = 0, kept = 0 where id = $1 and owner = $2 and is_dry_run and state = 'running'",
    "delete from import_notes n using imports i where n.import_id = $1 and i.id = $1"
    " and i.owner = $2 and i.is_dry_run and i.state = 'running'",
)
END = """update imports set state = $3, finished_at = $4, touched_at = $4,
    owner = null, lease_until = '-infinity'
    where id = $1 and owner = $2 and state = 'running' and lease_until > clock_timestamp()"""
CHUNK = "select sealed from import_chunks where import_id = $1 and number = $2"
DROP_FILES = """delete from import_chunks c using imports i
    where i.id = c.import_id and i.state in ('done', 'failed', 'stopped', 'cancelled')"""
ABANDON = """update imports set state = 'cancelled', finished_at = $1
    where emptied_at is null and state = 'uploading' and touched_at < $2"""
OLD = """select i.id, i.kid from imports i where i.emptied_at is null and i.finished_at < $1
    and i.state in ('done', 'failed', 'stopped', 'cancelled')"""
EMPTY = (
    "delete from import_notes where import_id = $1",
    "update imports set emptied_at = $2 where id = $1 and emptied_at is null",
)
UNDONE = """select r.number, r.customer_id, r.version_before, r.version_after
    from import_rows r where r.import_id = $1 and r.number < $2 order by r.number desc limit $3"""


@dataclass(frozen=True, slots=True)
class Job:
    """One import, or the undoing of one."""

    id: UUID
    actor: str
    made_at: datetime
    is_dry_run: bool
    undoes: UUID | None
    kid: str
    about: bytes
    state: State
    bytes: int
    reached: int
    chunks: int
    rows: int
    created: int
    changed: int
    unchanged: int
    refused: int
    kept: int
    finished_at: datetime | None
    undone_by: UUID | None

    @staticmethod
    def of(row: asyncpg.Record) -> "Job":
        """Read a row that was selected with COLUMNS."""
        return Job(**{name.name: row[name.name] for name in fields(Job)})

    @property
    def outcomes(self) -> Mapping[str, str]:
        """What can become of a row, and the column that counts it."""
        return UNDONE_OUTCOMES if self.undoes else OUTCOMES


@dataclass(frozen=True, slots=True)
class DoneRow:
    """A row that made or changed a customer, and the customer's versions around it."""

    number: int
    customer_id: UUID
    before: int
    after: int


class Jobs:
    """The imports as a worker sees them."""

    def __init__(self, lanes: Lanes, owner: UUID) -> None:
        self._lanes = lanes
        self.owner = owner

    async def claim(self, now: datetime) -> Job | None:
        """Take the oldest import that nobody works on, or return None."""
        found = await self._lanes.fetchval(CLAIM, self.owner, LEASE, now)
        return None if found is None else await self.read(found)

    async def read(self, import_id: UUID) -> Job:
        """Return an import as it is now."""
        row = await self._lanes.fetchrow(f"select {COLUMNS} {FROM} where i.id = $1", import_id)
        if row is None:
            raise LookupError(import_id)
        return Job.of(row)

    async def renew(self, import_id: UUID) -> bool:
        """Say whether the import is still ours to work on, for another lease."""
        return await self._lanes.fetchval(RENEW, import_id, self.owner, LEASE) is not None

    async def give_up(self, import_id: UUID, aside: timedelta | None = None) -> None:
        """Leave the import to whoever comes next, at once or after a while."""
        await self._lanes.execute(GIVE_UP, import_id, self.owner, aside)

    async def tell(self, import_id: UUID, about: bytes) -> None:
        """Keep what was found out about the file."""
        await self._lanes.execute(TELL, import_id, self.owner, about)

    async def begin_again(self, import_id: UUID) -> None:
        """Let a dry run begin at its first row: nothing came of it yet."""
        for statement in BEGIN_AGAIN:
            await self._lanes.execute(statement, import_id, self.owner)

    async def end(self, import_id: UUID, state: State, now: datetime) -> None:
        """Say how it ended, and drop the file; nothing if it is no longer ours."""
        await self._lanes.execute(END, import_id, self.owner, state, now)
        await self._lanes.execute(DROP_FILES)

    async def chunk(self, import_id: UUID, number: int) -> bytes | None:
        """Return one sealed piece of the file; None if it is gone."""
        found: bytes | None = await self._lanes.fetchval(CHUNK, import_id, number)
        return found

    async def done_rows(self, import_id: UUID, before: int, limit: int) -> list[DoneRow]:
        """Return rows that made or changed customers, the last first, below a number."""
        rows = await self._lanes.fetch(UNDONE, import_id, before, limit)
        return [DoneRow(*row) for row in rows]

    async def sweep(self, now: datetime) -> Sequence[tuple[UUID, str]]:
        """Delete files that are not needed any more; return what is old enough to be emptied."""
        await self._lanes.execute(ABANDON, now, now - ABANDONED_AFTER)
        await self._lanes.execute(DROP_FILES)
        rows = await self._lanes.fetch(OLD, now - KEPT)
        return [(row["id"], row["kid"]) for row in rows]

    async def empty(self, import_id: UUID, now: datetime) -> None:
        """Delete what was told of its rows; its key is destroyed by now."""
        await self._lanes.execute(EMPTY[0], import_id)
        await self._lanes.execute(EMPTY[1], import_id, now)


def tag_of(import_id: UUID) -> str:
    """Return the name by which events say that they came by this import."""
    return f"import-{import_id}"
