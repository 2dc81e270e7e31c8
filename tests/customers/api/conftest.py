"""The tests of one module share a house that runs; what each of them needs it makes itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Servers, new_databases

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a module in one event loop, the one its house lives in."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(servers: Servers, broker: Broker) -> AsyncIterator[House]:
    """Return the module's house; relay, directory and watcher run."""
    async with new_databases(servers) as databases, a_house(databases, broker.settings) as its:
        await its.start()
        yield its
