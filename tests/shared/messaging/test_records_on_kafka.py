"""Records travel as events do: numbered, in order, by a relay of their own, on a shared topic."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient

from shared.eventstore.record_types import AccessRecorded
from shared.messaging.headers import received
from shared.messaging.topics import Topic
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.notebook import PARTITIONS, Notebook, a_notebook
from tests.ground.servers import Databases, Servers, new_databases
from tests.shared.messaging.test_relay import numbered

READ = AccessRecorded(operation="get_note", route="/notes/{id}", permission="notes.read")


@pytest.fixture
def topic() -> Topic:
    return Topic(f"daybook.access.{uuid4().hex[:12]}", PARTITIONS, "records")


@pytest.fixture
async def mine(databases: Databases, broker: Broker, topic: Topic) -> AsyncIterator[Notebook]:
    """Return a service that keeps records."""
    async with a_notebook(databases, broker.settings, topic, "mine") as its:
        yield its


@pytest.fixture
async def theirs(servers: Servers, broker: Broker, topic: Topic) -> AsyncIterator[Notebook]:
    """Return another service, with a store of its own, that publishes on the same topic."""
    async with (
        new_databases(servers, ["truth"]) as databases,
        a_notebook(databases, broker.settings, topic, "theirs") as its,
    ):
        yield its


async def _read(notebook: Notebook, times: int, *, subject: str = "note") -> None:
    for n in range(times):
        await notebook.keeper.keep(READ, subject=f"{subject}-{n % 3}", actor="alice")


async def test_records_are_numbered_from_one_in_the_order_of_their_feed(mine: Notebook) -> None:
    await _read(mine, 20)
    await mine.start_relay()
    await _read(mine, 20)
    sent = numbered(await mine.records(40))
    for partition, its in sent.items():
        feed = await mine.feed.read(partition, 1)
        assert [e.feed_position for e in its] == list(range(1, len(its) + 1))
        assert [e.event_id for e in its] == [str(e.event.event_id) for e in feed]
        assert [e.data for e in its] == [e.event.data for e in feed]
        assert {(e.type, e.source) for e in its} == {("AccessRecorded", "/daybook/mine")}
    assert sum(map(len, sent.values())) == 40
    assert (await mine.feed.digest(next(iter(sent)), 1, 100))[0].count > 0


async def test_a_relay_of_records_touches_no_event_and_the_other_way_round(
    mine: Notebook,
) -> None:
    await _read(mine, 2)
    await mine.start_relay()
    await mine.records(2)
    [row] = await mine.ask("truth", "select count(distinct topic) from relay_checkpoints")
    assert row["count"] == 1
    assert await mine.ask("truth", "select * from events") == []


async def test_each_service_numbers_its_own_records_on_the_shared_topic(
    mine: Notebook, theirs: Notebook
) -> None:
    relays = [await mine.start_relay(), await theirs.start_relay()]
    for _ in range(5):
        await _read(mine, 3)
        await _read(theirs, 3)
    sent = numbered(await mine.records(30))
    for source in ("/daybook/mine", "/daybook/theirs"):
        numbers = {
            p: [e.feed_position for e in its if e.source == source] for p, its in sent.items()
        }
        assert sum(map(len, numbers.values())) == 15
        assert all(n == list(range(1, len(n) + 1)) for n in numbers.values())
    # And a start looks at the log, in which others have written behind us.
    for notebook in (mine, theirs):
        await notebook.stop()
        relays.append(await notebook.start_relay())
        await _read(notebook, 3)
    await until(lambda: all(r.status.events_sent == 3 for r in relays[2:]), what="the sending")
    assert [r.status.refill_events for r in relays] == [0, 0, 0, 0]
    assert await mine.store.epoch() == 1


async def test_a_store_that_lost_its_latest_records_begins_a_new_epoch(mine: Notebook) -> None:
    relay = await mine.start_relay()
    await _read(mine, 6)
    await until(lambda: relay.status.events_sent == 6, what="the sending")
    await mine.stop()
    # As a restore to an earlier moment leaves it.
    await mine.ask("truth", "delete from records where position > 3")
    await mine.ask("truth", "delete from relay_checkpoints")
    relay = await mine.start_relay()
    await until(lambda: relay.status.events_sent == 3, what="the sending")
    assert await mine.store.epoch() == 2


async def test_a_log_that_others_filled_again_is_noticed_although_it_took_our_last_round(
    mine: Notebook, topic: Topic
) -> None:
    relay = await mine.start_relay()
    await _read(mine, 9)
    await until(lambda: relay.status.events_sent == 9, what="the first filling")
    mine.clock.turn(5)

    async def has_anchors() -> bool:
        rows = await mine.ask("truth", "select partition, feed_position from relay_anchors")
        sent = await mine.ask(
            "truth",
            "select partition, feed_position from relay_checkpoints where feed_position > 0",
        )
        return {*map(tuple, rows)} == {*map(tuple, sent)}

    await until(has_anchors, what="that the relay has looked")
    await mine.stop()
    ours = await mine.records(9)
    # The log was emptied, others were faster, and our unaware leader's last round came behind them.
    admin = AIOKafkaAdminClient(bootstrap_servers=mine.kafka.bootstrap)
    await admin.start()
    await admin.delete_topics([topic.name])
    await admin.close()
    await mine.make_topic()
    for partition in range(PARTITIONS):
        await mine.publish(partition, [(b"theirs", b"{}", [])] * 20)
    for partition in {record.partition for record in ours}:
        *_, last = (record for record in ours if record.partition == partition)
        await _round_of_an_unaware_leader(mine, last)
    assert len(await mine.records(20 * PARTITIONS)) > 20 * PARTITIONS

    relay = await mine.start_relay()
    await until(lambda: relay.status.refill_seconds is not None, what="the refill")
    found = [received(record) for record in await mine.records(20 * PARTITIONS + 9)]
    sent = {e.event_id for e in found if e is not None}
    assert sent == {e.event_id for its in numbered(ours).values() for e in its}
    assert len(sent) == 9


async def _round_of_an_unaware_leader(notebook: Notebook, last: ConsumerRecord) -> None:
    """Send what the store's checkpoint says was sent last, and nothing before it."""
    await notebook.publish(last.partition, [(last.key, last.value, list(last.headers))])
    await notebook.ask(
        "truth",
        "update relay_checkpoints set kafka_offset = 20 where partition = $1",
        last.partition,
    )
