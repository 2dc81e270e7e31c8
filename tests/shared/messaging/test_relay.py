"""What the store has, Kafka gets: in order, numbered without a gap, each number one event."""

import random
from collections import defaultdict
from datetime import timedelta
from functools import partial
from uuid import UUID

from aiokafka import ConsumerRecord

from shared.events import EventToAppend
from shared.messaging.headers import ReceivedEvent, received
from shared.testing.waiting import until
from tests.ground.events import some_events, write
from tests.ground.notebook import PARTITIONS, Notebook

DAY = timedelta(days=1).total_seconds()


def numbered(records: list[ConsumerRecord]) -> dict[int, list[ReceivedEvent]]:
    """Return the events per partition, after checking that each is one of ours."""
    found: dict[int, list[ReceivedEvent]] = defaultdict(list)
    for record in records:
        event = received(record)
        assert event is not None
        found[event.partition].append(event)
    return found


async def test_every_partition_is_numbered_from_one_in_the_order_of_its_feed(
    notebook: Notebook, dice: random.Random
) -> None:
    await notebook.start_relay()
    versions = dict.fromkeys((f"note-{n}" for n in range(8)), 0)
    for _ in range(60):
        stream = dice.choice(list(versions))
        events = some_events(dice.randint(1, 3))
        await write(notebook.store, stream, versions[stream], events)
        versions[stream] += len(events)
    by_partition = numbered(await notebook.records(sum(versions.values())))
    for partition in range(PARTITIONS):
        sent = by_partition[partition]
        feed = await notebook.feed.read(partition, 1)
        assert [e.feed_position for e in sent] == list(range(1, len(sent) + 1))
        assert [e.event_id for e in sent] == [str(e.event.event_id) for e in feed]
        assert [e.data for e in sent] == [e.event.data for e in feed]
    for stream in versions:
        of_stream = [
            e.version for sent in by_partition.values() for e in sent if e.stream == stream
        ]
        assert of_stream == list(range(1, versions[stream] + 1))


async def test_what_was_stored_before_the_relay_came_is_sent_first(notebook: Notebook) -> None:
    await write(notebook.store, "note-1", 0, some_events(500))
    relay = await notebook.start_relay()
    await write(notebook.store, "note-1", 500, some_events(5))
    [events] = numbered(await notebook.records(505)).values()
    assert [e.version for e in events] == list(range(1, 506))
    await until(lambda: relay.status.events_sent == 505, what="the count of the relay")


async def test_a_batch_that_is_full_leaves_the_rest_for_the_next_round(
    notebook: Notebook,
) -> None:
    large = [EventToAppend(UUID(int=n + 1), "NoteWritten", 1, b"x" * 60_000) for n in range(40)]
    for n in range(4):
        await write(notebook.store, "note-1", 10 * n, large[10 * n : 10 * n + 10])
    await notebook.start_relay()
    [events] = numbered(await notebook.records(40)).values()
    assert [e.feed_position for e in events] == list(range(1, 41))
    assert [e.event_id for e in events] == [str(e.event_id) for e in large]


async def test_a_relay_that_stops_and_starts_again_sends_nothing_twice(
    notebook: Notebook,
) -> None:
    await notebook.start_relay()
    await write(notebook.store, "note-1", 0, some_events(3))
    await notebook.records(3)
    await notebook.stop()
    await write(notebook.store, "note-1", 3, some_events(2))
    await notebook.start_relay()
    [events] = numbered(await notebook.records(5)).values()
    assert [e.feed_position for e in events] == [1, 2, 3, 4, 5]


async def test_one_index_row_is_kept_for_every_thousand_and_the_feed_uses_it(
    notebook: Notebook,
) -> None:
    for n in range(5):
        await write(notebook.store, "note-1", 500 * n, some_events(500))
    await notebook.start_relay()
    [events] = numbered(await notebook.records(2_500)).values()
    rows = await notebook.ask("truth", "select * from feed_index order by feed_position")
    assert [row["feed_position"] for row in rows] == [1_000, 2_000]
    for row in rows:
        its = events[row["feed_position"] - 1]
        assert (row["txid"], row["position"]) == (its.txid, its.position)
    partition = events[0].partition
    page = await notebook.feed.read(partition, 2_001, 3)
    assert [str(e.event.event_id) for e in page] == [e.event_id for e in events[2_000:2_003]]


async def test_a_journey_knows_when_each_event_reached_kafka(notebook: Notebook) -> None:
    await notebook.start_relay()
    partition = (await write(notebook.store, "note-1", 0)).token.partition
    assert await notebook.feed.acknowledged_at(partition, 2) is None
    for version in range(1, 6):
        await write(notebook.store, "note-1", version)
        await until(partial(_is_sent, notebook, partition, version + 1), what="the sending")
    times = [await notebook.feed.acknowledged_at(partition, n) for n in range(1, 8)]
    assert times[6] is None
    known = [at for at in times[:6] if at is not None]
    assert len(known) == 6
    assert known == sorted(known)
    rounds = await notebook.ask("truth", "select * from relay_rounds order by feed_from")
    assert [row["feed_from"] for row in rounds] == [1, *(r["feed_to"] + 1 for r in rounds[:-1])]


async def _is_sent(notebook: Notebook, partition: int, feed_position: int) -> bool:
    return (await notebook.feed.sent_up_to()).get(partition, 0) >= feed_position


async def test_after_a_week_a_journey_and_an_answer_are_forgotten(notebook: Notebook) -> None:
    relay = await notebook.start_relay()
    await write(notebook.store, "old", 0)
    await notebook.records(1)
    await notebook.ask(
        "truth",
        """insert into idempotency (key, body_mac, status, stream, version, recorded_at)
            values ('old', '', 200, 'old', 1, $1), ('new', '', 200, 'old', 1, $2)""",
        notebook.clock.now(), notebook.clock.now() + timedelta(days=7),
    )  # fmt: skip
    await until(lambda: relay.status.events_sent == 1, what="the first round")
    notebook.clock.turn(8 * DAY)

    async def is_swept() -> bool:
        kept = "select (select count(*) from relay_rounds), (select count(*) from idempotency)"
        [row] = await notebook.ask("truth", kept)
        return tuple(row) == (0, 1)

    await until(is_swept, what="that the old rows are gone")
    [left] = await notebook.ask("truth", "select key from idempotency")
    assert left["key"] == b"new"
    assert len(await notebook.store.load("old")) == 1
