"""What the api asks of the read models of leavings: everything told of one leaving, by process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.permissions.projections.of_records import LEAVINGS, SOURCES, name_of
from shared.postgres.lanes import Lanes

CLOCKS_APART: Final = timedelta(seconds=1)
"""So far a process's clock may be behind that of the store, and what it told is of this leaving.

Not asked where a process tells which leaving it means: by the time at which that was recorded."""
APPLIED: Final = """select process, applied_at, late_ms, service_accounts, is_at_start, epoch,
        position, event_id::text as evidence
    from leavings_{source} where subject = $1 and case
        when left_at is null then applied_at >= $2 else left_at >= $3 end
    order by applied_at, process"""
ENDED: Final = """select process, kind, operation, target, service_account, ended_at, late_ms,
        event_id::text as evidence
    from leavings_ended_{source} where subject = $1 and ended_at >= $2 order by ended_at"""
REFUSED: Final = """select distinct on (process) process, first_at, event_id::text as evidence,
        max(last_at) over its as last_at, sum(times) over its as times
    from leavings_refused_{source} where subject = $1 and first_at >= $2
    window its as (partition by process) order by process, first_at"""
# Whatever a process told of anybody, it was there then.
HEARD: Final = """select process, first_at < $1 as was_there, last_at from leavings_heard_{source}
    where last_at >= $2 and first_at < $3 order by process"""
HEARD_WITHIN: Final = timedelta(minutes=15)
"""A process that was last heard of so long before a leaving is taken to have ended before it, and
one that was first heard of so long after it to have begun since."""
READ_AT: Final = """select max(m.moved_at) from projection_versions v
    join projection_marks m on m.projection = v.projection and m.version = v.version
    where v.projection = $1 and v.state = 'current'"""


@dataclass(frozen=True, slots=True)
class ToldByService:
    """What the records of one service tell of one leaving, and when the newest of them was read."""

    applied: Sequence[Mapping[str, Any]]
    ended: Sequence[Mapping[str, Any]]
    refused: Sequence[Mapping[str, Any]]
    heard: Sequence[Mapping[str, Any]]
    """Each process that told anything of anybody since shortly before, or soon after."""
    read_at: datetime | None
    """When the last record was read; None: none ever was."""


class LeavingRecords:
    """Reads the versions of the read models that answer."""

    sources: Final = SOURCES

    def __init__(self, views: Lanes) -> None:
        self._views = views

    async def of(self, subject_id: UUID, left_at: datetime) -> Mapping[str, ToldByService]:
        """Return what each service told of somebody's leaving at that time.

        Raises:
            UnavailableError: the database does not answer.
        """
        return {source: await self._of(source, subject_id, left_at) for source in SOURCES}

    async def _of(self, source: str, subject_id: UUID, left_at: datetime) -> ToldByService:
        since = left_at - CLOCKS_APART
        applied, ended, refused, heard = [
            await self._rows(sql.format(source=source), *values)
            for sql, *values in (
                (APPLIED, subject_id, since, left_at),
                (ENDED, subject_id, since),
                (REFUSED, subject_id, since),
                (HEARD, left_at, left_at - HEARD_WITHIN, left_at + HEARD_WITHIN),
            )
        ]
        read_at = await self._views.fetchval(READ_AT, name_of(LEAVINGS, source))
        return ToldByService(applied, ended, refused, heard, read_at)

    async def _rows(self, sql: str, *values: object) -> Sequence[Mapping[str, Any]]:
        return [dict(row) for row in await self._views.fetch(sql, *values)]
