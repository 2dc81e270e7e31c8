"""A relay or projector that dies at any call leaves nothing that its successor does not heal."""

import pytest

from tests.faults.audit import (
    all_sent,
    assert_directory_is_exact,
    assert_kafka_has_the_feed,
    assert_rounds_tile,
)
from tests.faults.conftest import Ground
from tests.faults.lives import (
    die_everywhere,
    projector_heals,
    relay_heals,
)
from tests.faults.two_customers import TwoCustomers

pytestmark = pytest.mark.journey

ADVANCE = "execute select relay_advance"
START_OVER = "fetch update relay_checkpoints set txid = '0'"
NOTIFY = "execute select pg_notify"


async def test_a_relay_killed_between_any_two_calls_of_a_round_loses_and_doubles_nothing(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()

    await die_everywhere(
        nursery, "relay", ADVANCE, customers.change, lambda: relay_heals(house, nursery),
        "before fetch select e.*", "before send_batch", "before hearing of send_batch",
        f"before {ADVANCE}", "before stop",
    )  # fmt: skip
    await assert_kafka_has_the_feed(house)
    await assert_rounds_tile(house)


@pytest.mark.embedded  # on Apache Kafka each of its lives would wait for a log that may be late
async def test_a_relay_killed_anywhere_while_it_fills_an_emptied_kafka_still_fills_it_whole(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()
    await relay_heals(house, nursery)

    async def change_and_empty() -> None:
        await customers.change()
        ground.broker.kill()
        ground.broker.start()

    await die_everywhere(
        nursery, "relay", ADVANCE, change_and_empty, lambda: relay_heals(house, nursery),
        f"before {START_OVER}", "before fetch select e.*", "before send_batch",
        "before hearing of send_batch", f"before {ADVANCE}",
    )  # fmt: skip
    await assert_kafka_has_the_feed(house)


async def test_a_projector_killed_between_any_two_calls_of_a_batch_applies_each_event_once(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()
    await nursery.begin("relay")

    async def change_and_send() -> None:
        await customers.change()
        await all_sent(house)

    await die_everywhere(
        nursery, "projector", NOTIFY, change_and_send, lambda: projector_heals(house, nursery),
        "before getmany", "before execute BEGIN", "before execute insert into directory",
        "before execute insert into tally", "before fetchval with moved", "before execute COMMIT",
        f"before {NOTIFY}", "before stop",
    )  # fmt: skip
    await assert_directory_is_exact(house)
