"""A process that was stopped, not dead, wakes up when another has long taken its place."""

import signal

import pytest

from shared.testing.waiting import until
from tests.faults.audit import (
    all_sent,
    assert_directory_is_exact,
    assert_kafka_has_the_feed,
    assert_rounds_tile,
    read_topic,
)
from tests.faults.conftest import Ground
from tests.faults.nursery import stopped
from tests.faults.two_customers import TwoCustomers
from tests.ground.house import House

pytestmark = pytest.mark.journey

OWNERS = "select distinct owner from relay_checkpoints where lease_until > clock_timestamp()"
WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = $1"


@pytest.mark.parametrize("place", ["before send_batch", "before execute select relay_advance"])
async def test_a_leader_stopped_longer_than_its_lease_doubles_nothing_and_steps_back(
    ground: Ground, place: str
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()
    await nursery.begin("projector")
    old = await nursery.begin("relay", 1, signal.SIGSTOP, text=place)
    await stopped(old)
    before = await owners(house)

    new = await nursery.begin("relay")
    await customers.change()
    await all_sent(house)
    after = await owners(house)

    async def shared() -> bool:
        return await owners(house) == before | after

    async def left_to_the_old() -> bool:
        return await owners(house) == before

    old.send(signal.SIGCONT)
    await until(lambda: "LeaseLostError" in nursery.output(), what="that the old one steps back")
    await customers.change()
    await house.caught_up()
    await until(shared, what="that both have their share")
    await new.kill()
    await customers.change()
    await house.caught_up()
    await until(left_to_the_old, what="that the old one leads everything again")

    assert len(before) == len(after) == 1
    assert after != before
    stored = await assert_kafka_has_the_feed(house)
    await assert_rounds_tile(house)
    await assert_directory_is_exact(house)
    sent = await read_topic(house.kafka)
    # Or the test would not have seen what a late leader does.
    assert sum(map(len, sent.values())) > sum(map(len, stored.values()))


async def test_a_projector_stopped_with_a_batch_in_hand_applies_it_no_second_time(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()
    await nursery.begin("relay")
    old = await nursery.begin("projector", 1, signal.SIGSTOP, text="before execute BEGIN")
    await stopped(old)

    new = await nursery.begin("projector")
    await customers.change()
    await house.caught_up()
    old.send(signal.SIGCONT)
    await until(lambda: "another runner moved a mark" in nursery.output(), what="the old one")
    await new.kill()
    await customers.change()
    await house.caught_up()

    await assert_directory_is_exact(house)


async def test_a_projector_stopped_inside_its_transaction_keeps_the_other_from_applying_twice(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()
    await nursery.begin("relay")
    old = await nursery.begin("projector", 1, signal.SIGSTOP, text="before fetchval with moved")
    await stopped(old)

    await nursery.begin("projector")
    await until(lambda: is_waiting(house), what="that the other waits for the stopped one")
    old.send(signal.SIGCONT)
    await until(lambda: "another runner moved a mark" in nursery.output(), what="the other one")
    await old.kill()
    await customers.change()
    await house.caught_up()

    await assert_directory_is_exact(house)


async def owners(house: House) -> set[object]:
    return {row["owner"] for row in await house.ask("truth", OWNERS)}


async def is_waiting(house: House) -> bool:
    return bool(await house.ask("views", WAITING, house.databases.name))
