"""Read models are seen as the projector sees them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

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
