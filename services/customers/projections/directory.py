"""The directory follows the events: which customers are there, one row each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args
from unicodedata import normalize
from uuid import UUID

import asyncpg
import orjson

from services.customers.domain.customer.events import (
    CustomerEvent,
    CustomerRegistered,
)
from services.customers.domain.customer.rules import evolve
from services.customers.domain.customer.state import NOBODY, Customer, CustomerEmail
from shared.projecting.applied import AppliedEvent
from shared.projecting.verifiable import Row

NAME = "directory"
# By their exact types: asking a pydantic class whether an event is one of it costs a microsecond.
CUSTOMER_EVENTS = frozenset(get_args(CustomerEvent))
STREAMS = "customer-"

READ = """select id, kind, name, emails, version, is_erased, registered_at
    from directory where id = any($1::uuid[])"""
# Rows come sorted by id, so that two writers take their locks in the same order; as one JSON text,
# because an array per column costs this process several times as much as its rows take to fold.
UPSERT = """
    insert into directory (id, kind, name, emails, version, is_erased, registered_at, changed_at,
        sort_name, search)
    select n.id, n.kind, case when not n.is_gone then n.name end,
        case when n.is_gone then '[]' else n.emails end, n.version, n.is_erased or n.is_gone,
        n.registered_at, n.changed_at, case when n.is_gone then '' else n.sort_name end,
        case when n.is_gone then '' else n.search end
    from (
        select u.*, exists(
            select from public.erased_subjects s where s.subject = u.id::text) as is_gone
        from json_to_recordset($1::json) as u (id uuid, kind text, name text, emails jsonb,
            version bigint, is_erased boolean, registered_at timestamptz, changed_at timestamptz,
            sort_name text, search text)) n
    on conflict (id) do update
    set name = excluded.name, emails = excluded.emails, version = excluded.version,
        is_erased = excluded.is_erased, changed_at = excluded.changed_at,
        sort_name = excluded.sort_name, search = excluded.search
    where directory.version < excluded.version"""
FORGET = """update directory
    set name = null, emails = '[]', is_erased = true, sort_name = '', search = ''
    where id = any($1::uuid[]) and not is_erased"""

FIELDS = ("id", "kind", "name", "emails", "version", "is_erased", "registered_at", "changed_at",
    "sort_name", "search")  # fmt: skip
# The order of ids is the order of the names of their streams.
RANGE = f"select {', '.join(FIELDS)} from directory where id > $1 and id <= $2"
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(slots=True)
class Entry:
    """One row of the directory while a batch is folded."""

    customer: Customer
    version: int
    registered_at: datetime
    changed_at: datetime


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
        await connection.execute(UPSERT, orjson.dumps(_rows(entries)).decode())

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Leave the rows of these customers, without name and addresses."""
        await connection.execute(FORGET, subjects)

    async def rows(
        self, connection: asyncpg.Connection, after: str, up_to: str | None
    ) -> dict[str, Row]:
        """Return the rows of a range of streams."""
        behind, last = after.removeprefix(STREAMS), (up_to or "").removeprefix(STREAMS)
        found = await connection.fetch(
            RANGE, UUID(behind) if behind else FIRST, UUID(last) if last else LAST
        )
        return {
            f"{STREAMS}{row['id']}": {**row, "emails": orjson.loads(row["emails"])} for row in found
        }

    def fold(self, events: Sequence[AppliedEvent]) -> Row | None:
        """Return the row of one customer whose events these are."""
        entries: dict[str, Entry] = {}
        for applied in events:
            _fold(entries, applied)
        for row in _rows(entries):
            emails = orjson.loads(orjson.dumps(row["emails"]))
            return {**row, "id": UUID(str(row["id"])), "emails": emails}
        return None

    async def remove(self, connection: asyncpg.Connection, streams: Sequence[str]) -> None:
        """Delete the rows of these customers."""
        ids = [stream.removeprefix(STREAMS) for stream in streams if stream.startswith(STREAMS)]
        await connection.execute("delete from directory where id = any($1::uuid[])", ids)

    async def _known(
        self, connection: asyncpg.Connection, events: Iterable[AppliedEvent]
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
        return {str(row["id"]): _entry(row) for row in await connection.fetch(READ, list(old))}


def folded(text: str) -> str:
    """Return the text as it is sorted and searched: without case, each letter put together."""
    return normalize("NFC", text.casefold())


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
        entry.customer = evolve(entry.customer, cast("CustomerEvent", event))
    entry.version = received.version
    entry.changed_at = at


def _entry(row: asyncpg.Record) -> Entry:
    emails = tuple(
        CustomerEmail(UUID(email["id"]), email["address"]) for email in orjson.loads(row["emails"])
    )
    customer = Customer(row["kind"], row["name"], emails, row["is_erased"])
    return Entry(customer, row["version"], row["registered_at"], row["registered_at"])


def _rows(entries: dict[str, Entry]) -> list[Row]:
    # Of one whose registration was discarded nothing is known that could be shown.
    ids = sorted(i for i, entry in entries.items() if entry.customer.kind is not None)
    return [_row(customer_id, entries[customer_id]) for customer_id in ids]


def _row(customer_id: str, entry: Entry) -> Row:
    customer = entry.customer
    return {
        "id": customer_id,
        "kind": customer.kind,
        "name": customer.name,
        "emails": [{"id": e.id, "address": e.address} for e in customer.emails],
        "version": entry.version,
        "is_erased": customer.is_erased,
        "registered_at": entry.registered_at,
        "changed_at": entry.changed_at,
        "sort_name": folded(customer.name or ""),
        "search": _search(customer),
    }


def _search(customer: Customer) -> str:
    parts = [customer.name or "", *(e.address for e in customer.emails)]
    return folded("\n".join(parts))
