"""Eight writers at once: they register and rename, collide, roll back, and hold transactions open.

They note what they were promised (a commit that was acknowledged) and what they took back.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import asyncpg
from uuid6 import uuid7

from services.customers.domain.customer.events import (
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
    NameDetails,
    RegisteredDetails,
)
from services.customers.storage.codec import CODEC
from shared.errors import VersionConflictError
from shared.events import Origin
from shared.eventstore.store import EventStore
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.subject_keys import SubjectKey
from shared.testing.waiting import until
from tests.faults.two_customers import ACTOR
from tests.ground.house import House

WRITERS = 8
SHARED_CUSTOMERS = 30
# A held transaction goes on when the others have committed so many times more; as long as only
# some hold one, the others do.
HELD_FOR = 5
MOST_HOLDING = 2
MORE = 100


@dataclass(slots=True)
class Ledger:
    """What the writers know, whatever relay and projector do."""

    promised: set[UUID] = field(default_factory=set)
    taken_back: set[UUID] = field(default_factory=set)
    conflicts: int = 0
    held: int = 0


@dataclass(slots=True)
class _Customer:
    stream: str
    subject: str
    key: SubjectKey
    version: int = 0


class OneTransaction(Lanes):
    """Lanes of one connection that somebody else has begun a transaction on.

    What is executed beside the append is committed at once, on a connection of its own.
    """

    def __init__(self, connection: asyncpg.Connection, dsn: str) -> None:
        self._connection = connection
        self._dsn_beside = dsn

    async def execute(self, sql: str, *arguments: object) -> str:
        """Run one statement and commit it."""
        beside = await asyncpg.connect(self._dsn_beside)
        try:
            return await beside.execute(sql, *arguments)
        finally:
            await beside.close()

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        """Run one statement inside the transaction."""
        return await self._connection.fetchrow(sql, *arguments)


class Writers:
    """Everybody who writes while a test breaks things; `ledger` says what must be there."""

    def __init__(self, house: House, dice: Random) -> None:
        self._house = house
        self._dice = dice
        self._customers: list[_Customer] = []
        self._stopping = asyncio.Event()
        self._holding = 0
        self.ledger = Ledger()

    @property
    def committed(self) -> int:
        """How many events were acknowledged until now."""
        return len(self.ledger.promised)

    async def go_on(self) -> None:
        """Wait until a hundred events more are committed than now."""
        enough = self.committed + MORE
        await until(lambda: self.committed >= enough, what="that the writers go on")

    @asynccontextmanager
    async def writing(self, writers: int = WRITERS) -> AsyncIterator[None]:
        """Write for as long as the body of the `with`; whatever a writer raises fails the test."""
        for _ in range(SHARED_CUSTOMERS):
            await self._register(self._house.store)
        async with asyncio.TaskGroup() as group:
            for _ in range(writers):
                group.create_task(self._write())
            try:
                yield
            finally:
                self._stopping.set()

    @asynccontextmanager
    async def idle_transaction(self) -> AsyncIterator[None]:
        """Append, and commit only after the body of the `with`: nobody may read past it."""
        async with self._transaction() as (store, connection):
            transaction = connection.transaction()
            await transaction.start()
            event_id = await self._append(store, await self._stranger(), first=True)
            yield
            await transaction.commit()
            self.ledger.promised.add(event_id)

    async def _write(self) -> None:
        async with self._transaction() as (store, connection):
            while not self._stopping.is_set():
                match self._dice.randrange(10):
                    case 0:
                        await self._take_back(store, connection)
                    case 1 if self._holding < MOST_HOLDING:
                        await self._hold(store, connection)
                    case 2 | 3:
                        await self._register(self._house.store)
                    case _:
                        await self._rename()

    async def _register(self, store: EventStore) -> None:
        customer = await self._stranger()
        self.ledger.promised.add(await self._append(store, customer, first=True))
        self._customers.append(customer)

    async def _rename(self) -> None:
        """Rename one of a few, so that others often do the same and one of them loses."""
        customer = self._dice.choice(self._customers[:SHARED_CUSTOMERS])
        try:
            self.ledger.promised.add(await self._append(self._house.store, customer))
        except VersionConflictError:
            self.ledger.conflicts += 1

    async def _take_back(self, store: EventStore, connection: asyncpg.Connection) -> None:
        transaction = connection.transaction()
        await transaction.start()
        event_id = await self._append(store, await self._stranger(), first=True)
        await transaction.rollback()
        self.ledger.taken_back.add(event_id)

    async def _hold(self, store: EventStore, connection: asyncpg.Connection) -> None:
        """Commit late: what was written meanwhile has higher numbers and is there first."""
        self._holding += 1
        transaction = connection.transaction()
        await transaction.start()
        event_id = await self._append(store, await self._stranger(), first=True)
        enough = self.committed + HELD_FOR
        await until(lambda: self._stopping.is_set() or self.committed >= enough, what="the others")
        self._holding -= 1
        await transaction.commit()
        self.ledger.promised.add(event_id)
        self.ledger.held += 1

    async def _append(self, store: EventStore, customer: _Customer, *, first: bool = False) -> UUID:
        event_id = uuid7()
        event: CustomerEvent
        if first:
            details = RegisteredDetails(name="Ada")
            event = CustomerRegistered(
                kind="person", key_commitment=customer.key.commitment, personal=details
            )
        else:
            event = CustomerRenamed(personal=NameDetails(name=f"Ada {event_id}"))
        expected = customer.version
        appended = await store.append(
            customer.stream, customer.subject, expected,
            [CODEC.encode(event, event_id, customer.key)],
            Origin(ACTOR, uuid4()), self._house.clock.now(),
        )  # fmt: skip
        customer.version = appended.version
        return event_id

    async def _stranger(self) -> _Customer:
        customer_id = uuid7()
        key = await self._house.pool.take()
        return _Customer(f"customer-{customer_id}", str(customer_id), key)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[tuple[EventStore, asyncpg.Connection]]:
        """Have a store whose appends become part of a transaction that the caller begins."""
        dsn = dsn_for(self._house.databases.truth_dsn, "api")
        connection = await asyncpg.connect(dsn)
        try:
            lanes = OneTransaction(connection, dsn)
            yield EventStore(lanes, "customers", CUSTOMERS.partitions), connection
        finally:
            connection.terminate()


async def goes_on(counts: Callable[[], Awaitable[dict[int, int]]], within: float = 60.0) -> None:
    """Wait until a hundred events more are through than now."""
    enough = sum((await counts()).values()) + MORE

    async def is_further() -> bool:
        return sum((await counts()).values()) >= enough

    await until(is_further, within, what="that events go through")
