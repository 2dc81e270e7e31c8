"""When each permission was last used, how often, and what was refused: by whoever it concerns.

Sums of what the records of one service tell. It knows nothing from before the first decision that
was told, and says from when on it knows.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from services.permissions.projections.incoming_records import DecisionRecorded, DecisionsCounted
from services.permissions.projections.of_records import USAGE, name_of
from shared.messaging.headers import ReceivedEvent
from shared.projecting.applied import AppliedEvent

REFUSALS_KEPT: Final = timedelta(days=30)

# Rows come sorted, so that two writers take their locks in the same order. A row that another
# writer changed meanwhile is added to: what is added is of this batch alone.
UPSERT: Final = """
    insert into usage_{source} as u (subject, permission, first_at, last_at, times, event_id,
        partition, epoch, feed_position)
    select n.* from json_to_recordset($1::json) as n (subject uuid, permission text,
        first_at timestamptz, last_at timestamptz, times bigint, event_id uuid,
        partition smallint, epoch integer, feed_position bigint)
    where not exists (select from public.erased_subjects e where e.subject = n.subject::text)
    on conflict (subject, permission) do update
    set times = u.times + excluded.times, first_at = least(u.first_at, excluded.first_at),
        (last_at, event_id, partition, epoch, feed_position) = (select l.* from (values
            (u.last_at, u.event_id, u.partition, u.epoch, u.feed_position),
            (excluded.last_at, excluded.event_id, excluded.partition, excluded.epoch,
                excluded.feed_position)) as l (last_at, event_id, partition, epoch, feed_position)
            order by l.last_at desc, l.event_id desc limit 1)"""
REFUSED: Final = """
    insert into refused_{source} as u (subject, permission, code, day, last_at, times, event_id,
        partition, epoch, feed_position)
    select n.* from json_to_recordset($1::json) as n (subject uuid, permission text, code text,
        day date, last_at timestamptz, times bigint, event_id uuid, partition smallint,
        epoch integer, feed_position bigint)
    where not exists (select from public.erased_subjects e where e.subject = n.subject::text)
    on conflict (subject, permission, code, day) do update
    set times = u.times + excluded.times,
        (last_at, event_id, partition, epoch, feed_position) = (select l.* from (values
            (u.last_at, u.event_id, u.partition, u.epoch, u.feed_position),
            (excluded.last_at, excluded.event_id, excluded.partition, excluded.epoch,
                excluded.feed_position)) as l (last_at, event_id, partition, epoch, feed_position)
            order by l.last_at desc, l.event_id desc limit 1)"""
# By the store's clock, if a process tells of a time that has not come yet.
OVER: Final = """
    delete from refused_{source}
    where day < ((least($1::timestamptz, now()) - $2::interval) at time zone 'utc')::date"""
KNOWN: Final = """
    insert into usage_known_{source} as k (since) select $1
    where not exists (select from usage_known_{source} where since <= $1)
    on conflict (only_row) do update set since = least(k.since, excluded.since)"""


@dataclass(frozen=True, slots=True)
class Told:
    """What one record tells: so many equal decisions about one subject and permission."""

    subject: str
    permission: str
    is_allowed: bool
    code: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(slots=True)
class _Sum:
    """What a batch tells of one row, and the record that told the last time."""

    first_at: datetime
    last_at: datetime
    times: int = 0
    event_id: str = ""
    place: dict[str, int] = field(default_factory=dict)

    def add(self, told: Told, received: ReceivedEvent) -> None:
        self.times += told.times
        self.first_at = min(self.first_at, told.first_at)
        if (told.last_at, received.event_id) >= (self.last_at, self.event_id):
            self.last_at, self.event_id = told.last_at, received.event_id
            self.place = {
                "partition": received.partition,
                "epoch": received.epoch,
                "feed_position": received.feed_position,
            }


class Usage:
    """The read model of one service's records as a projection."""

    def __init__(self, source: str) -> None:
        self.name = name_of(USAGE, source)
        self._sql = {sql: sql.replace("{source}", source) for sql in (UPSERT, REFUSED, OVER, KNOWN)}
        self._forget = [f"delete from {table}_{source} where subject::text = any($1::text[])"
                        for table in ("refused", "usage")]  # fmt: skip

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Add the batch up in memory and write each touched row once."""
        told = [(one, its.received) for its in events if (one := told_by(its)) is not None]
        if not told:
            return
        used: dict[tuple[str, ...], _Sum] = {}
        refused: dict[tuple[str, str, str, date], _Sum] = {}
        for one, received in told:
            if not is_an_id(one.subject):
                continue  # Somebody unknown, by a name of their own: nothing is kept of that.
            if one.is_allowed:
                its = used.setdefault((one.subject, one.permission), _begin(one))
            else:
                key = (one.subject, one.permission, one.code, one.last_at.date())
                its = refused.setdefault(key, _begin(one))
            its.add(one, received)
        await self._write(connection, REFUSED, [
            {"subject": key[0], "permission": key[1], "code": key[2], "day": key[3], **_row(its)}
            for key, its in sorted(refused.items())
        ])  # fmt: skip
        await self._write(connection, UPSERT, [
            {"subject": key[0], "permission": key[1], **_row(its)}
            for key, its in sorted(used.items())
        ])  # fmt: skip
        await connection.execute(self._sql[KNOWN], min(one.first_at for one, _ in told))
        newest = max(one.last_at for one, _ in told)
        await connection.execute(self._sql[OVER], newest, REFUSALS_KEPT)

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Delete what is kept of these."""
        for statement in self._forget:
            await connection.execute(statement, subjects)

    async def _write(
        self, connection: asyncpg.Connection, sql: str, rows: Sequence[dict[str, Any]]
    ) -> None:
        if rows:
            await connection.execute(self._sql[sql], orjson.dumps(rows).decode())


def told_by(applied: AppliedEvent) -> Told | None:
    """Return what a record tells of decisions; None of anything else, and of others' questions.

    A program that was told what somebody may do (AuthZEN, or a search) is not that person doing it,
    nor is somebody else who acts in that person's name.
    """
    match applied.event:
        case DecisionRecorded(asked_by=None, actor=None) as one:
            its = one.model_dump(exclude={"decided_at", "process", "asked_by", "actor"})
            return Told(**its, times=1, first_at=one.decided_at, last_at=one.decided_at)
        case DecisionsCounted(asked_by=None, actor=None, is_search=False) as one:
            return Told(**one.model_dump(exclude={"process", "asked_by", "actor", "is_search"}))
        case _:
            return None


def _begin(told: Told) -> _Sum:
    return _Sum(told.first_at, told.last_at)


def _row(its: _Sum) -> dict[str, Any]:
    row = asdict(its)
    return {**row.pop("place"), **row}


def is_an_id(subject: str) -> bool:
    """Say whether a subject is called as ours are: others have names of their own making."""
    try:
        return str(UUID(subject)) == subject
    except ValueError:
        return False
