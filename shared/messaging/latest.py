"""Whoever wants only the newest word on each thing keeps just that, read from the topic itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Generic, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import UnavailableError
from shared.messaging.clients import new_consumer, start_consumer
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings

K = TypeVar("K")
V = TypeVar("V")

POLL_MS = 200
LOOK_EVERY_POLLS = 25
ANSWER_WITHIN_SECONDS = 10.0
PAUSE_SECONDS = 1.0
SWEEP_EVERY_RECORDS = 10_000

log = logging.getLogger(__name__)


class LatestOf(Generic[K, V]):
    """The newest value of each key of a topic; reads without a group, from the beginning.

    `parse` returns key and value of a record's bytes, None for what is not understood; `is_old`
    says which keys nobody needs any more.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topic: Topic,
        parse: Callable[[bytes], tuple[K, V] | None],
        is_old: Callable[[K], bool],
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._parse = parse
        self._is_old = is_old
        self._since_sweep = 0
        self.values: dict[K, V] = {}
        self.told_at: datetime | None = None
        """When the newest record that was read was published."""

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the whole topic until `stop` is set; what fails is tried again."""
        while not stop.is_set():
            try:
                async with self._reading(range(self._topic.partitions)) as consumer:
                    await self._follow(consumer, stop)
            except (KafkaError, OSError) as error:
                told = {"topic": self._topic.name, "error": type(error).__name__}
                log.warning("a topic cannot be read now", extra=told)
            await _pause(stop)

    async def read(self, partition: int) -> None:
        """Read one partition to its end, once.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        place = TopicPartition(self._topic.name, partition)
        try:
            async with (
                asyncio.timeout(ANSWER_WITHIN_SECONDS),
                self._reading([partition]) as consumer,
            ):
                # As long as there is no such topic, nothing was ever told.
                while self._topic.name in await consumer.topics():
                    await self._take(consumer)
                    high = consumer.highwater(place)
                    if high is not None and await consumer.position(place) >= high:
                        return
        except (KafkaError, OSError, TimeoutError) as error:
            raise UnavailableError(
                f"Kafka does not give {self._topic.name} ({type(error).__name__})",
                fix="start the broker; `daybook status` shows whether it runs",
                who_can_help="an operator",
                retry_after_seconds=1,
            ) from error

    async def _follow(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        """Read until `stop` is set or the topic is not there (any more)."""
        polls = 0
        while not stop.is_set():
            # A client that reads what is not there asks for it without a pause.
            if polls % LOOK_EVERY_POLLS == 0 and self._topic.name not in await consumer.topics():
                return
            polls += 1
            await self._take(consumer)

    @asynccontextmanager
    async def _reading(self, partitions: Sequence[int]) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = new_consumer(self._settings)
        try:
            await start_consumer(consumer)
            if self._topic.name in await consumer.topics():
                places = [TopicPartition(self._topic.name, p) for p in partitions]
                consumer.assign(places)
                for place in places:
                    consumer.seek(place, 0)
            yield consumer
        finally:
            await consumer.stop()

    async def _take(self, consumer: AIOKafkaConsumer) -> None:
        for batch in (await consumer.getmany(timeout_ms=POLL_MS)).values():
            for record in batch:
                at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                self.told_at = at if self.told_at is None else max(at, self.told_at)
                read = self._parse(record.value)
                if read is not None:
                    self.values[read[0]] = read[1]
            self._since_sweep += len(batch)
        if self._since_sweep >= SWEEP_EVERY_RECORDS:
            self._since_sweep = 0
            self.values = {k: v for k, v in self.values.items() if not self._is_old(k)}


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)
