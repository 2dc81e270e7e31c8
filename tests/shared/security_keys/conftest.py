"""A key database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.security.key_grants import KeyGrants
from shared.security.master_key import KnownMasterKeys
from shared.security.subject_keys import SubjectKeys
from tests.ground.servers import Databases, Servers, new_databases

MASTER = KnownMasterKeys(b"m" * 32)


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    """Return a key database; nothing here needs another."""
    async with new_databases(servers, ["keys"]) as fresh:
        yield fresh


@pytest.fixture
async def lanes(databases: Databases) -> AsyncIterator[Lanes]:
    """Return the api role's connections to it."""
    its = Lanes(dsn_for(databases.keys_dsn, "api"), 4, application_name="test")
    await its.open()
    yield its
    await its.close()


@pytest.fixture
def keys(lanes: Lanes) -> SubjectKeys:
    """Return the subject keys in it."""
    return SubjectKeys(lanes, MASTER)


@pytest.fixture
def grants(lanes: Lanes) -> KeyGrants:
    """Return who gives keys of it away."""
    return KeyGrants(lanes, MASTER)
