"""What is held up is said to be: by whom it waits, and since when."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.testing.waiting import until
from tests.customers.api.asking import assert_problem, read, register
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Servers

WAITING = {"state": "waiting", "at": None, "milliseconds": None}


@pytest.fixture
async def lonely(own_servers: Servers, broker: Broker) -> AsyncIterator[House]:
    """Return a house on servers that nobody else uses."""
    async with a_house(own_servers.databases, broker.settings) as house:
        yield house


async def test_a_change_waits_for_an_older_transaction_and_the_lag_says_whose(
    lonely: House,
) -> None:
    await lonely.start()
    alice, oscar = lonely.client("alice"), lonely.client("oscar")
    blocker = await asyncpg.connect(lonely.databases.admin_dsn("truth"))
    try:
        async with blocker.transaction():
            await blocker.execute("select pg_current_xact_id()")
            ada = await register(alice)
            path = f"/v1/customers/{ada['id']}/journey"
            journey = read(await alice.get(path))
            assert journey["feed_position"] is None
            assert journey["stored"]["state"] == "arrived"
            assert journey["kafka"] == WAITING
            assert journey["read_models"] == [{"name": "directory", **WAITING}]
            horizon = read(await oscar.get("/v1/lag"))["horizon"]
            assert horizon["blocking_pid"] == blocker.get_server_pid()
            assert horizon["lag_ms"] >= 0
    finally:
        await blocker.close()
    await lonely.caught_up()
    journey = read(await alice.get(path))
    assert journey["feed_position"] == 1
    assert journey["kafka"]["state"] == "arrived"
    assert read(await oscar.get("/v1/lag"))["horizon"]["blocking_pid"] is None


async def test_a_change_that_kafka_has_waits_for_the_directory(house: House) -> None:
    await house.start(runner=False)
    alice = house.client("alice")
    ada = await register(alice)
    path = f"/v1/customers/{ada['id']}/journey"

    async def is_on_kafka() -> bool:
        return bool(read(await alice.get(path))["kafka"]["state"] == "arrived")

    await until(is_on_kafka)
    journey = read(await alice.get(path))
    assert journey["read_models"] == [{"name": "directory", **WAITING}]


async def test_who_watches_before_the_directory_follows_is_told_to_come_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(relay=False, runner=False)
    monkeypatch.setattr("services.customers.api.watch.WAIT_SECONDS", 0.1)
    answer = await house.client("alice").get("/v1/watch")
    problem = assert_problem(answer, 503, "not-yet")
    assert "not begun to follow" in problem["detail"]
    assert answer.headers["Retry-After"] == "1"
    assert "operator" in problem["who_can_help"]
