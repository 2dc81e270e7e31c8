"""A client is closed by whoever opened it, whatever its own parts do meanwhile."""

import asyncio
from typing import Never

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.clients import new_consumer, start_consumer
from tests.ground.notebook import Notebook

LONG_SECONDS = 60


async def test_a_consumer_that_waits_to_ask_again_is_stopped_with_its_connections(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notebook.make_topic()
    consumer = new_consumer(notebook.kafka)
    await start_consumer(consumer)
    place = TopicPartition(notebook.topic.name, 0)
    await consumer.end_offsets([place])
    failed = asyncio.Event()

    async def fails(*_: object) -> Never:
        failed.set()
        raise KafkaError

    # What happens while a broker hangs; nothing from outside tells when aiokafka sleeps after it.
    monkeypatch.setattr(consumer._client, "send", fails)  # noqa: SLF001
    monkeypatch.setattr(consumer._fetcher, "_retry_backoff", LONG_SECONDS)  # noqa: SLF001
    consumer.assign([place])
    consumer.seek(place, 0)
    async with asyncio.timeout(LONG_SECONDS):
        await failed.wait()
        await asyncio.sleep(0)
        await consumer.stop()
    connections = consumer._client._conns.values()  # noqa: SLF001
    assert connections
    assert not any(connection.connected() for connection in connections)
