"""A table of customers on the PostgreSQL of the run, gone with the connection."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.ground.servers import Servers

TABLE = """
create temp table rows (
    id uuid primary key, owner uuid, sensitivity smallint,
    status text, size bigint, vip boolean, tags text[]
)"""


@pytest.fixture
async def rows(servers: Servers) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection with an empty table of customers."""
    connection = await asyncpg.connect(servers.admin_dsn("views"))
    try:
        await connection.execute(TABLE)
        yield connection
    finally:
        await connection.close()
