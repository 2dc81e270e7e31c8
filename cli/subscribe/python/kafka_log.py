"""The topic as partitions that one reads, and in which one goes back; no group, no offsets kept."""

from dataclasses import dataclass
from typing import Protocol, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

import settings
from daybook import UnavailableError
from event import Event, from_record

BATCH = 500
WAIT_SECONDS = 0.5

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Record:
    """A record; no event if it is nobody's."""

    partition: int
    offset: int
    event: Event | None


@dataclass(frozen=True)
class End:
    """Everything that this partition has now was read."""

    partition: int


class Log(Protocol):
    """What a reader needs of Kafka."""

    def read(self) -> list[Record | End]:
        """Return what came, soon; an empty list if nothing did."""
        ...

    def go_to(self, partition: int, offset: int | None) -> None:
        """Read on from there; None: from the earliest record."""

    def assert_alive(self) -> None:
        """Raise UnavailableError unless Kafka answers, and has the topic."""

    def close(self) -> None:
        """Leave."""


class KafkaLog:
    """Reads every partition of the topic; raises UnavailableError when Kafka does not answer."""

    def __init__(self, places: dict[int, int | None]) -> None:
        """Begin in each partition at an offset, or (None) with its earliest record."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.KAFKA,
                "group.id": settings.NAME,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,
                "topic.metadata.refresh.interval.ms": 5_000,
            }
        )
        self.assert_alive()
        self._consumer.assign([_place(*place) for place in places.items()])

    def read(self) -> list[Record | End]:
        """Return what came, soon; an empty list if nothing did."""
        first = self._consumer.poll(WAIT_SECONDS)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(BATCH - 1, 0)]
        return [read for message in messages if (read := _read(message)) is not None]

    def go_to(self, partition: int, offset: int | None) -> None:
        """Read on from there; None: from the earliest record."""
        try:
            self._consumer.seek(_place(partition, offset))
        except KafkaException as error:
            raise UnavailableError(f"Kafka: {error}") from error

    def assert_alive(self) -> None:
        """Raise UnavailableError unless Kafka answers, and has the topic."""
        try:
            topic = self._consumer.list_topics(settings.TOPIC, timeout=5).topics[settings.TOPIC]
        except KafkaException as error:
            raise UnavailableError(f"Kafka does not answer at {settings.KAFKA}: {error}") from error
        if len(topic.partitions) != settings.PARTITIONS:
            raise UnavailableError(
                f"{settings.TOPIC} has {len(topic.partitions)} partitions by now"
            )

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


def _place(partition: int, offset: int | None) -> TopicPartition:
    where = OFFSET_BEGINNING if offset is None else offset
    return TopicPartition(settings.TOPIC, partition, where)


def _read(message: Message) -> Record | End | None:
    partition, offset = cast(int, message.partition()), cast(int, message.offset())
    error = message.error()
    if error is None:
        headers = cast(Headers | None, message.headers())
        event = from_record(partition, offset, message.key(), headers, message.value())
        return Record(partition, offset, event)
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
        return End(partition)
    return None  # librdkafka has told stderr, and tries again
