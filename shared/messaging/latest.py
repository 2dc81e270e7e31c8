"""Whoever wants only the newest word on each thing keeps just that, read from the topic itself."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import UnavailableError
from shared.messaging.following import follow, reading, take_what_came
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings

K = TypeVar("K")
V = TypeVar("V")

ANSWER_WITHIN_SECONDS = 10.0
SWEEP_EVERY_RECORDS = 10_000


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
        await follow(self._settings, self._topic, self._take, stop, begin="first")

    async def read(self, partition: int) -> None:
        """Read one partition to its end, once.

        Raises:
            UnavailableError: Kafka does not answer.
        """
        place = TopicPartition(self._topic.name, partition)
        try:
            async with (
                asyncio.timeout(ANSWER_WITHIN_SECONDS),
                reading(self._settings, self._topic, [partition]) as consumer,
            ):
                # As long as there is no such topic, nothing was ever told.
                while consumer.assignment() and self._topic.name in await consumer.topics():
                    await take_what_came(consumer, self._take)
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

    def _take(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
            self.told_at = at if self.told_at is None else max(at, self.told_at)
            read = self._parse(record.value)
            if read is not None:
                self.values[read[0]] = read[1]
        self._since_sweep += len(records)
        if self._since_sweep >= SWEEP_EVERY_RECORDS:
            self._since_sweep = 0
            self.values = {k: v for k, v in self.values.items() if not self._is_old(k)}
