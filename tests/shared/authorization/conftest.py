"""On the PostgreSQL of the run: a table of customers, and read models without a kept copy."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from tests.ground.servers import Databases, Servers

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


@pytest.fixture
async def lanes(databases: Databases) -> AsyncIterator[Lanes]:
    """Return lanes to the read models, where no copy of permissions is kept."""
    admin = await asyncpg.connect(databases.admin_dsn("views"))
    await admin.execute("delete from permission_copy")
    await admin.close()
    its = Lanes(dsn_for(databases.views_dsn, "api"), 1, application_name="copy")
    await its.open()
    yield its
    await its.close()
