"""An order about versions that is done twice, because its doer died, is done once in effect."""

import random
from uuid import uuid4

from services.customers.projections.directory import NAME as DIRECTORY
from shared.projecting.orders import Orders
from shared.projecting.version_orders import version_orders
from tests.customers.rebuilding import Rebuilding
from tests.ground.house import House
from tests.ground.projectors import new_projector


async def test_a_way_back_whose_doer_died_before_it_said_so_does_not_go_forth_again(
    house: House, dice: random.Random
) -> None:
    projector = await new_projector(house)
    await house.start(runner=False)
    house.run(projector)
    rebuilding = Rebuilding(house, projector, dice)
    await rebuilding.register(3)
    await projector.versions.begin("test")
    await rebuilding.answers(2)
    api = Orders(await house.lanes(house.databases.views_dsn, "api", 1), uuid4())
    placed = await api.place(uuid4(), DIRECTORY, "back", {}, by="oscar", at=house.clock.now())
    lanes = await house.lanes(house.databases.views_dsn, "projector", 2)
    for _ in range(2):
        orders = Orders(lanes, uuid4())
        order = await orders.next(DIRECTORY, ["back"])
        assert order is not None
        assert order.id == placed.id
        assert await version_orders(projector, orders)["back"](order) == {"version": 1}
        # It dies here: nobody says that the order is done.
        await orders.release(order)
    assert await rebuilding.states() == {1: "current", 2: "previous"}
