"""A store with a topic, and nothing behind it."""

from collections.abc import AsyncIterator

import pytest

from tests.ground.broker import Broker
from tests.ground.notebook import Notebook, a_notebook
from tests.ground.servers import Databases, Servers, new_databases


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    """Return a truth that is the test's own; nothing here needs views or keys."""
    async with new_databases(servers, ["truth"]) as fresh:
        yield fresh


@pytest.fixture
async def notebook(databases: Databases, broker: Broker) -> AsyncIterator[Notebook]:
    """Return a store with a topic of its own on the broker of the run."""
    async with a_notebook(databases, broker.settings) as its:
        yield its


@pytest.fixture
async def own_notebook(databases: Databases, own_broker: Broker) -> AsyncIterator[Notebook]:
    """Return a store with a broker of its own, to kill."""
    async with a_notebook(databases, own_broker.settings) as its:
        yield its
