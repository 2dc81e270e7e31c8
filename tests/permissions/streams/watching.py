"""A stream looks at the records of a topic, and what it tells can be waited for."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson

from services.permissions.streams.habits import Habits, UnusualSettings
from services.permissions.streams.unusual import UnusualAccess
from shared.clock import Clock
from shared.messaging.latest import LatestOf
from shared.messaging.publishing import Publisher
from shared.messaging.streams import LiveStream
from shared.messaging.topics import Topic
from shared.observability.metrics import UNMEASURED
from shared.settings import KafkaSettings
from shared.testing.waiting import until

WITHIN = 60.0


class Watched:
    """What is told, the newest of each subject and pattern."""

    def __init__(self, kafka: KafkaSettings, alerts: Topic) -> None:
        self.newest: LatestOf[tuple[str, str], Mapping[str, Any]] = LatestOf(
            kafka, alerts, _read, lambda _: False
        )

    async def alert(self, pattern: str) -> Mapping[str, Any]:
        """Wait for the one alert of this pattern."""

        def told() -> list[Mapping[str, Any]]:
            return [one for (its, _), one in self.newest.values.items() if its == pattern]

        await until(told, WITHIN, what=f"that {pattern} is told")
        [alert] = told()
        return alert


@asynccontextmanager
async def watched(
    kafka: KafkaSettings, access: Topic, source: str, settings: UnusualSettings, clock: Clock
) -> AsyncIterator[Watched]:
    """Have a stream look at the records of this topic for a while."""
    alerts = Topic(f"{access.name}.alerts", access.partitions)
    publisher = Publisher(kafka, alerts, "permissions")
    unusual = UnusualAccess(Habits(settings), publisher, clock, UNMEASURED)
    name = f"unusual-{uuid4().hex[:8]}"
    stream = LiveStream(name, access, source, unusual, kafka, clock, UNMEASURED)
    its, stop = Watched(kafka, alerts), asyncio.Event()
    running = [asyncio.create_task(part.run(stop)) for part in (stream, its.newest)]
    try:
        yield its
    finally:
        stop.set()
        await asyncio.gather(*running)
        await publisher.close()


def _read(value: bytes) -> tuple[tuple[str, str], Mapping[str, Any]]:
    alert = orjson.loads(value)
    return (alert["pattern"], alert["subject"]), alert
