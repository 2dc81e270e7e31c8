"""A directory of so many customers, loaded by COPY of rows that the projection itself made."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from uuid import UUID

import asyncpg
import orjson

from bench.ground import Databases
from bench.people import people
from bench.samples import NOW
from services.customers.domain.customer.events import (
    CustomerEvent,
    CustomerRenamed,
    CustomerStageChanged,
    NameDetails,
)
from services.customers.projections.directory import Directory
from services.customers.projections.directory_rows import Entry, row_of, text_of
from shared.messaging.headers import ReceivedEvent
from shared.postgres.dsn import dsn_for
from shared.projecting.applied import AppliedEvent
from shared.projecting.versions import settings_of

AT_A_TIME = 20_000
KEPT = 500
SCHEMA = "directory_1"
INDEXES = f"""select indexname, indexdef from pg_indexes
    where schemaname = '{SCHEMA}' and indexname not like '%_pkey'"""
COLUMNS = ("id", "kind", "name", "stage", "owner", "country", "facets", "is_archived", "is_erased",
    "version", "registered_at", "changed_at", "sort_name", "details")  # fmt: skip
TEXT_COLUMNS = ("id", "search", "keys")

Known = tuple[UUID, Entry]


class LargeDirectory:
    """The directory in one set of databases; `known` are some customers of it."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.known: list[Known] = []

    async def fill(self, count: int) -> None:
        """Load the rows without indexes, then make these, as the migration defines them."""
        owner = await asyncpg.connect(dsn_for(self.databases.views, "migrate"))
        await owner.execute("set role \"customers_owner\"; set maintenance_work_mem = '256MB'")
        indexes = await owner.fetch(INDEXES)
        for name, _ in indexes:
            await owner.execute(f"drop index {SCHEMA}.{name}")
        coming = people(count)
        while some := list(islice(coming, AT_A_TIME)):
            await owner.copy_records_to_table(
                "directory", schema_name=SCHEMA, columns=COLUMNS, records=_rows(some)
            )
            await owner.copy_records_to_table(
                "directory_text", schema_name=SCHEMA, columns=TEXT_COLUMNS, records=_texts(some)
            )
            self.known += some[:: max(count // KEPT, 1)]
        for _, definition in indexes:
            await owner.execute(definition)
        await owner.execute(f"vacuum analyze {SCHEMA}.directory")
        await owner.execute(f"vacuum analyze {SCHEMA}.directory_text")
        await owner.close()


class Writer:
    """Lets things happen to the known customers, through the projection, batch by batch."""

    def __init__(self, directory: LargeDirectory, connection: asyncpg.Connection) -> None:
        self._known = directory.known
        self._connection = connection
        self._number = 0
        self._versions: dict[UUID, int] = {}

    @classmethod
    async def of(cls, directory: LargeDirectory) -> "Writer":
        """Connect as a projector does."""
        dsn = dsn_for(directory.databases.views, "projector")
        its_tables = dict(settings_of("directory", 1))
        return cls(directory, await asyncpg.connect(dsn, server_settings=its_tables))

    async def batch(self, size: int) -> None:
        """Apply so many events, half of them of another name."""
        batch = [self._next() for _ in range(size)]
        async with self._connection.transaction():
            await Directory().apply(self._connection, batch)

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()

    def _next(self) -> AppliedEvent:
        self._number += 1
        customer_id, entry = self._known[self._number % len(self._known)]
        version = self._versions[customer_id] = self._versions.get(customer_id, 1) + 1
        event: CustomerEvent = CustomerStageChanged(stage="active")
        if self._number % 2:
            event = CustomerRenamed(personal=NameDetails(name=f"{entry.customer.name} {version}"))
        received = ReceivedEvent(
            "bench", 1, "bench", 0, self._number, self._number, 1, self._number, "",
            type(event).__name__, 1, f"customer-{customer_id}", version, str(customer_id),
            (NOW + timedelta(seconds=self._number)).isoformat(), None, b"",
        )  # fmt: skip
        return AppliedEvent(received, event)


def _rows(some: list[Known]) -> Iterator[tuple[object, ...]]:
    for customer_id, entry in some:
        row = dict(row_of(str(customer_id), entry))
        row["details"] = orjson.dumps(row["details"]).decode()
        yield tuple(row[name] for name in COLUMNS)


def _texts(some: list[Known]) -> Iterator[tuple[object, ...]]:
    for customer_id, entry in some:
        row = text_of(str(customer_id), entry.customer)
        yield tuple(row[name] for name in TEXT_COLUMNS)
