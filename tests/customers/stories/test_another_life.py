"""After the store went back in time, the list is built anew beside the old one, by itself."""

import asyncio
import logging
import random
from uuid import UUID

import pytest

from shared.projecting.store_check import StoreCheck
from shared.testing.waiting import until
from tests.customers.api.asking import read
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector

FORGET = """with gone as (delete from events where stream = any($1) returning stream)
    delete from streams where stream in (select stream from gone)"""
RAISE = "update store set epoch = epoch + 1"


@pytest.fixture
async def rebuilding(house: House, dice: random.Random) -> Rebuilding:
    """Return a house that runs with two projectors, each keeping all versions."""
    projector = await new_projector(house)
    await house.start(relay=False, runner=False)
    house.run(projector)
    house.run(await new_projector(house))
    return Rebuilding(house, projector, dice)


async def the_first_life(rebuilding: Rebuilding, customers: int) -> list[UUID]:
    """Register so many, relayed and applied; return when no relay runs any more."""
    relay, stop = await rebuilding.house.new_relay(), asyncio.Event()
    relaying = asyncio.create_task(relay.run(stop))
    registered = await rebuilding.register(customers)
    await rebuilding.are_level(1)
    stop.set()
    rebuilding.house.appended.set()
    await relaying
    return registered


async def another_life_begins(house: House) -> None:
    """Raise the epoch, as a restore does, and let a relay publish from 1 again."""
    await house.ask("truth", RAISE)
    house.run(house.relay)


async def test_the_new_life_gets_a_version_of_its_own_equal_to_a_fold(
    rebuilding: Rebuilding,
) -> None:
    house = rebuilding.house
    customers = await the_first_life(rebuilding, 12)
    await house.ask("truth", FORGET, [f"customer-{each}" for each in customers[:5]])
    await another_life_begins(house)
    await rebuilding.register(7)
    await rebuilding.answers(2)
    await rebuilding.are_level(2)
    assert await house.directory_rows() == await house.fold_all()
    assert len(await house.directory_rows()) == 14
    assert await rebuilding.states() == {1: "dropped", 2: "current"}


async def test_the_old_version_answers_on_and_says_until_when_it_is_complete(
    rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = rebuilding.house
    monkeypatch.setattr("shared.projecting.projector.Projector._build", never)
    await the_first_life(rebuilding, 4)
    alice = house.client("alice")
    assert "daybook-data-as-of" not in (await alice.get("/v1/customers")).headers
    await another_life_begins(house)
    await rebuilding.register(1)

    async def is_begun() -> bool:
        return (await rebuilding.states()).get(2) == "building"

    await until(is_begun, what="that a new version is begun")
    await house.ask("views", MARKS, house.followed.source, house.followed.topic)
    await until(lambda: house.watcher.as_of is not None, what="that the watcher saw it")
    answer = await alice.get("/v1/customers")
    assert len(read(answer)["items"]) == 4
    assert house.watcher.as_of is not None
    assert answer.headers["daybook-data-as-of"] == house.watcher.as_of.isoformat()
    assert await rebuilding.states() == {1: "current", 2: "building"}


async def test_a_store_that_goes_back_under_a_running_api_is_found_out_without_a_start(
    rebuilding: Rebuilding, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("shared.projecting.store_check.CHECK_EVERY_SECONDS", 0.05)
    house = rebuilding.house
    truth = await house.lanes(house.databases.truth_dsn, "api", 1)
    views = await house.lanes(house.databases.views_dsn, "api", 1)
    check = StoreCheck(truth, views, house.followed.source, house.followed.topic)
    customers = await the_first_life(rebuilding, 6)
    house.run(check)
    assert (await check.look()).problems == []
    await house.ask("truth", FORGET, [f"customer-{each}" for each in customers[3:]])

    async def is_found() -> bool:
        return await check.epoch() == 2

    await until(is_found, what="that the next epoch begins")
    alarms = [r.getMessage() for r in caplog.records if r.levelno == logging.CRITICAL]
    assert sum("the store was restored or moved" in alarm for alarm in alarms) == 1
    house.run(house.relay)
    await rebuilding.register(2)
    await rebuilding.answers(2)
    await rebuilding.are_level(2)
    assert await house.directory_rows() == await house.fold_all()
    assert len(await house.directory_rows()) == 5
    assert await check.epoch() == 2


MARKS = """insert into projection_marks (projection, version, source, topic, partition, epoch)
    values ('directory', 2, $1, $2, 0, 2)"""


async def never(*_: object) -> None:
    """Build nothing."""
