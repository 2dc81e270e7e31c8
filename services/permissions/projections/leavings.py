"""From when on each process refused whoever left, what of theirs it cut, and what it refused since.

What the records of one service tell. A refusal of somebody who is not active counts for the process
that made it; where no process is named, it is not kept. Whatever a process tells of anybody, it is
known to be there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import orjson

from services.permissions.projections.incoming_records import (
    DecisionRecorded,
    DecisionsCounted,
    LeavingApplied,
    WorkEnded,
)
from services.permissions.projections.of_records import LEAVINGS, name_of
from services.permissions.projections.usage import is_an_id
from shared.projecting.applied import AppliedEvent

INACTIVE: Final = "inactive_subject"
KEPT: Final = timedelta(days=30)
"""So long refusals are kept, and processes that nothing more is heard of."""

_NOT_ERASED: Final = """
    where not exists (select from public.erased_subjects e where e.subject = n.subject::text)"""
# Rows come sorted, so that two writers take their locks in the same order.
APPLIED: Final = f"""
    insert into leavings_{{source}} (subject, process, applied_at, left_at, late_ms,
        service_accounts, is_at_start, epoch, position, event_id)
    select n.* from json_to_recordset($1::json) as n (subject uuid, process text,
        applied_at timestamptz, left_at timestamptz, late_ms integer, service_accounts integer,
        is_at_start boolean, epoch integer, position bigint, event_id uuid)
    {_NOT_ERASED} on conflict do nothing"""
ENDED: Final = f"""
    insert into leavings_ended_{{source}} (subject, event_id, process, kind, operation, target,
        service_account, ended_at, late_ms)
    select n.* from json_to_recordset($1::json) as n (subject uuid, event_id uuid, process text,
        kind text, operation text, target text, service_account text, ended_at timestamptz,
        late_ms integer)
    {_NOT_ERASED} on conflict do nothing"""
REFUSED: Final = f"""
    insert into leavings_refused_{{source}} as u (subject, process, minute, first_at, last_at,
        times, event_id)
    select n.* from json_to_recordset($1::json) as n (subject uuid, process text,
        minute timestamptz, first_at timestamptz, last_at timestamptz, times bigint, event_id uuid)
    {_NOT_ERASED}
    on conflict (subject, process, minute) do update
    set times = u.times + excluded.times, last_at = greatest(u.last_at, excluded.last_at),
        event_id = case when excluded.first_at < u.first_at then excluded.event_id
            else u.event_id end,
        first_at = least(u.first_at, excluded.first_at)"""
HEARD: Final = """
    insert into leavings_heard_{source} as u (process, first_at, last_at)
    select n.* from json_to_recordset($1::json) as n (process text, first_at timestamptz,
        last_at timestamptz)
    on conflict (process) do update
    set first_at = least(u.first_at, excluded.first_at),
        last_at = greatest(u.last_at, excluded.last_at)"""
# By the store's clock, if a process tells of a time that has not come yet.
OVER: Final = """
    delete from leavings_refused_{source}
    where minute < least($1::timestamptz, now()) - $2::interval"""
UNHEARD: Final = """
    delete from leavings_heard_{source}
    where last_at < least($1::timestamptz, now()) - $2::interval"""
TABLES: Final = ("leavings", "leavings_ended", "leavings_refused")


@dataclass(slots=True)
class _Refusals:
    """What a batch tells of one minute, and the record that told the first of it."""

    first_at: datetime
    last_at: datetime
    times: int
    event_id: str

    def add(self, other: "_Refusals") -> None:
        if other.first_at < self.first_at:
            self.first_at, self.event_id = other.first_at, other.event_id
        self.last_at = max(self.last_at, other.last_at)
        self.times += other.times


class Leavings:
    """The read model of one service's records as a projection."""

    def __init__(self, source: str) -> None:
        self.name = name_of(LEAVINGS, source)
        self._sql = {
            sql: sql.replace("{source}", source)
            for sql in (APPLIED, ENDED, REFUSED, OVER, HEARD, UNHEARD)
        }
        self._forget = [f"delete from {table}_{source} where subject::text = any($1::text[])"
                        for table in TABLES]  # fmt: skip

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Write what the batch tells of those who left, and which processes told anything."""
        applied: list[dict[str, Any]] = []
        ended: list[dict[str, Any]] = []
        refused: dict[tuple[str, str, datetime], _Refusals] = {}
        for its in events:
            match its.event:
                case LeavingApplied() as one if is_an_id(one.subject):
                    applied.append(one.model_dump() | {"event_id": its.received.event_id})
                case WorkEnded() as one if is_an_id(one.subject):
                    ended.append(one.model_dump() | {"event_id": its.received.event_id})
                case DecisionRecorded() | DecisionsCounted() as one:
                    _add(refused, one, its.received.event_id)
                case _:
                    pass
        await self._write(connection, APPLIED, applied)
        await self._write(connection, ENDED, ended)
        rows = [
            {"subject": key[0], "process": key[1], "minute": key[2], "first_at": one.first_at,
             "last_at": one.last_at, "times": one.times, "event_id": one.event_id}
            for key, one in refused.items()
        ]  # fmt: skip
        await self._write(connection, REFUSED, rows)
        if rows:
            newest = max(one.last_at for one in refused.values())
            await connection.execute(self._sql[OVER], newest, KEPT)
        await self._hear(connection, events)

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Delete what is kept of these."""
        for statement in self._forget:
            await connection.execute(statement, subjects)

    async def _hear(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        heard: dict[str, tuple[datetime, datetime]] = {}
        for its in events:
            match its.event:
                case LeavingApplied(process=process, applied_at=first):
                    last = first
                case WorkEnded(process=process, ended_at=first):
                    last = first
                case DecisionRecorded(process=str() as process, decided_at=first):
                    last = first
                case DecisionsCounted(process=str() as process, first_at=first, last_at=last):
                    pass
                case _:
                    continue
            known = heard.get(process, (first, last))
            heard[process] = min(known[0], first), max(known[1], last)
        if heard:
            rows = [
                {"process": process, "first_at": first, "last_at": last}
                for process, (first, last) in sorted(heard.items())
            ]
            await connection.execute(self._sql[HEARD], orjson.dumps(rows).decode())
            newest = max(last for _, last in heard.values())
            await connection.execute(self._sql[UNHEARD], newest, KEPT)

    async def _write(
        self, connection: asyncpg.Connection, sql: str, rows: list[dict[str, Any]]
    ) -> None:
        if rows:
            rows.sort(key=lambda row: (row["subject"], row["process"]))
            await connection.execute(self._sql[sql], orjson.dumps(rows).decode())


def _add(
    refused: dict[tuple[str, str, datetime], _Refusals],
    told: DecisionRecorded | DecisionsCounted,
    event_id: str,
) -> None:
    """Count what was refused because somebody is not active, not what a program asked of them."""
    is_own = told.asked_by is None and told.code == INACTIVE
    if not is_own or told.process is None or not is_an_id(told.subject):
        return
    match told:
        case DecisionRecorded(decided_at=at):
            its = _Refusals(at, at, 1, event_id)
        case DecisionsCounted(first_at=first, last_at=last, times=times):
            its = _Refusals(first, last, times, event_id)
    key = told.subject, told.process, its.first_at.replace(second=0, microsecond=0)
    if key in refused:
        refused[key].add(its)
    else:
        refused[key] = its
