"""Fault tests have a house to write and to judge with, and a nursery for the lives that end."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.messaging.topics import CUSTOMERS
from tests.faults.audit import MAKE_TALLY
from tests.faults.nursery import Nursery, a_nursery
from tests.ground.broker import Broker, free_port
from tests.ground.house import House, a_house
from tests.ground.processes import service_env
from tests.ground.servers import Databases


@pytest.fixture
async def house(databases: Databases, own_broker: Broker) -> AsyncIterator[House]:
    """Return a house that shares databases and topic with the lives; it runs nothing itself."""
    async with a_house(databases, own_broker.settings, CUSTOMERS) as its:
        await make_tally(databases)
        yield its


@pytest.fixture
async def nursery(house: House, tmp_path: Path) -> AsyncIterator[Nursery]:
    """Return a nursery whose lives use the house's databases and broker."""
    env = service_env(house.databases, house.kafka, tmp_path / "secrets", free_port())
    async with a_nursery(env) as its:
        yield its


async def make_tally(databases: Databases) -> None:
    """Make the table in which the victim notes each event that it applied."""
    connection = await asyncpg.connect(databases.admin_dsn("views"))
    try:
        await connection.execute(MAKE_TALLY)
    finally:
        await connection.close()
