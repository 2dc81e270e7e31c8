"""An event store of the test's own, used as the api role, and a superuser who looks behind it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.eventstore.feed import Feed
from shared.eventstore.store import EventStore
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from tests.ground.servers import Databases, Servers, new_databases

PARTITIONS = 12
TOPIC = "daybook.notes.v1"


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    """Return a truth that is the test's own; nothing here needs views or keys."""
    async with new_databases(servers, ["truth"]) as fresh:
        yield fresh


@pytest.fixture
async def lanes(databases: Databases) -> AsyncIterator[Lanes]:
    """Return the api role's connections to the truth."""
    its = Lanes(dsn_for(databases.truth_dsn, "api"), 8, application_name="test")
    await its.open()
    yield its
    await its.close()


@pytest.fixture
def store(lanes: Lanes) -> EventStore:
    """Return the event store."""
    return EventStore(lanes, "notes", PARTITIONS)


@pytest.fixture
def feed(lanes: Lanes) -> Feed:
    """Return its feed."""
    return Feed(lanes, TOPIC)


@pytest.fixture
async def admin(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Return a superuser's connection to the truth."""
    connection = await asyncpg.connect(databases.admin_dsn("truth"))
    yield connection
    await connection.close()
