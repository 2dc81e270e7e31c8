"""Read models of the test's own, and a topic that the test fills by hand."""

from collections.abc import AsyncIterator

import pytest

from tests.ground.broker import Broker
from tests.ground.servers import Databases, Servers, new_databases
from tests.shared.projecting.tally import Following


@pytest.fixture
async def views(servers: Servers) -> AsyncIterator[Databases]:
    """Return read models that are the test's own; most tests here need nothing else."""
    async with new_databases(servers, ["views"]) as fresh:
        yield fresh


@pytest.fixture
async def following(views: Databases, broker: Broker) -> AsyncIterator[Following]:
    """Return a topic of the test's own and runners that follow it."""
    its = Following(views, broker.settings)
    try:
        await its.open()
        yield its
    finally:
        await its.close()


@pytest.fixture
async def own_following(views: Databases, own_broker: Broker) -> AsyncIterator[Following]:
    """Return the same on a broker to kill."""
    its = Following(views, own_broker.settings)
    try:
        await its.open()
        yield its
    finally:
        await its.close()
