"""The Kafka client alone: same settings, values, headers and partitions as the relay; no store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from uuid import uuid4

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.messaging.clients import new_consumer
from shared.messaging.topics import Topic, ensure_topics
from shared.settings import KafkaSettings

BATCH_RECORDS = 250
POLL_MS = 200

Message = tuple[int, bytes, bytes, list[tuple[str, bytes]]]


class Client:
    """Sends the same ready-made messages (partition, key, value, headers) again and again."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def send_batch(self, messages: Sequence[Message]) -> float:
        """Return the rate of explicit batches, each sent as soon as it is full."""
        started = perf_counter()
        batches: dict[int, BatchBuilder] = {}
        futures = []
        for partition, key, value, headers in messages:
            batch = batches.get(partition)
            if batch is None:
                batch = batches[partition] = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)
            if batch.record_count() == BATCH_RECORDS:
                del batches[partition]
                futures.append(await self._send(batch, partition))
        futures += [await self._send(batch, partition) for partition, batch in batches.items()]
        await asyncio.gather(*futures)
        return len(messages) / (perf_counter() - started)

    async def send(self, messages: Sequence[Message]) -> float:
        """Return the rate of one `send` per message; the client makes the batches."""
        started = perf_counter()
        futures = [
            await self._producer.send(self._topic, value, key, partition, headers=headers)
            for partition, key, value, headers in messages
        ]
        await asyncio.gather(*futures)
        return len(messages) / (perf_counter() - started)

    async def _send(self, batch: BatchBuilder, partition: int) -> asyncio.Future[object]:
        future: asyncio.Future[object] = await self._producer.send_batch(
            batch, self._topic, partition=partition
        )
        return future


@asynccontextmanager
async def an_empty_topic(settings: KafkaSettings, partitions: int) -> AsyncIterator[Topic]:
    """Give a topic of its own; what lies in it is gone afterwards."""
    topic = Topic(f"bench-{uuid4()}", partitions)
    await ensure_topics(settings, [topic])
    try:
        yield topic
    finally:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([topic.name])
        finally:
            await admin.close()


async def messages_of(settings: KafkaSettings, topic: Topic) -> list[Message]:
    """Return what lies in a topic, as it would be sent again, the partitions by turns."""
    records = [record async for record in _all_of(settings, topic)]
    records.sort(key=lambda record: record.offset)
    return [(each.partition, each.key, each.value, list(each.headers)) for each in records]


async def count_records(settings: KafkaSettings, topic: Topic) -> int:
    """Return how many records the topic holds, by reading all of them."""
    counted = 0
    async for _ in _all_of(settings, topic):
        counted += 1
    return counted


async def _all_of(settings: KafkaSettings, topic: Topic) -> AsyncIterator[ConsumerRecord]:
    consumer = new_consumer(settings, max_poll_records=10_000)
    left = {TopicPartition(topic.name, number) for number in range(topic.partitions)}
    await consumer.start()
    try:
        consumer.assign(list(left))
        await consumer.seek_to_beginning()
        while left:
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    yield record
            for place in list(left):
                high = consumer.highwater(place)
                if high is not None and await consumer.position(place) >= high:
                    left.remove(place)
    finally:
        await consumer.stop()
