"""While one node of three is killed, cut off or restarted, every event goes through once."""

from pathlib import Path
from random import Random

import pytest

from shared.messaging.topics import CUSTOMERS
from shared.testing.waiting import until
from tests.faults.audit import all_sent, assert_directory_is_exact, assert_kafka_has_the_feed
from tests.faults.conftest import house_and_nursery
from tests.faults.writers import Writers, goes_on
from tests.ground.house import House
from tests.ground.servers import Databases
from tests.ground.three_nodes import IDS, ThreeNodes

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]

# A round that gets no answer is given up after ten seconds, and the next may meet the same node.
WITHIN_SECONDS = 150.0


async def test_no_event_is_lost_while_a_node_is_killed_another_cut_off_and_each_restarted(
    databases: Databases, three_nodes: ThreeNodes, tmp_path: Path, dice: Random
) -> None:
    async with house_and_nursery(databases, three_nodes.settings, tmp_path) as (house, nursery):
        writers = Writers(house, dice)
        await nursery.begin("relay")
        await nursery.begin("projector")

        async with writers.writing(4):
            await goes_on(house.applied, WITHIN_SECONDS)
            await three_nodes.are_in_sync()

            killed = await three_nodes.leader(CUSTOMERS.name)
            three_nodes.kill(killed)
            assert await three_nodes.leader(CUSTOMERS.name, other_than=killed)
            await all_goes_through(house)
            three_nodes.start(killed)
            await three_nodes.are_in_sync()

            alone = await three_nodes.leader(CUSTOMERS.name)
            three_nodes.cut_off(alone)
            assert await three_nodes.leader(CUSTOMERS.name, other_than=alone)
            await all_goes_through(house)
            three_nodes.join(alone)
            await three_nodes.are_in_sync()

            for node in IDS:
                await three_nodes.stop(node)
                await all_goes_through(house)
                three_nodes.start(node)
                await three_nodes.are_in_sync()

        await all_sent(house, WITHIN_SECONDS)
        await house.caught_up(WITHIN_SECONDS)
        stored = await assert_kafka_has_the_feed(house)
        assert sum(map(len, stored.values())) == writers.committed
        await assert_directory_is_exact(house)
        assert "Kafka lost its log" not in nursery.output(), "what lies on two nodes was sent again"


async def all_goes_through(house: House) -> None:
    """Wait until all that is stored now is applied, on every partition; more is being written."""
    stored = await house.stored()

    async def is_applied() -> bool:
        applied = await house.applied()
        return all(applied.get(partition, 0) >= n for partition, n in stored.items())

    await until(is_applied, WITHIN_SECONDS, what="that every partition goes on")
