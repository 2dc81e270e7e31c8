"""Every topic has its partition count before anybody uses it, and nothing else makes topics."""

from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.errors import UnavailableError
from shared.messaging.clients import new_consumer, new_producer, start_consumer
from shared.messaging.topics import Topic, ensure_topics
from shared.settings import KafkaSettings
from tests.ground.broker import Broker, free_port


def _topic(partitions: int) -> Topic:
    return Topic(f"daybook.test.{uuid4().hex[:12]}", partitions)


async def _counts(broker: Broker, *topics: Topic) -> dict[str, int]:
    """Return the partition counts of those that are there, without asking for the others."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        there = set(await admin.list_topics()) & {topic.name for topic in topics}
        described = await admin.describe_topics(list(there)) if there else []
        return {each["topic"]: len(each["partitions"]) for each in described}
    finally:
        await admin.close()


async def _make_by_hand(broker: Broker, topic: Topic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1)])
    finally:
        await admin.close()


async def test_missing_topics_are_made_with_their_partition_counts(broker: Broker) -> None:
    one, twelve = _topic(1), _topic(12)
    assert await ensure_topics(broker.settings, [one]) == [one.name]
    assert await ensure_topics(broker.settings, [one, twelve]) == [twelve.name]
    assert await ensure_topics(broker.settings, [one, twelve]) == []
    assert await _counts(broker, one, twelve) == {one.name: 1, twelve.name: 12}


@pytest.mark.embedded
async def test_on_the_embedded_broker_a_misshapen_topic_is_made_anew(broker: Broker) -> None:
    wanted = _topic(4)
    await _make_by_hand(broker, Topic(wanted.name, 2))
    assert await _counts(broker, wanted) == {wanted.name: 2}
    assert await ensure_topics(broker.settings, [wanted]) == [wanted.name]
    assert await _counts(broker, wanted) == {wanted.name: 4}


async def test_on_another_broker_a_misshapen_topic_is_an_operators_decision(
    broker: Broker,
) -> None:
    wanted = _topic(4)
    await _make_by_hand(broker, Topic(wanted.name, 2))
    settings = KafkaSettings(mode="kafka", bootstrap=broker.bootstrap)
    with pytest.raises(UnavailableError) as refused:
        await ensure_topics(settings, [wanted])
    assert refused.value.problem_code == "topic-misshapen"
    assert await _counts(broker, wanted) == {wanted.name: 2}


async def test_a_broker_that_is_away_is_told_in_a_sentence() -> None:
    nowhere = KafkaSettings(mode="embedded", bootstrap=f"127.0.0.1:{free_port()}")
    with pytest.raises(UnavailableError) as refused:
        await ensure_topics(nowhere, [_topic(1)])
    assert refused.value.fix is not None


async def test_neither_a_reader_nor_a_writer_makes_a_topic_that_is_not_there(
    broker: Broker,
) -> None:
    missing = _topic(1)
    consumer = new_consumer(broker.settings)
    await start_consumer(consumer)
    consumer.assign([TopicPartition(missing.name, 0)])
    assert await consumer.getmany(timeout_ms=100) == {}
    await consumer.stop()
    producer = new_producer(broker.settings)
    await producer.start()
    assert await producer.client.force_metadata_update()
    await producer.stop()
    assert await _counts(broker, missing) == {}


async def test_a_client_may_be_stopped_as_soon_as_it_was_started(broker: Broker) -> None:
    consumer = new_consumer(broker.settings)
    await start_consumer(consumer)
    await consumer.stop()
