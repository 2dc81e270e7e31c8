"""A live stream that is given nothing though there is more, or whose log is gone, is noticed."""

import pytest

from shared.errors import UnavailableError
from shared.messaging.headers import ReceivedEvent, received, source_of
from shared.messaging.stream_watch import STUCK_AFTER_SECONDS, StreamWatch
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.events import some_events, write
from tests.ground.notebook import Notebook

LONG = STUCK_AFTER_SECONDS + 1


async def sent(notebook: Notebook, number: int) -> list[ReceivedEvent]:
    """Append so many events to one stream, and return them as Kafka has them."""
    relay = await notebook.start_relay()
    await write(notebook.store, "note-1", 0, some_events(number))
    await until(lambda: relay.status.events_sent == number, what="that Kafka has them")
    found = [received(record) for record in await notebook.records(number)]
    return [event for event in found if event is not None]


def watch_of(notebook: Notebook, clock: TurnableClock) -> StreamWatch:
    return StreamWatch(notebook.kafka, notebook.topic, source_of(notebook.service), clock)


async def test_a_worker_that_has_everything_may_be_idle_for_as_long_as_it_likes(
    notebook: Notebook, clock: TurnableClock
) -> None:
    watch = watch_of(notebook, clock)
    events = await sent(notebook, 2)
    for event in events:
        watch.given(event.partition, event.offset, event)
    clock.turn(LONG)
    assert await watch.look({events[0].partition: 2})


async def test_a_worker_that_is_given_nothing_though_there_is_more_is_stuck_after_half_a_minute(
    notebook: Notebook, clock: TurnableClock
) -> None:
    watch = watch_of(notebook, clock)
    [first, _] = await sent(notebook, 2)
    watch.given(first.partition, first.offset, first)
    clock.turn(STUCK_AFTER_SECONDS - 1)
    assert await watch.look({first.partition: 1})
    clock.turn(2)
    with pytest.raises(UnavailableError, match="stands still") as stuck:
        await watch.look({first.partition: 1})
    assert stuck.value.problem_code == "stream-stuck"
    watch.forget({first.partition})
    assert await watch.look({first.partition: 1}), "who has just got a partition has time"


def test_a_worker_that_takes_one_event_for_half_a_minute_hangs_whatever_kafka_says(
    notebook: Notebook, clock: TurnableClock
) -> None:
    watch = watch_of(notebook, clock)
    watch.given(0, 0, None)
    clock.turn(STUCK_AFTER_SECONDS - 1)
    watch.refuse_to_hang()
    clock.turn(2)
    with pytest.raises(UnavailableError, match="being taken"):
        watch.refuse_to_hang()
    watch.taken()
    watch.refuse_to_hang()


async def test_a_record_where_another_lay_before_is_of_another_log(
    notebook: Notebook, clock: TurnableClock
) -> None:
    watch = watch_of(notebook, clock)
    watch.given(3, 7, None)
    with pytest.raises(UnavailableError, match="emptied") as emptied:
        watch.given(3, 0, None)
    assert emptied.value.problem_code == "log-emptied"


async def test_a_log_that_was_emptied_is_found_out_though_nothing_comes(
    own_notebook: Notebook, own_broker: Broker, clock: TurnableClock
) -> None:
    watch = watch_of(own_notebook, clock)
    [event] = await sent(own_notebook, 1)
    watch.given(event.partition, event.offset, event)
    assert await watch.look({event.partition: 1})
    await own_notebook.stop()
    own_broker.kill()
    assert not await watch.look({event.partition: 1}), "a broker that is away shows nothing"
    own_broker.start()
    await own_notebook.make_topic()
    with pytest.raises(UnavailableError, match="emptied"):
        await watch.look({event.partition: 1})
