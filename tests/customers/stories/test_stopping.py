"""A process that stops waits for nobody: neither for its canary nor for those who watch."""

import asyncio

from shared.testing.waiting import until
from tests.customers.api.listening import listening
from tests.ground.house import House


async def test_a_canary_under_way_is_given_up_when_the_process_stops(house: House) -> None:
    await house.start(runner=False)
    keeping = asyncio.create_task(house.canary.run(house.stopping))
    await until(house.stored, what="that the canary is on its way")
    house.stopping.set()
    await keeping
    assert house.canary.last is None


async def test_whoever_watches_is_let_go_when_the_process_stops(house: House) -> None:
    await house.start()
    async with listening(house) as listener:
        assert await listener.next() is not None
        house.stopping.set()
        assert await listener.next() is None
