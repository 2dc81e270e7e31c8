"""The directory follows Kafka, decryption included, at a good part of a bare fold's speed.

Ours is the real runner from a log in Kafka to marks in PostgreSQL, with a cold cache of keys. The
baseline has neither: it folds ready-made values out of memory, 500 a transaction, by the same
upsert into a table of the same shape, and comes to the same rows.
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
from services.customers.projections.directory import UPSERT

EVENTS = 40_000
CUSTOMERS = 5_000
BATCH = 500
ROUNDS = 5


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

    async def prepare(self) -> None:
        """Make the copy: the same columns, the same indexes, and nobody is erased."""
        for room, file in (
            ("services.customers.storage.sql", "directory.sql"),
            ("shared.projecting.sql", "erased_subjects.sql"),
        ):
            await self._connection.execute((files(room) / file).read_text())

    async def drain(self, lived: Sequence[Happened]) -> float:
        """Fold everything into the emptied table; return events a second."""
        await self._connection.execute("truncate directory")
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
            await self._connection.execute(UPSERT, _rows(touched))
        return len(lived) / (perf_counter() - started)


def _rows(touched: Mapping[UUID, Entry]) -> str:
    rows = [_row(one, touched[one]) for one in sorted(touched)]
    return orjson.dumps(rows).decode()


def _row(customer_id: UUID, entry: Entry) -> dict[str, object]:
    addresses = "\n".join(email["address"] for email in entry.emails)
    return {
        "id": str(customer_id),
        "kind": entry.kind,
        "name": entry.name,
        "emails": entry.emails,
        "version": entry.version,
        "is_erased": False,
        "registered_at": NOW,
        "changed_at": NOW,
        "sort_name": entry.name.casefold(),
        "search": f"{entry.name}\n{addresses}".casefold(),
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
        return {"projection": pair(*seen)}


ROW = Row("projection", (Claim("projection", 0.35, 0.5, "events/s"),), measure)
