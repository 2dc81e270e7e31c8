"""Read models are seen as the projector sees them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.versions import settings_of
from tests.ground.servers import Databases


@pytest.fixture
async def views(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to empty read models, as the projector has it."""
    its_tables = dict(settings_of("directory", 1))
    dsn = databases.views_dsn.format(role="projector")
    connection = await asyncpg.connect(dsn, server_settings=its_tables)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def lanes(databases: Databases) -> AsyncIterator[Lanes]:
    """Return the api's connections for searches."""
    its = Lanes(
        dsn_for(databases.views_dsn, "api"), 1, application_name="searches", settings=SETTINGS
    )
    await its.open()
    yield its
    await its.close()


@pytest.fixture
def queries(lanes: Lanes) -> DirectoryQueries:
    """Return what the api asks the directory with."""
    return DirectoryQueries(lanes)
