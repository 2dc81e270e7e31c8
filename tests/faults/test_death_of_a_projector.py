"""What a projector had that was killed or hangs, another applies: Apache Kafka gives it away."""

import asyncio
import signal
from collections.abc import Sequence

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from services.customers.projections.directory import NAME as DIRECTORY
from shared.messaging.topics import CUSTOMERS
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.faults.audit import assert_directory_is_exact
from tests.faults.conftest import Ground
from tests.faults.two_customers import TwoCustomers

pytestmark = [pytest.mark.journey, pytest.mark.kafka_lane]
WITHIN_SECONDS = 60.0
HALF, ALL = CUSTOMERS.partitions // 2, CUSTOMERS.partitions


async def test_what_a_dead_or_a_hanging_projector_had_is_applied_by_the_other(
    ground: Ground,
) -> None:
    house, nursery = ground.house, ground.nursery
    customers = TwoCustomers(house)
    await customers.register()
    await nursery.begin("relay")
    hanging = await nursery.begin("projector")
    dead = await nursery.begin("projector")
    await are_shared_out(house.kafka, HALF, HALF)

    await dead.kill()
    await customers.change()
    await house.caught_up(WITHIN_SECONDS)
    await nursery.begin("projector")
    await are_shared_out(house.kafka, HALF, HALF)
    hanging.send(signal.SIGSTOP)
    await customers.change()
    await house.caught_up(WITHIN_SECONDS)
    await are_shared_out(house.kafka, ALL)
    hanging.send(signal.SIGCONT)
    await are_shared_out(house.kafka, HALF, HALF)
    await customers.change()
    await house.caught_up(WITHIN_SECONDS)

    await assert_directory_is_exact(house)


async def are_shared_out(kafka: KafkaSettings, *shares: int) -> None:
    """Return once Kafka says that it is so, asked by another client than ours."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})

    async def is_so() -> bool:
        seen = await asyncio.to_thread(_shares, admin)
        return seen == [sorted(shares)]

    await until(is_so, WITHIN_SECONDS, what=f"that the members have {shares} partitions")


def _shares(admin: AdminClient) -> list[Sequence[int]]:
    """Return how many partitions each member has, by group; nothing while Kafka is silent."""
    prefix = f"{CUSTOMERS.name}.{DIRECTORY}@1."
    try:
        groups = [g.group_id for g in admin.list_consumer_groups().result(5).valid]
        ours = [group for group in groups if group.startswith(prefix)]
        described = [each.result(5) for each in admin.describe_consumer_groups(ours).values()]
    except (KafkaException, ValueError):
        return []
    return [sorted(len(m.assignment.topic_partitions) for m in its.members) for its in described]
