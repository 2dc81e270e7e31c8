"""What the store has, Kafka and the directory have too: nothing missing, nothing twice, in order.

Every event is looked at, one by one, from the outside: rows, records and the tally that the victim
keeps (tests/faults/victim.py), never what a process says of itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.clients import new_consumer
from shared.messaging.headers import ReceivedEvent, received
from shared.messaging.topics import CUSTOMERS, Topic
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.ground.house import House

POLL_MS = 100
MAKE_TALLY = """
    create table tally (n bigint generated always as identity, event_id uuid, stream text,
        version bigint, partition smallint, feed_position bigint);
    grant insert on tally to customers_projector"""
# Each of these lists, per partition, ranges that must tile 1…n.
ROUNDS = f"""select partition, feed_from, feed_to from relay_rounds
    where topic = '{CUSTOMERS.name}' order by 1, 3"""
BATCHES = """select partition, feed_from, feed_to from projection_batches
    where projection = 'directory' order by 1, 3"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, wherever it is seen."""

    event_id: str
    stream: str
    version: int


Feed = dict[int, list[Fact]]


async def stored_feed(house: House) -> Feed:
    """Return the feed as the store has it."""
    feed: Feed = defaultdict(list)
    for row in await house.ask("truth", "select * from events order by partition, txid, position"):
        feed[row["partition"]].append(Fact(str(row["event_id"]), row["stream"], row["version"]))
    return dict(feed)


async def assert_kafka_has_the_feed(house: House, *, is_strict: bool = True) -> Feed:
    """Read the topic from its first record; by the mark rule it must be the store's feed.

    A log that was emptied under a sender may begin with a late round (not strict).
    """
    stored = await stored_feed(house)
    records = (await read_topic(house.kafka)).items()
    sent = {p: _by_the_mark_rule(events, is_strict=is_strict) for p, events in records if events}
    assert _counts(sent) == _counts(stored), "Kafka has another number of events than the store"
    assert sent == stored
    for facts in stored.values():
        _assert_streams_in_order(facts)
    return stored


async def assert_directory_is_exact(house: House) -> None:
    """Each event was applied once, in order, and the directory is what a fold of the store is."""
    stored = await stored_feed(house)
    rows = await house.ask("views", "select * from tally order by n")
    applied: Feed = defaultdict(list)
    for row in rows:
        fact = Fact(str(row["event_id"]), row["stream"], row["version"])
        applied[row["partition"]].append(fact)
    assert _counts(applied) == _counts(stored), "the directory applied another number of events"
    assert applied == stored
    assert await house.applied() == _counts(stored), "the marks are not where the feed ends"
    await _assert_tiles(house, "views", BATCHES)
    assert await house.directory_rows() == await house.fold_all()


async def assert_rounds_tile(house: House) -> None:
    """Each feed position was recorded as sent by one round: nobody moved a checkpoint twice."""
    await _assert_tiles(house, "truth", ROUNDS)


async def all_sent(house: House, within: float = 60.0) -> None:
    """Wait until the relay's checkpoints have everything that the store has."""
    what = "that the relay sent every event of the store"
    await until(lambda: is_all_sent(house), within, what=what)


async def is_all_sent(house: House) -> bool:
    """Say whether Kafka acknowledged everything that the store has."""
    sent = {p: n for p, n in (await house.feed.sent_up_to()).items() if n > 0}
    return sent == await house.stored()


async def read_topic(
    settings: KafkaSettings, topic: Topic = CUSTOMERS
) -> dict[int, list[ReceivedEvent]]:
    """Return every record of the topic as it lies there, repeats and all."""
    consumer = new_consumer(settings)
    places = [TopicPartition(topic.name, p) for p in range(topic.partitions)]
    found: dict[int, list[ReceivedEvent]] = {p.partition: [] for p in places}
    await consumer.start()
    try:
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)

        async def is_read() -> bool:
            for place, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                events = [received(record) for record in records]
                found[place.partition] += [event for event in events if event is not None]
            return await _is_at_the_end(consumer, places)

        await until(is_read, what="that the topic is read to its end")
    finally:
        await consumer.stop()
    return found


async def _is_at_the_end(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> bool:
    for place in places:
        high = consumer.highwater(place)
        if high is None or await consumer.position(place) < high:
            return False
    return True


def _by_the_mark_rule(records: Sequence[ReceivedEvent], *, is_strict: bool) -> list[Fact]:
    """Take each number once, in order, as every consumer does; a repeat must be the same event.

    Not strict: what comes too early is passed over, and the log read again from its beginning.
    """
    taken: list[Fact] = []
    before = -1
    while len(taken) > before:
        before = len(taken)
        for event in records:
            fact = Fact(event.event_id, event.stream, event.version)
            if event.feed_position == len(taken) + 1:
                taken.append(fact)
            elif event.feed_position <= len(taken):
                assert taken[event.feed_position - 1] == fact, "one number, two events"
            else:
                assert not is_strict, f"a gap in partition {event.partition}"
    return taken


def _assert_streams_in_order(facts: Sequence[Fact]) -> None:
    versions: dict[str, int] = defaultdict(int)
    for fact in facts:
        versions[fact.stream] += 1
        assert fact.version == versions[fact.stream], f"{fact.stream} is out of order"


async def _assert_tiles(house: House, kind: str, ranges: str) -> None:
    ends: dict[int, int] = {}
    for row in await house.ask(kind, ranges):
        expected = ends.get(row["partition"], 0) + 1
        assert row["feed_from"] == expected, "two ranges overlap or leave a hole"
        ends[row["partition"]] = row["feed_to"]
    assert ends == await house.stored()


def _counts(feed: Feed) -> dict[int, int]:
    return {partition: len(facts) for partition, facts in feed.items()}
