"""Fault tests stand on a house to write and to judge with, and a nursery for lives that end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from shared.messaging.topics import CUSTOMERS
from shared.settings import KafkaSettings
from tests.faults.audit import MAKE_TALLY
from tests.faults.nursery import Nursery, a_nursery
from tests.ground.broker import Broker, free_port
from tests.ground.house import House, a_house
from tests.ground.processes import service_env
from tests.ground.servers import Databases, Servers


@dataclass(frozen=True, slots=True)
class Ground:
    """A house that runs nothing, and lives of the service on the same databases and broker."""

    house: House
    nursery: Nursery
    broker: Broker
    port: int


@pytest.fixture
async def ground(databases: Databases, own_broker: Broker, tmp_path: Path) -> AsyncIterator[Ground]:
    """Return a ground on the servers of the run: hold no transaction open, kill no server."""
    async with a_ground(databases, own_broker, tmp_path) as its:
        yield its


@pytest.fixture
async def own_ground(
    own_servers: Servers, own_broker: Broker, tmp_path: Path
) -> AsyncIterator[Ground]:
    """Return a ground whose servers are the test's own."""
    async with a_ground(own_servers.databases, own_broker, tmp_path) as its:
        yield its


@asynccontextmanager
async def a_ground(
    databases: Databases, broker: Broker, folder: Path, **more: str
) -> AsyncIterator[Ground]:
    """Have a ground for as long as the body of the `with`; `more` are its lives' variables."""
    port = free_port()
    kafka = broker.settings
    async with house_and_nursery(databases, kafka, folder, port, **more) as (house, nursery):
        yield Ground(house, nursery, broker, port)


@asynccontextmanager
async def house_and_nursery(
    databases: Databases, kafka: KafkaSettings, folder: Path, port: int = 0, **more: str
) -> AsyncIterator[tuple[House, Nursery]]:
    """Have both on these databases and this Kafka; an api would listen on the port."""
    env = service_env(databases, kafka, folder / "secrets", port, **more)
    await _make_tally(databases)
    async with a_house(databases, kafka, CUSTOMERS) as house, a_nursery(env) as nursery:
        yield house, nursery


async def _make_tally(databases: Databases) -> None:
    """Make the table in which the victim notes each event that it applied."""
    connection = await asyncpg.connect(databases.admin_dsn("views"))
    try:
        await connection.execute(MAKE_TALLY)
    finally:
        await connection.close()
