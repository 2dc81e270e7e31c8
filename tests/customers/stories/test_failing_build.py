"""A build that fails is tried again; one that always fails alike is given up, and says so."""

import random
from uuid import UUID, uuid4

import pytest

from services.customers.projections.directory import NAME as DIRECTORY
from shared.errors import UnavailableError
from shared.projecting import building
from shared.projecting.order_taker import OrderTaker
from shared.projecting.orders import Order, Orders
from shared.projecting.rebuild import Rebuild
from shared.projecting.version_orders import version_orders
from shared.testing.waiting import until
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector


@pytest.fixture
async def rebuilding(house: House, dice: random.Random) -> Rebuilding:
    projector = await new_projector(house)
    await house.start(runner=False)
    house.run(projector)
    lanes = await house.lanes(house.databases.views_dsn, "projector", 3)
    orders = Orders(lanes, uuid4())
    house.run(OrderTaker(orders, lanes, DIRECTORY, version_orders(projector, orders)))
    its = Rebuilding(house, projector, dice)
    await its.register(3)
    await its.are_level(1)
    return its


@pytest.fixture
async def api(house: House) -> Orders:
    return Orders(await house.lanes(house.databases.views_dsn, "api", 1), uuid4())


async def order(api: Orders, house: House) -> UUID:
    at = house.clock.now()
    return (await api.place(uuid4(), DIRECTORY, "rebuild", {}, by="oscar", at=at)).id


async def ended(api: Orders, order_id: UUID) -> Order:
    async def has_ended() -> Order | None:
        order = await api.read(DIRECTORY, order_id)
        return order if order.state in {"done", "failed"} else None

    await until(has_ended, what="the end of the order")
    return await api.read(DIRECTORY, order_id)


async def test_a_build_that_always_fails_alike_is_given_up_and_the_old_version_answers(
    rebuilding: Rebuilding, api: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "FIRST_PAUSE_SECONDS", 0.01)
    mended, tries = Rebuild.run, []

    async def fails(its: Rebuild, *_: object) -> bool:
        tries.append(its)
        raise KeyError("ada@work.example")

    monkeypatch.setattr(Rebuild, "run", fails)
    failed = await ended(api, await order(api, rebuilding.house))
    assert failed.state == "failed"
    assert "version 2 stands still: it failed 5 times with KeyError at tests/" in str(failed.error)
    assert "order the rebuild again" in str(failed.fix)
    assert "who can help: " in str(failed.fix)
    assert "ada@" not in str(failed)
    assert len(tries) == 5
    assert await rebuilding.states() == {1: "current", 2: "building"}
    await rebuilding.register(2)
    await rebuilding.are_level(1)
    monkeypatch.setattr(Rebuild, "run", mended)
    assert (await ended(api, await order(api, rebuilding.house))).state == "done"
    assert await rebuilding.states() == {1: "previous", 2: "current"}


async def test_a_server_that_is_away_is_waited_for_and_the_order_says_so(
    rebuilding: Rebuilding, api: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(building, "LONGEST_PAUSE_SECONDS", 0.02)
    back, tries = Rebuild.run, []

    async def is_away(its: Rebuild, *_: object) -> bool:
        tries.append(its)
        raise UnavailableError("the keys do not answer")

    monkeypatch.setattr(Rebuild, "run", is_away)
    order_id = await order(api, rebuilding.house)

    async def says_so() -> bool:
        told = (await api.read(DIRECTORY, order_id)).progress or {}
        return told.get("trouble") == "the keys do not answer"

    await until(says_so, what="that the order says what it waits for")
    await until(lambda: len(tries) > 3 * building.MOST_EQUAL_FAILURES, what="more tries")
    monkeypatch.setattr(Rebuild, "run", back)
    done = await ended(api, order_id)
    assert done.state == "done"
    (version,) = [v for v in await rebuilding.projector.versions.read() if v.number == 2]
    assert version.trouble is None
