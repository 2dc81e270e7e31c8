"""Who waits at the end of a topic hears of an event when a reader of the topic could."""

from unittest.mock import patch

import pytest
from aiokafka import AIOKafkaConsumer

from shared.errors import NotYetError
from shared.eventstore.tokens import TokenPart
from shared.messaging.headers import source_of
from shared.messaging.tail import TopicTail
from shared.testing.waiting import until
from tests.ground.events import write
from tests.ground.notebook import Notebook


def tail_of(notebook: Notebook) -> TopicTail:
    tail = TopicTail(notebook.kafka, notebook.topic, source_of(notebook.service))
    notebook.run(tail)
    return tail


async def test_an_event_has_arrived_once_it_can_be_read_and_not_before(notebook: Notebook) -> None:
    tail = tail_of(notebook)
    token = (await write(notebook.store, "note-1", 0)).token
    with pytest.raises(NotYetError):
        await tail.wait_for([token], 0.1)
    await notebook.start_relay()
    await tail.wait_for([token], 60)
    await tail_of(notebook).wait_for([token], 60)


async def test_a_topic_that_comes_into_being_while_it_is_looked_for_is_read(
    notebook: Notebook,
) -> None:
    token = (await write(notebook.store, "note-1", 0)).token
    asked = AIOKafkaConsumer.topics
    answers = iter([set[str]()])

    async def late_once(self: AIOKafkaConsumer) -> set[str]:
        there: set[str] = await asked(self)
        return next(answers, there)

    relay = await notebook.start_relay()
    await until(lambda: relay.status.events_sent, what="a topic with an event")
    with patch.object(AIOKafkaConsumer, "topics", late_once):
        await tail_of(notebook).wait_for([token], 60)


async def test_what_another_service_wrote_there_is_not_waited_for(notebook: Notebook) -> None:
    await write(notebook.store, "note-1", 0)
    other = TopicTail(notebook.kafka, notebook.topic, "/daybook/other")
    notebook.run(other)
    await notebook.start_relay()
    await notebook.records(1)
    with pytest.raises(NotYetError):
        await other.wait_for([TokenPart("other", 1, 0, 1, 1)], 0.1)
