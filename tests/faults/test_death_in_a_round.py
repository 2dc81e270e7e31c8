"""A relay or projector that dies at any call leaves nothing that its successor does not heal."""

import pytest

from tests.faults.audit import (
    assert_directory_is_exact,
    assert_kafka_has_the_feed,
    assert_rounds_tile,
    all_sent,
)
from tests.faults.lives import (
    TwoCustomers,
    assert_died_at,
    die_everywhere,
    projector_heals,
    relay_heals,
)
from tests.faults.nursery import Nursery
from tests.ground.house import House

pytestmark = pytest.mark.journey

ADVANCE = "execute select relay_advance"
NOTIFY = "execute select pg_notify"


async def test_a_relay_killed_between_any_two_calls_of_a_round_loses_and_doubles_nothing(
    house: House, nursery: Nursery
) -> None:
    customers = TwoCustomers(house)
    await customers.register()

    places = await die_everywhere(
        nursery, "relay", ADVANCE, customers.change, lambda: relay_heals(house, nursery)
    )

    assert_died_at(
        places, "before fetch select e.*", "before send_batch", "after send_batch",
        "acknowledged send_batch", f"before {ADVANCE}", f"after {ADVANCE}",
    )  # fmt: skip
    await assert_kafka_has_the_feed(house)
    await assert_rounds_tile(house)


async def test_a_projector_killed_between_any_two_calls_of_a_batch_applies_each_event_once(
    house: House, nursery: Nursery
) -> None:
    customers = TwoCustomers(house)
    await customers.register()
    await nursery.begin("relay")

    async def change_and_send() -> None:
        await customers.change()
        await all_sent(house)

    places = await die_everywhere(
        nursery, "projector", NOTIFY, change_and_send, lambda: projector_heals(house, nursery)
    )

    assert_died_at(
        places, "before getmany", "before execute BEGIN", "before execute insert into directory",
        "before execute insert into tally", "before fetchval with moved", "before execute COMMIT",
        "after execute COMMIT", f"before {NOTIFY}", f"after {NOTIFY}",
    )  # fmt: skip
    await assert_directory_is_exact(house)
