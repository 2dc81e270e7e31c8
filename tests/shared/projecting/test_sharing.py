"""On Apache Kafka runners share the partitions; nobody's share is lost, and nothing comes twice."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.observability.work import FINE
from shared.projecting.runner import ProjectionRunner
from shared.testing.waiting import until
from tests.ground.servers import Servers, new_databases
from tests.shared.projecting.tally import PARTITIONS, Following, a_record, records

pytestmark = [pytest.mark.kafka, pytest.mark.kafka_lane]
ALL = set(range(PARTITIONS))
WITHIN_SECONDS = 30.0


@pytest.fixture(autouse=True)
def on_apache_kafka(following: Following) -> None:
    assert following.kafka.shares_partitions, "run these with --kafka apache"


async def has_shares(runners: Sequence[ProjectionRunner], *sizes: int) -> None:
    """Return once the runners have so many partitions each, in any order, and together all."""

    def is_so() -> bool:
        its = [runner.status.partitions for runner in runners]
        return sorted(map(len, its)) == sorted(sizes) and set().union(*its) == ALL

    await until(is_so, WITHIN_SECONDS, what=f"that the runners have {sizes} partitions")


async def test_runners_share_the_partitions_and_one_without_any_is_well_and_says_so(
    following: Following,
) -> None:
    runners = [await following.start_runner() for _ in range(3)]
    await has_shares(runners, 1, 1, 0)
    for first in range(1, 31, 10):
        for partition in ALL:
            await following.publish(partition, records(*range(first, first + 10)))
    for partition in ALL:
        await following.has_applied(*range(1, 31), partition=partition)

    def stands_by() -> list[bool]:
        return sorted("stands by" in str(runner.work().did) for runner in runners)

    await until(lambda: stands_by() == [False, False, True], what="that one stands by")
    assert {runner.work().state for runner in runners} == {FINE}


async def test_who_joins_reads_on_from_the_marks_and_who_leaves_is_replaced_at_once(
    following: Following,
) -> None:
    first, stop = await following.new_runner(), asyncio.Event()
    running = asyncio.create_task(first.run(stop))
    for partition in ALL:
        await following.publish(partition, records(1, 2, 3))
        await following.has_applied(1, 2, 3, partition=partition)
    second = await following.start_runner()
    await has_shares([first, second], 1, 1)
    for partition in ALL:
        await following.publish(partition, records(3, 4))
        await following.has_applied(1, 2, 3, 4, partition=partition)
    stop.set()
    await running
    await has_shares([second], 2)
    for partition in ALL:
        await following.publish(partition, records(4, 5))
        await following.has_applied(1, 2, 3, 4, 5, partition=partition)
    assert second.status.last_failure is None


async def test_a_repair_lets_nobody_leave_the_group(following: Following) -> None:
    runners = [await following.start_runner() for _ in range(2)]
    await has_shares(runners, 1, 1)
    sql = "update projection_marks set repairs = repairs + 1 where projection = 'tally'"
    await following.ask("views", sql)
    before = [runner.status.partitions for runner in runners]
    for partition in ALL:
        await following.publish(partition, records(1, 2))
        await following.has_applied(1, 2, partition=partition)
    assert [runner.status.partitions for runner in runners] == before
    assert [runner.status.last_failure for runner in runners] == [None, None]


async def test_the_first_event_of_a_partition_is_of_the_life_that_the_others_are_of(
    following: Following,
) -> None:
    runners = [await following.start_runner() for _ in range(2)]
    await has_shares(runners, 1, 1)
    await following.publish(0, records(1))
    await following.has_applied(1)
    # Whoever has partition 1 has not seen any event, and so no epoch.
    await following.publish(1, [a_record(1, epoch=2)])
    its = next(runner for runner in runners if 1 in runner.status.partitions)
    await until(lambda: its.status.gaps > 0, what="that the new life was met")
    assert await following.applied(1) == []
    assert (await following.marks())[1][0] == 0


async def test_read_models_in_another_database_share_with_nobody(
    following: Following, servers: Servers
) -> None:
    async with new_databases(servers, ["views"]) as views:
        other = Following(views, following.kafka)
        other.topic, other.followed = following.topic, following.followed
        try:
            await other.open()
            runners = [await its.start_runner() for its in (following, other)]
            for partition in ALL:
                await following.publish(partition, records(1, 2))
                for its in (following, other):
                    await its.has_applied(1, 2, partition=partition)
            assert [runner.status.partitions for runner in runners] == [ALL, ALL]
        finally:
            await other.close()
