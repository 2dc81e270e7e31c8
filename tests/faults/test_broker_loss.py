"""A broker that comes back empty is filled from the store; the read model never counts twice."""

import asyncio
import signal
from random import Random

import pytest

from shared.messaging.topics import CUSTOMERS, ensure_topics
from tests.faults.audit import all_sent, assert_directory_is_exact, assert_kafka_has_the_feed
from tests.faults.conftest import Ground
from tests.faults.two_customers import TwoCustomers
from tests.faults.writers import Writers, goes_on
from tests.ground.broker import Broker

pytestmark = pytest.mark.journey


async def test_a_broker_that_restarts_empty_twice_under_load_costs_no_event_and_doubles_none(
    ground: Ground, dice: Random
) -> None:
    house, nursery = ground.house, ground.nursery
    writers = Writers(house, dice)
    await nursery.begin("relay")
    projector = await nursery.begin("projector")

    async with writers.writing(4):
        await goes_on(house.applied)
        await restart(ground.broker)
        await goes_on(house.applied)
        # This time Kafka dies with events that the projector has not seen yet.
        projector.send(signal.SIGSTOP)
        await goes_on(house.feed.sent_up_to)
        await restart(ground.broker)
        projector.send(signal.SIGCONT)
        await goes_on(house.applied)

    await all_sent(house)
    await house.caught_up()
    stored = await assert_kafka_has_the_feed(house)
    assert sum(map(len, stored.values())) == writers.committed
    await assert_directory_is_exact(house)


async def test_a_broker_that_comes_back_empty_and_is_sent_to_at_once_is_still_filled_whole(
    ground: Ground,
) -> None:
    house = ground.house
    customers = TwoCustomers(house)
    await customers.register()
    await ground.nursery.begin("relay")
    await all_sent(house)

    await restart(ground.broker)
    # Another process makes the topic, so that nothing tells the relay that it was away.
    await ensure_topics(house.kafka, [CUSTOMERS])
    await customers.change()
    await all_sent(house)
    await ground.nursery.begin("projector")
    await house.caught_up()

    await assert_kafka_has_the_feed(house, is_strict=False)
    await assert_directory_is_exact(house)


async def restart(broker: Broker) -> None:
    """Kill it and start it empty, while everything else goes on."""
    broker.kill()
    broker.begin()
    await asyncio.to_thread(broker.await_ready)
