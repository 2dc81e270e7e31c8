"""A views server that crashes forgets its last moments, and forgets their marks with them."""

from random import Random

import pytest

from tests.faults.audit import assert_directory_is_exact
from tests.faults.conftest import Ground
from tests.faults.writers import Writers, goes_on
from tests.ground.servers import Servers

pytestmark = pytest.mark.journey


async def test_a_views_server_that_crashes_twice_under_load_costs_no_event_and_doubles_none(
    own_ground: Ground, own_servers: Servers, dice: Random
) -> None:
    house = own_ground.house
    writers = Writers(house, dice)
    for role in ("relay", "projector"):
        await own_ground.nursery.begin(role)

    async with writers.writing(4):
        for _ in range(2):
            await goes_on(house.applied)
            own_servers.kill("views")
            own_servers.start("views")
            await goes_on(house.applied)

    await house.caught_up()
    await assert_directory_is_exact(house)
