"""What Kafka still has is found out by fetching it."""

from dataclasses import replace
from uuid import uuid4

import pytest

from shared.messaging.log_check import BrokerSilentError, LogState, check_log
from shared.messaging.log_watch import LogWatch
from shared.messaging.outbox import Checkpoint
from shared.messaging.topics import Topic, ensure_topics
from shared.settings import KafkaSettings
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from tests.ground.broker import Broker, free_port
from tests.ground.events import some_events, write
from tests.ground.notebook import Notebook

SOURCE = "/daybook/notes"


async def _filled(notebook: Notebook) -> list[Checkpoint]:
    """Send five events of one partition and return the checkpoints."""
    relay = await notebook.start_relay()
    await write(notebook.store, "note-1", 0, some_events(5))
    await until(lambda: relay.status.events_sent == 5, what="the sending")
    await notebook.stop()
    rows = await notebook.ask(
        "truth",
        "select partition, epoch, txid, position, feed_position, kafka_offset"
        " from relay_checkpoints order by kafka_offset nulls last",
    )
    return [Checkpoint(*row) for row in rows]


async def _check(
    notebook: Notebook, checkpoints: list[Checkpoint], *, to_the_end: bool = False
) -> LogState:
    return await check_log(
        notebook.kafka, notebook.topic.name, SOURCE, checkpoints, to_the_end=to_the_end
    )


async def test_a_log_that_is_as_it_was_left_has_lost_nothing_and_has_nothing_more(
    notebook: Notebook,
) -> None:
    checkpoints = await _filled(notebook)
    assert checkpoints[0].kafka_offset == 4
    for to_the_end in (False, True):
        state = await _check(notebook, checkpoints, to_the_end=to_the_end)
        assert (state.lost, state.beyond) == (set(), [])


async def test_another_record_where_the_last_one_was_means_that_the_log_was_lost(
    notebook: Notebook,
) -> None:
    [sent, *_] = await _filled(notebook)
    others = [
        replace(sent, kafka_offset=3),
        replace(sent, kafka_offset=5),
        replace(sent, kafka_offset=500),
        replace(sent, feed_position=6),
        replace(sent, epoch=2),
    ]
    for other in others:
        assert (await _check(notebook, [other])).lost == {sent.partition}
    state = await check_log(
        notebook.kafka, notebook.topic.name, "/daybook/others", [sent], to_the_end=False
    )
    assert state.lost == {sent.partition}


async def test_what_lies_beyond_the_checkpoint_is_named_when_asked(notebook: Notebook) -> None:
    [sent, *_] = await _filled(notebook)
    stored = await notebook.store.load("note-1")
    earlier = replace(sent, feed_position=3, kafka_offset=2)
    never = replace(sent, feed_position=0, kafka_offset=None)
    for checkpoint, beyond in ((earlier, stored[3:]), (never, stored)):
        state = await _check(notebook, [checkpoint], to_the_end=True)
        assert state.beyond == [(e.stream, e.version, str(e.event_id)) for e in beyond]
        assert state.lost == set()


async def test_a_running_check_reads_one_record_however_much_follows_it(
    notebook: Notebook,
) -> None:
    [sent, *_] = await _filled(notebook)
    state = await _check(notebook, [replace(sent, feed_position=1, kafka_offset=0)])
    assert (state.lost, state.beyond) == (set(), [])


async def test_where_the_last_record_is_gone_all_that_stands_there_now_is_named_when_asked(
    notebook: Notebook,
) -> None:
    [sent, *_] = await _filled(notebook)
    stored = await notebook.store.load("note-1")
    for gone in (replace(sent, kafka_offset=500), replace(sent, kafka_offset=2)):
        state = await _check(notebook, [gone], to_the_end=True)
        assert state.lost == {sent.partition}
        assert {event_id for _, _, event_id in state.beyond} == {str(e.event_id) for e in stored}


async def test_records_of_a_later_epoch_are_told_apart(notebook: Notebook) -> None:
    [sent, *_] = await _filled(notebook)
    older = Checkpoint(sent.partition, 0, 0, 0, 0, None)
    state = await _check(notebook, [older], to_the_end=True)
    assert (state.newest_epoch, state.beyond) == (1, [])


async def test_a_broker_that_does_not_answer_has_not_lost_anything() -> None:
    nowhere = KafkaSettings(mode="embedded", bootstrap=f"127.0.0.1:{free_port()}")
    with pytest.raises(BrokerSilentError):
        await check_log(nowhere, "t", SOURCE, [Checkpoint(0, 1, 1, 1, 1, 0)], to_the_end=False)


async def test_a_watch_looks_again_every_few_seconds_and_tells_once(
    notebook: Notebook, clock: TurnableClock
) -> None:
    [sent, *_] = await _filled(notebook)
    gone = replace(sent, kafka_offset=500)
    watch = LogWatch(notebook.kafka, notebook.topic.name, SOURCE, clock)
    assert await watch.look([sent]) == set()
    assert await watch.look([gone]) == {sent.partition}
    assert watch.changed([gone]) == set()
    clock.turn(5)
    told: list[set[int]] = []

    def is_told() -> bool:
        told.append(watch.changed([gone]))
        return bool(told[-1])

    await until(is_told, what="the next look")
    assert told[-1] == {sent.partition}
    assert watch.changed([gone]) == set()
    await watch.stop()


async def test_a_watch_that_gets_no_answer_tells_nothing(clock: TurnableClock) -> None:
    nowhere = KafkaSettings(mode="embedded", bootstrap=f"127.0.0.1:{free_port()}")
    watch = LogWatch(nowhere, "t", SOURCE, clock)
    place = Checkpoint(0, 1, 1, 1, 1, 0)
    with pytest.raises(BrokerSilentError):
        await watch.look([place])
    clock.turn(5)
    told: list[set[int]] = []

    def has_looked_for_long() -> bool:
        told.append(watch.changed([place]))
        return len(told) > 50

    await until(has_looked_for_long, what="the looks")
    assert told == [set()] * len(told)
    await watch.stop()


async def test_every_partition_of_an_emptied_log_is_found_lost_in_one_look(broker: Broker) -> None:
    topic = Topic(f"daybook.test.{uuid4().hex[:12]}", 12)
    await ensure_topics(broker.settings, [topic])
    places = [Checkpoint(p, 1, 1, 1, 900, 899) for p in range(12)]
    state = await check_log(broker.settings, topic.name, SOURCE, places, to_the_end=True)
    assert state.lost == set(range(12))
    assert state.beyond == []
