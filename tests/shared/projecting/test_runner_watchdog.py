"""A consumer that lives and reads nothing is replaced; an idle one is left alone."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from shared.messaging import clients
from shared.messaging.watchdog import STUCK_AFTER_SECONDS
from shared.projecting import runner as running
from shared.testing.waiting import until
from tests.shared.projecting.tally import Following, records


class Deaf:
    """Makes consumers; the first one hears nothing any more once it is told so."""

    def __init__(self) -> None:
        self.made: list[AIOKafkaConsumer] = []
        self.is_told = False
        self.is_deaf = False
        self._real = clients.new_consumer

    async def hears_nothing(self) -> None:
        """Tell the first one; return when what it still listened to is over."""
        self.is_told = True
        await until(lambda: self.is_deaf, what="that it hears nothing any more")

    def new_consumer(self, *arguments: Any, **more: Any) -> AIOKafkaConsumer:  # noqa: ANN401
        """Make one."""
        consumer = self._real(*arguments, **more)
        self.made.append(consumer)
        if len(self.made) == 1:
            hear = consumer.getmany

            async def getmany(*places: object, timeout_ms: int) -> Mapping[object, object]:
                if not self.is_told:
                    found: Mapping[object, object] = await hear(*places, timeout_ms=timeout_ms)
                    return found
                self.is_deaf = True
                await asyncio.sleep(0)
                return {}

            consumer.getmany = getmany
        return consumer


def age(runner: running.ProjectionRunner) -> float:
    """Return how long ago the runner did anything."""
    seconds = runner.work().age_seconds
    return STUCK_AFTER_SECONDS if seconds is None else seconds


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Deaf:
    its = Deaf()
    monkeypatch.setattr(running, "new_consumer", its.new_consumer)
    return its


async def test_a_consumer_that_stopped_consuming_is_replaced_and_nothing_is_missed(
    following: Following, deaf: Deaf
) -> None:
    await following.publish(0, records(1, 2))
    runner = await following.start_runner()
    await following.has_applied(1, 2)
    await deaf.hears_nothing()
    await following.publish(0, records(3))
    await following.publish(1, records(1))
    following.clock.turn(STUCK_AFTER_SECONDS + 1)
    await following.has_applied(1, 2, 3)
    await following.has_applied(1, partition=1)
    assert runner.status.last_failure == "ConsumerStuckError"
    assert len(deaf.made) == 2


async def test_a_consumer_without_anything_to_read_is_no_stuck_one(
    following: Following, deaf: Deaf
) -> None:
    await following.publish(0, records(1, 2))
    runner = await following.start_runner()
    await following.has_applied(1, 2)
    for _ in range(3):
        following.clock.turn(STUCK_AFTER_SECONDS + 1)
        await until(lambda: age(runner) < STUCK_AFTER_SECONDS, what="another look")
    await following.publish(0, records(3))
    await following.has_applied(1, 2, 3)
    assert runner.status.last_failure is None
    assert len(deaf.made) == 1
