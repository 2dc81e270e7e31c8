"""Whose customers are, followed from their service's events: as it is, and as it was before."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, assert_never, cast, get_args

import asyncpg
import orjson

from services.permissions.projections.incoming import (
    CustomerArchived,
    CustomerAssigned,
    CustomerErased,
    CustomerEvent,
    CustomerReclassified,
    CustomerRegistered,
    CustomerRestored,
    CustomerStageChanged,
    CustomerWithdrawn,
)
from shared.projecting.applied import AppliedEvent

NAME: Final = "customer_owners"
STREAMS: Final = "customer-"
FIRST_STAGE: Final = "lead"
"""Where the life of a customer begins if nothing is said."""
_EVENTS: Final = frozenset(get_args(CustomerEvent))

READ = """select id, owner::text, kind, stage, is_archived, is_erased, is_withdrawn, version, since
    from customer_owners where id = any($1::uuid[])"""
# Rows come sorted by id, so that two writers take their locks in the same order.
UPSERT = """
    insert into customer_owners (id, owner, kind, stage, is_archived, is_erased, is_withdrawn,
        version, since)
    select u.* from json_to_recordset($1::json) as u (id uuid, owner uuid, kind text, stage text,
        is_archived boolean, is_erased boolean, is_withdrawn boolean, version bigint,
        since timestamptz)
    on conflict (id) do update
    set owner = excluded.owner, kind = excluded.kind, stage = excluded.stage,
        is_archived = excluded.is_archived, is_erased = excluded.is_erased,
        is_withdrawn = excluded.is_withdrawn, version = excluded.version, since = excluded.since
    where customer_owners.version < excluded.version"""
KEEP_BEFORE = """
    insert into customer_owners_before (id, until_version, owner, kind, stage, is_archived, since)
    select u.* from json_to_recordset($1::json) as u (id uuid, until_version bigint, owner uuid,
        kind text, stage text, is_archived boolean, since timestamptz)
    on conflict do nothing"""
FORGET = """update customer_owners
    set owner = null, stage = null, is_archived = false, is_erased = true
    where id = any($1::uuid[]) and not is_erased"""
FORGET_BEFORE = "delete from customer_owners_before where id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one customer."""

    owner: str | None = None
    kind: str = ""
    stage: str | None = None
    is_archived: bool = False
    is_erased: bool = False
    is_withdrawn: bool = False


@dataclass(slots=True)
class _Entry:
    """One customer while a batch is folded."""

    known: Known
    version: int
    since: datetime
    before: list[dict[str, Any]] = field(default_factory=list)


class CustomerOwners:
    """The read model as a projection."""

    name = NAME

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Fold the batch in memory and write each touched customer once."""
        mine = [one for one in events if one.received.stream.startswith(STREAMS)]
        if not mine:
            return
        entries = await _known(connection, mine)
        for applied in mine:
            _fold(entries, applied)
        rows = [_row(name, entries[name]) for name in sorted(entries)]
        before = [row for name in sorted(entries) for row in entries[name].before]
        await connection.execute(UPSERT, orjson.dumps(rows).decode())
        if before:
            await connection.execute(KEEP_BEFORE, orjson.dumps(before).decode())

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Keep that there were such customers, and nothing of whose they were."""
        await connection.execute(FORGET, subjects)
        await connection.execute(FORGET_BEFORE, subjects)


async def _known(
    connection: asyncpg.Connection, events: Sequence[AppliedEvent]
) -> dict[str, _Entry]:
    """Return what is known of the customers that a batch changes without registering them."""
    new: set[str] = set()
    old: set[str] = set()
    for applied in events:
        if type(applied.event) is CustomerRegistered:
            new.add(applied.received.subject)
        elif applied.received.subject not in new:
            old.add(applied.received.subject)
    found: dict[str, _Entry] = {}
    for row in await connection.fetch(READ, list(old)) if old else ():
        name, *known, version, since = row
        found[str(name)] = _Entry(Known(*known), version, since)
    return found


def _fold(entries: dict[str, _Entry], applied: AppliedEvent) -> None:
    received, event = applied.received, applied.event
    entry = entries.get(received.subject)
    if entry is None:
        entry = entries[received.subject] = _Entry(Known(), 0, received.recorded_at)
    # What was parked before an erasure was deleted, so that it may follow any version.
    if received.version != entry.version + 1 and not applied.erases_subject:
        raise ValueError(
            f"version {received.version} of a customer cannot follow version {entry.version}"
        )
    was = entry.known
    now = evolve(was, cast("CustomerEvent", event)) if type(event) in _EVENTS else was
    if now != was:
        if entry.version:
            entry.before.append(_before(received.subject, received.version, entry))
        entry.known, entry.since = now, received.recorded_at
    entry.version = received.version


def evolve(known: Known, event: CustomerEvent) -> Known:
    """Return what is known after one more event."""
    match event:
        case CustomerRegistered(kind=kind, stage=stage, owner=owner):
            return Known(_text(owner), kind, stage or FIRST_STAGE)
        case CustomerReclassified(kind=kind):
            return replace(known, kind=kind)
        case CustomerAssigned(owner=owner):
            return replace(known, owner=_text(owner))
        case CustomerStageChanged(stage=stage):
            return replace(known, stage=stage)
        case CustomerArchived() | CustomerRestored():
            return replace(known, is_archived=isinstance(event, CustomerArchived))
        case CustomerWithdrawn():
            return replace(known, is_withdrawn=True)
        case CustomerErased():
            return Known(kind=known.kind, is_erased=True, is_withdrawn=known.is_withdrawn)
        case _:
            assert_never(event)


def _text(owner: object) -> str | None:
    return None if owner is None else str(owner)


def _row(name: str, entry: _Entry) -> Mapping[str, Any]:
    return {"id": name, **asdict(entry.known), "version": entry.version, "since": entry.since}


def _before(name: str, until_version: int, entry: _Entry) -> dict[str, Any]:
    kept = asdict(entry.known)
    return {"id": name, **kept, "until_version": until_version, "since": entry.since}
