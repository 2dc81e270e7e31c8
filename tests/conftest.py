"""What every test may ask for: servers, databases, a broker, a clock, a whole service."""

import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import hypothesis  # noqa: F401 - its plugin would import it while the results are told
import pytest

from cli.local.postgres import KINDS
from shared.testing.clock import TurnableClock
from tests.ground.apache import a_node, formed_data
from tests.ground.broker import Broker, one_broker
from tests.ground.house import House, a_house
from tests.ground.servers import Databases, Servers, new_databases, three_servers

SEED = int(os.environ.get("DAYBOOK_TEST_SEED", "20260304"))
MARKED = {
    "servers": pytest.mark.postgres,
    "own_servers": pytest.mark.postgres,
    "held_up_servers": pytest.mark.postgres,
    "broker": pytest.mark.kafka,
    "own_broker": pytest.mark.kafka,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the run choose what its brokers are."""
    parser.addoption("--kafka", choices=("embedded", "apache"), default="embedded")


def pytest_report_header() -> str:
    """Say what the dice of this run are thrown with."""
    return f"DAYBOOK_TEST_SEED={SEED}"


def pytest_configure() -> None:
    """Let a run that is told to end (`timeout`, CI) tidy up as after Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `-m 'not postgres and not kafka'` runs anywhere."""
    for item in items:
        for fixture, mark in MARKED.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@pytest.fixture
def clock() -> TurnableClock:
    """Return a clock that stands still until the test turns it."""
    return TurnableClock()


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Return random numbers that are the same in every run (DAYBOOK_TEST_SEED changes them)."""
    print(f"DAYBOOK_TEST_SEED={SEED}")  # noqa: T201 - pytest shows it when the test fails
    return random.Random(f"{SEED} {request.node.name}")  # noqa: S311 - no secrets are made of it


@pytest.fixture(scope="session")
def formed_servers() -> Iterator[Servers]:
    """Return three migrated servers that are ended; made once, because it takes seconds."""
    with three_servers() as three:
        for kind in KINDS:
            three.stop(kind)
        yield three


@pytest.fixture(scope="session")
def servers(formed_servers: Servers) -> Iterator[Servers]:
    """Return the three PostgreSQL servers of the run; hold no transaction open on them."""
    with three_servers(formed_servers) as three:
        yield three


@pytest.fixture
async def databases(servers: Servers) -> AsyncIterator[Databases]:
    """Return migrated databases that are the test's own."""
    async with new_databases(servers) as fresh:
        yield fresh


@pytest.fixture
def own_servers(formed_servers: Servers) -> Iterator[Servers]:
    """Return three PostgreSQL servers that are the test's own, to kill or to hold up."""
    with three_servers(formed_servers) as three:
        yield three


@pytest.fixture(scope="session")
def formed_kafka(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what a node of Apache Kafka begins with; formed once, because it takes a second."""
    return formed_data(tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="session")
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Return the broker of the run; use topics with names of your own."""
    with _as_chosen(request)() as one:
        yield one


@pytest.fixture
def own_broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Return a broker that is the test's own, to kill and to start again empty."""
    with _as_chosen(request)() as one:
        yield one


def _as_chosen(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager[Broker]]:
    if request.config.getoption("kafka") == "embedded":
        return one_broker
    return partial(a_node, request.getfixturevalue("formed_kafka"))


@pytest.fixture
async def house(databases: Databases, broker: Broker) -> AsyncIterator[House]:
    """Return the customers service on databases and a topic of its own; `start` runs it."""
    async with a_house(databases, broker.settings) as its:
        yield its
