"""The directory follows the events: which customers are there, one row each."""

from collections.abc import Mapping, Sequence
from typing import cast, get_args
from uuid import UUID

import asyncpg
import orjson

from services.customers.domain.customer.events import CustomerEvent, CustomerRegistered
from services.customers.domain.customer.rules import evolve
from services.customers.domain.customer.state import NOBODY, Customer
from services.customers.projections.directory_rows import (
    Entry,
    entry_of,
    has_same_text,
    row_of,
    text_of,
)
from shared.projecting.applied import AppliedEvent
from shared.projecting.verifiable import Row

NAME = "directory"
SHAPE = 2
"""Of the tables in directory_2.sql; a version of another shape is not written."""
# By their exact types: asking a pydantic class whether an event is one of it costs a microsecond.
CUSTOMER_EVENTS = frozenset(get_args(CustomerEvent))
STREAMS = "customer-"
WITHDRAWN = Customer(is_withdrawn=True)

READ = """select id, kind, name, is_erased, version, registered_at, details
    from directory where id = any($1::uuid[])"""
READ_WITHDRAWN = "select id, version from directory_withdrawn where id = any($1::uuid[])"
# Rows come sorted by id, so that two writers take their locks in the same order; as one JSON text,
# because an array per column costs this process several times as much as its rows take to fold.
UPSERT = """
    insert into directory (id, kind, name, stage, owner, country, facets, is_archived, is_erased,
        version, registered_at, changed_at, sort_name, details)
    select n.id, n.kind, case when not n.is_gone then n.name end,
        case when not n.is_gone then n.stage end, case when not n.is_gone then n.owner end,
        case when not n.is_gone then n.country end,
        case when n.is_gone then array['kind=' || n.kind] else n.facets end,
        n.is_archived and not n.is_gone, n.is_erased or n.is_gone, n.version, n.registered_at,
        n.changed_at, case when n.is_gone then '' else n.sort_name end,
        case when not n.is_gone then n.details
            when n.details ? 'holds' then jsonb_build_object('holds', n.details -> 'holds')
            else '{}' end
    from (
        select u.*, exists(
            select from public.erased_subjects s where s.subject = u.id::text) as is_gone
        from json_to_recordset($1::json) as u (id uuid, kind text, name text, stage text,
            owner text, country text, facets text[], is_archived boolean, is_erased boolean,
            version bigint, registered_at timestamptz, changed_at timestamptz, sort_name text,
            details jsonb)) n
    on conflict (id) do update
    set kind = excluded.kind, name = excluded.name, stage = excluded.stage, owner = excluded.owner,
        country = excluded.country, facets = excluded.facets, is_archived = excluded.is_archived,
        is_erased = excluded.is_erased, version = excluded.version,
        changed_at = excluded.changed_at, sort_name = excluded.sort_name,
        details = excluded.details
    where directory.version < excluded.version"""
UPSERT_TEXT = """
    insert into directory_text (id, search, keys)
    select u.id, u.search, u.keys
    from json_to_recordset($1::json) as u (id uuid, search text, keys text[])
    where not exists (select from public.erased_subjects s where s.subject = u.id::text)
    on conflict (id) do update set search = excluded.search, keys = excluded.keys"""
UPSERT_WITHDRAWN = """
    insert into directory_withdrawn (id, version)
    select u.id, u.version from json_to_recordset($1::json) as u (id uuid, version bigint)
    on conflict (id) do update set version = excluded.version"""
FORGET = """update directory
    set name = null, stage = null, owner = null, country = null, facets = array['kind=' || kind],
        is_archived = false, is_erased = true, sort_name = '',
        details = case when details ? 'holds' then jsonb_build_object('holds', details -> 'holds')
            else '{}' end
    where id = any($1::uuid[]) and not is_erased"""
FORGET_TEXT = "delete from directory_text where id = any($1::uuid[])"
REMOVE = "delete from directory where id = any($1::uuid[])"
REMOVE_WITHDRAWN = "delete from directory_withdrawn where id = any($1::uuid[])"

FIELDS = ("id", "kind", "name", "stage", "owner", "country", "facets", "is_archived", "is_erased",
    "version", "registered_at", "changed_at", "sort_name", "details", "search", "keys")  # fmt: skip
# The order of ids is the order of the names of their streams.
RANGE = f"""select {", ".join(FIELDS)} from directory left join directory_text using (id)
    where id > $1 and id <= $2"""
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


class Directory:
    """The directory as a projection."""

    name = NAME
    streams = STREAMS

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Fold the batch in memory and write each touched customer once."""
        mine = [e for e in events if e.received.stream.startswith(STREAMS)]
        if not mine:
            return
        entries = await self._known(connection, mine)
        for applied in mine:
            _fold(entries, applied)
        await _write(connection, entries)

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Leave the rows of these customers, without anything personal."""
        await connection.execute(FORGET, subjects)
        await connection.execute(FORGET_TEXT, subjects)

    async def rows(
        self, connection: asyncpg.Connection, after: str, up_to: str | None
    ) -> dict[str, Row]:
        """Return the rows of a range of streams."""
        behind, last = after.removeprefix(STREAMS), (up_to or "").removeprefix(STREAMS)
        found = await connection.fetch(
            RANGE, UUID(behind) if behind else FIRST, UUID(last) if last else LAST
        )
        return {
            f"{STREAMS}{row['id']}": {**row, "details": orjson.loads(row["details"])}
            for row in found
        }

    def fold(self, events: Sequence[AppliedEvent]) -> Row | None:
        """Return the row of one customer whose events these are."""
        entries: dict[str, Entry] = {}
        for applied in events:
            _fold(entries, applied)
        for customer_id, entry in entries.items():
            if entry.is_in_lists:
                row = {**row_of(customer_id, entry), **text_of(customer_id, entry.customer)}
                details = orjson.loads(orjson.dumps(row["details"]))
                return {**row, "id": UUID(customer_id), "details": details}
        return None

    async def remove(self, connection: asyncpg.Connection, streams: Sequence[str]) -> None:
        """Delete the rows of these customers."""
        ids = [stream.removeprefix(STREAMS) for stream in streams if stream.startswith(STREAMS)]
        for statement in (REMOVE, FORGET_TEXT, REMOVE_WITHDRAWN):
            await connection.execute(statement, ids)

    async def _known(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]
    ) -> dict[str, Entry]:
        """Return the rows of customers that the batch changes without registering them, by id."""
        new: set[str] = set()
        old: set[str] = set()
        for applied in events:
            customer_id = applied.received.subject
            if type(applied.event) is CustomerRegistered:
                new.add(customer_id)
            elif customer_id not in new:
                old.add(customer_id)
        if not old:
            return {}
        known = {
            str(row["id"]): entry_of(dict(row)) for row in await connection.fetch(READ, list(old))
        }
        if missing := [customer_id for customer_id in old if customer_id not in known]:
            for row in await connection.fetch(READ_WITHDRAWN, missing):
                at = events[0].received.recorded_at
                known[str(row["id"])] = Entry(WITHDRAWN, row["version"], at, at)
        return known


def _fold(entries: dict[str, Entry], applied: AppliedEvent) -> None:
    received, event = applied.received, applied.event
    customer_id = received.subject
    at = received.recorded_at
    entry = entries.get(customer_id)
    if entry is None:
        entry = entries[customer_id] = Entry(NOBODY, 0, at, at)
    # What was parked before an erasure was deleted, so that it may follow any version.
    if received.version != entry.version + 1 and not applied.erases_subject:
        raise ValueError(
            f"version {received.version} of a customer cannot follow version {entry.version}"
        )
    # An event that a newer writer knows and we do not changes nothing here but the version.
    if type(event) in CUSTOMER_EVENTS:
        after = evolve(entry.customer, cast("CustomerEvent", event))
        entry.has_new_text |= not has_same_text(entry.customer, after)
        entry.customer = after
    entry.version = received.version
    entry.changed_at = at


async def _write(connection: asyncpg.Connection, entries: Mapping[str, Entry]) -> None:
    ids = sorted(entries)
    listed = [i for i in ids if entries[i].is_in_lists]
    texts = [text_of(i, entries[i].customer) for i in listed if entries[i].has_new_text]
    withdrawn = [i for i in ids if entries[i].customer.is_withdrawn]
    await _send(connection, UPSERT, [row_of(i, entries[i]) for i in listed])
    await _send(connection, UPSERT_TEXT, [text for text in texts if text["search"] is not None])
    if gone := [text["id"] for text in texts if text["search"] is None]:
        await connection.execute(FORGET_TEXT, gone)
    if withdrawn:
        await connection.execute(REMOVE, withdrawn)
        await connection.execute(FORGET_TEXT, withdrawn)
        rows = [{"id": i, "version": entries[i].version} for i in withdrawn]
        await _send(connection, UPSERT_WITHDRAWN, rows)


async def _send(connection: asyncpg.Connection, statement: str, rows: Sequence[Row]) -> None:
    if rows:
        await connection.execute(statement, orjson.dumps(rows).decode())
