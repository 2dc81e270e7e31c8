"""A read model has versions side by side; exactly one of them answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from shared.errors import NotYetError, RuleBrokenError
from shared.postgres.lanes import Lanes

State = Literal["building", "current", "previous", "dropped"]

LEASE_SECONDS = 5.0
KEPT = timedelta(days=7)
"""How long the previous version stays as a way back; erased data is erased there too."""

COLUMNS = """v.version, v.state, v.reason, v.made_at, v.swapped_at, v.events_done, v.events_to_do,
    v.events_per_second, v.seconds_left, v.trouble, v.problem, v.shape"""
READ = f"""select {COLUMNS} from projection_versions v
    where v.projection = $1 and (v.state <> 'dropped' or v.dropped_at is null)
    order by v.version"""
# Whoever begins one because the version it follows cannot go on must still follow the current one.
IS_CURRENT = """select from projection_versions
    where projection = $1 and version = $2 and state = 'current' for update"""
# A build that stands still goes on when it is ordered again.
BEGIN = "select make_projection_version($1, $2)"
GO_ON = """update projection_versions set problem = null, trouble = null
    where projection = $1 and version = $2 and state = 'building'"""
CLAIM = """update projection_versions
    set builder = $3, lease_until = clock_timestamp() + make_interval(secs => $4)
    where projection = $1 and version = $2 and state = 'building' and problem is null
        and (builder = $3 or lease_until < clock_timestamp())
    returning version"""
RELEASE = """update projection_versions set lease_until = '-infinity', problem = $4, trouble = null
    where projection = $1 and version = $2 and builder = $3 and state = 'building'"""
NOTE_TROUBLE = """update projection_versions
    set trouble = $4, lease_until = clock_timestamp() + make_interval(secs => $5)
    where projection = $1 and version = $2 and builder = $3 and state = 'building'"""
# Whoever waits for a version's tables makes all others wait who would change a version.
DROP_WITHIN = "set local lock_timeout = '1s'"
DROP = "select drop_projection_version($1, $2)"
OVERDUE = """select v.version from projection_versions v
    where v.projection = $1 and (
        (v.state = 'dropped' and v.dropped_at is null)
        or (v.state = 'previous' and exists (select from projection_versions c
            where c.projection = $1 and c.state = 'current' and c.swapped_at < $2)))"""
MARKS = """select m.version, m.partition, m.epoch, m.feed_position from projection_marks m
    where m.projection = $1 order by m.version, m.partition"""
REFUSED = "DB409"


def schema_of(projection: str, version: int) -> str:
    """Return the schema that holds the tables of one version of a projection."""
    return f"{projection}_{version}"


def settings_of(projection: str, version: int) -> Mapping[str, str]:
    """Return the settings of connections on which the projection's code sees this version."""
    return {"search_path": f'"{schema_of(projection, version)}", public'}


async def enter_version(connection: asyncpg.Connection, projection: str, version: int) -> None:
    """Let the running transaction see the tables of this version.

    Behind this one lies the view of the version that answers, which a projector may not read: a
    version that is dropped a moment later cannot be mixed up with another.

    Raises:
        RuleBrokenError: it was dropped.
    """
    search_path = settings_of(projection, version)["search_path"]
    await connection.execute("select set_config('search_path', $1, true)", search_path)
    schema = f'"{schema_of(projection, version)}"'
    if await connection.fetchval("select to_regnamespace($1)", schema) is None:
        raise RuleBrokenError(
            f"version {version} of {projection} was dropped meanwhile",
            code="version-dropped",
            field="version",
            fix="order it again, of a version that `daybook projections list` shows",
            who_can_help="an operator",
        )


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a read model; of one that is being built also how far it is.

    `trouble` is what the last try to build it failed of, `problem` why nobody tries any more.
    """

    number: int
    state: State
    reason: str
    made_at: datetime
    swapped_at: datetime | None
    events_done: int
    events_to_do: int | None
    events_per_second: float | None
    seconds_left: float | None
    trouble: str | None
    problem: str | None
    shape: int = 1


class Versions:
    """The versions of one read model."""

    def __init__(self, lanes: Lanes, projection: str) -> None:
        self._lanes = lanes
        self.projection = projection

    async def read(self) -> list[Version]:
        """Return all versions of which something is left, oldest first."""
        rows = await self._lanes.fetch(READ, self.projection)
        return [Version(*row) for row in rows]

    async def marks(self) -> dict[int, list[dict[str, int]]]:
        """Return partition, epoch and feed position of every mark, by version."""
        found: dict[int, list[dict[str, int]]] = {}
        for row in await self._lanes.fetch(MARKS, self.projection):
            mark = dict(row)
            found.setdefault(mark.pop("version"), []).append(mark)
        return found

    async def begin(self, reason: str) -> int:
        """Begin a new empty version, or let the one that is being built go on; return its number.

        The projector's processes see it within a second and build it.
        """
        number: int = await self._lanes.fetchval(BEGIN, self.projection, reason)
        await self._lanes.execute(GO_ON, self.projection, number)
        return number

    async def begin_beside(self, current: int, reason: str) -> int | None:
        """Begin a new version because `current` cannot go on; None if it answers no more.

        However many processes find that out, one version is begun; one that stands still by a
        problem stays so.
        """
        async with self._lanes.lane() as connection, connection.transaction():
            if await connection.fetchrow(IS_CURRENT, self.projection, current) is None:
                return None
            number: int = await connection.fetchval(BEGIN, self.projection, reason)
            return number

    async def drop(self, version: int) -> None:
        """Remove a version and all its data.

        Raises:
            RuleBrokenError: it is the one that answers, or there is none of that number.
            NotYetError: somebody reads or writes it at this moment; nothing was changed.
        """
        try:
            async with self._lanes.lane() as connection, connection.transaction():
                await connection.execute(DROP_WITHIN)
                await connection.execute(DROP, self.projection, version)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            raise NotYetError(
                f"version {version} of {self.projection} is being read or written",
                fix="order it again; pg_stat_activity of views shows whose transaction is open",
                who_can_help="an operator",
            ) from error
        except asyncpg.PostgresError as error:
            if error.sqlstate != REFUSED:
                raise
            raise RuleBrokenError(
                f"version {version} of {self.projection} cannot be dropped: it answers, or there"
                " is none of that number",
                code="version-not-droppable",
                field="version",
                fix="`daybook projections list` shows the versions",
                who_can_help="an operator",
            ) from error

    async def claim(self, version: int, builder: UUID) -> bool:
        """Become the one process that builds this version, for five seconds; say whether we are."""
        row = await self._lanes.fetchrow(CLAIM, self.projection, version, builder, LEASE_SECONDS)
        return row is not None

    async def release(self, version: int, builder: UUID, problem: str | None = None) -> None:
        """Let others build it; with a problem nobody does until it is ordered again."""
        await self._lanes.execute(RELEASE, self.projection, version, builder, problem)

    async def note_trouble(self, version: int, builder: UUID, why: str, pause: float) -> None:
        """Say what the last try failed of, until it goes on, and keep the build over a pause."""
        lease = pause + LEASE_SECONDS
        await self._lanes.execute(NOTE_TROUBLE, self.projection, version, builder, why, lease)

    async def sweep(self, now: datetime) -> list[int]:
        """Remove what is dropped or was the way back for seven days; return the numbers."""
        rows = await self._lanes.fetch(OVERDUE, self.projection, now - KEPT)
        numbers = [row["version"] for row in rows]
        for number in numbers:
            await self.drop(number)
        return numbers
