"""The directory follows Kafka, search included, at a good part of a bare fold's speed.

Ours is the real runner from a log in Kafka to marks in PostgreSQL, with a cold cache of keys. The
baseline has neither: it folds ready-made values out of memory, what can be searched ready-made too,
500 a transaction, by the same upserts into tables of the same shape with the same indexes, and
comes to the same rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from time import perf_counter
from uuid import UUID

import asyncpg
import orjson

from bench.customer_log import STATE, CustomerLog
from bench.ground import Ground
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, pair
from bench.parts import parts
from bench.plain_table import connections
from bench.samples import NOW, Happened, lives
from services.customers.domain.customer.contact_events import CustomerEmailAdded
from services.customers.domain.customer.events import (
    CustomerRegistered,
    CustomerRenamed,
)
from services.customers.projections.directory import UPSERT, UPSERT_TEXT
from services.customers.projections.searchable import Searchable, searchable

EVENTS = 40_000
CUSTOMERS = 5_000
BATCH = 500
ROUNDS = 5
FACETS = ["kind=person", "stage=lead"]


@dataclass(slots=True)
class Entry:
    """One row of the baseline while it is folded."""

    kind: str = "person"
    name: str = ""
    emails: list[dict[str, str]] = field(default_factory=list)
    version: int = 0

    def fold(self, one: Happened) -> None:
        """Take one event; its personal fields lie open."""
        match one.event:
            case CustomerRegistered(personal=personal) | CustomerRenamed(personal=personal):
                self.name = personal.name if personal else ""
            case CustomerEmailAdded(personal=email) as added if email:
                self.emails.append({"id": str(added.email_id), "address": email.address})
        self.version = one.version


class BareFold:
    """Folds out of memory into a copy of the directory."""

    def __init__(self, connection: asyncpg.Connection, ids: Sequence[UUID]) -> None:
        self._connection = connection
        self._ids = ids
        self._ready: dict[tuple[str, int, UUID], Searchable] = {}

    async def prepare(self) -> None:
        """Make the copy: the same columns, the same indexes, and nobody is erased."""
        await self._connection.execute("create extension pg_trgm")
        for room, file in (
            ("services.customers.storage.sql", "directory_2.sql"),
            ("shared.projecting.sql", "erased_subjects.sql"),
        ):
            await self._connection.execute((files(room) / file).read_text())

    async def drain(self, lived: Sequence[Happened]) -> float:
        """Fold everything into the emptied table; return events a second."""
        await self._connection.execute("truncate directory, directory_text")
        entries: dict[int, Entry] = {}
        started = perf_counter()
        for first in range(0, len(lived), BATCH):
            touched = {}
            for one in lived[first : first + BATCH]:
                entry = entries.get(one.customer)
                if entry is None:
                    entry = entries[one.customer] = Entry()
                entry.fold(one)
                touched[self._ids[one.customer]] = entry
            async with self._connection.transaction():
                await self._connection.execute(UPSERT, _rows(touched))
                await self._connection.execute(UPSERT_TEXT, self._texts(touched))
        return len(lived) / (perf_counter() - started)

    def _texts(self, touched: Mapping[UUID, Entry]) -> str:
        """Return what can be searched, ready-made but in the round that is not counted."""
        rows = []
        for one in sorted(touched):
            entry = touched[one]
            which = (entry.name, len(entry.emails), one)
            if which not in self._ready:
                addresses = [email["address"] for email in entry.emails]
                self._ready[which] = searchable(entry.name, addresses, (), ())
            found = self._ready[which]
            rows.append({"id": str(one), "search": found.text, "keys": found.keys})
        return orjson.dumps(rows).decode()


def _rows(touched: Mapping[UUID, Entry]) -> str:
    rows = [_row(one, touched[one]) for one in sorted(touched)]
    return orjson.dumps(rows).decode()


def _row(customer_id: UUID, entry: Entry) -> dict[str, object]:
    return {
        "id": str(customer_id),
        "kind": entry.kind,
        "name": entry.name,
        "stage": "lead",
        "facets": FACETS,
        "is_archived": False,
        "is_erased": False,
        "version": entry.version,
        "registered_at": NOW,
        "changed_at": NOW,
        "sort_name": entry.name.casefold(),
        "details": {"emails": entry.emails},
    }


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure both over the same lives."""
    lived, databases = lives(CUSTOMERS, EVENTS), await ground.plain_databases()
    async with parts(ground) as here, connections(databases.views, 1) as (plain,):
        log = CustomerLog(ground, here, lived)
        await log.fill()
        bare = BareFold(plain, log.ids)
        await bare.prepare()
        seen = await in_turns(ROUNDS, log.drain, lambda: bare.drain(lived))
        if log.state != tuple(await plain.fetchrow(STATE) or ()):
            raise BrokenSideError("the directory and the bare fold came to different rows")
        return {"projection_with_search": pair(*seen)}


ROW = Row("projection", (Claim("projection_with_search", 0.35, 0.6, "events/s"),), measure)
