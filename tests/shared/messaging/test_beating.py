"""A beat is sent only when Kafka has everything that was committed before its time."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.messaging.beating import Heart
from shared.messaging.headers import source_of
from shared.messaging.heartbeats import Beat, beat_of
from shared.messaging.outbox import Outbox
from shared.messaging.publishing import Publisher
from shared.messaging.tail import TopicTail
from shared.messaging.topics import ONE_HOUR, Topic
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.events import some_events, write
from tests.ground.notebook import Notebook, a_notebook, records_of
from tests.ground.servers import Databases

WAITED = "waited for what is not acknowledged"


class Beating:
    """A notebook with one partition, and the beats of its relay."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.topic = Topic(f"{notebook.topic.name}.beats", 1, settings=ONE_HOUR)

    async def start(
        self, owner: UUID, *, relay: bool = True, is_checked: Callable[[], bool] | None = None
    ) -> Heart:
        """Run a heart, and the relay of the same owner, which says whether it is checked."""
        its = self.notebook
        lanes = await its.lanes(its.databases.truth_dsn, "relay")
        own = its.relay_of(Outbox(lanes, its.topic.name, 1, owner))
        if relay:
            its.run(own)
        publisher = Publisher(its.kafka, self.topic, its.service, within_seconds=2)
        heart = Heart(
            lanes, publisher, its.topic, its.service, owner, its.clock,
            is_checked=is_checked or (lambda: own.is_checked),
        )  # fmt: skip
        its.run(heart)
        return heart

    async def beats(self, at_least: int = 1) -> list[Beat]:
        """Return all beats, once there are so many."""
        records = await records_of(self.notebook.kafka, self.topic, at_least)
        return [beat for each in records if (beat := beat_of(each.value))]


@pytest.fixture
async def beating(databases: Databases, broker: Broker) -> AsyncIterator[Beating]:
    topic = Topic(f"daybook.beating.{uuid4().hex[:12]}", 1)
    async with a_notebook(databases, broker.settings, topic) as notebook:
        yield Beating(notebook)


async def has_one(beating: Beating, after: datetime, reached: int) -> bool:
    """Say whether there is a beat of a time after that, which names that position."""
    return any(each.at > after and each.reached == reached for each in await beating.beats())


@asynccontextmanager
async def an_open_transaction(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Have a transaction with an id of its own that ends with the body of the `with`."""
    connection = await asyncpg.connect(databases.admin_dsn("truth"))
    try:
        async with connection.transaction():
            await connection.fetchval("select pg_current_xact_id()")
            yield connection
    finally:
        await connection.close()


async def test_a_beat_names_how_far_kafka_is_also_when_nothing_happens(beating: Beating) -> None:
    notebook = beating.notebook
    await beating.start(uuid4())
    [first, second, *_] = await beating.beats(2)
    assert first.at < second.at <= notebook.clock.now()
    assert (first.source, first.epoch, first.reached) == (source_of(notebook.service), 1, 0)
    await write(notebook.store, "note-1", 0, some_events(3))
    written = notebook.clock.now()
    await until(lambda: has_one(beating, written, 3), what="a beat that names the third event")
    # Whatever was said of a time behind the writing, said so with all of it.
    assert all(each.reached == 3 for each in await beating.beats() if each.at > written)


async def test_a_long_transaction_holds_the_beat_back_until_it_ends(beating: Beating) -> None:
    notebook = beating.notebook
    heart = await beating.start(uuid4())
    await beating.beats()
    async with an_open_transaction(notebook.databases):
        await until(lambda: heart.work().did == WAITED, what="a beat that is held back")
        # It is committed, and lies behind the open one: no reader of the log may have it yet.
        await write(notebook.store, "note-1", 0)
        written = notebook.clock.now()
        for _ in range(20):
            assert all(each.at <= written for each in await beating.beats())
    await until(lambda: has_one(beating, written, 1), what="a beat after it ended")


async def test_who_does_not_lead_does_not_beat(beating: Beating) -> None:
    await beating.start(uuid4())
    await beating.beats()
    other = await beating.start(uuid4(), relay=False)
    await until(lambda: other.work().did == "stood by", what="a heart that stands by")


async def test_nobody_beats_before_it_is_known_that_the_store_did_not_go_back(
    beating: Beating,
) -> None:
    checked: list[bool] = []
    heart = await beating.start(uuid4(), is_checked=lambda: bool(checked))
    await until(lambda: heart.work().did == "stood by", what="a heart that stands by")
    await write(beating.notebook.store, "note-1", 0)
    await beating.notebook.records(1)  # It leads, and a beat could go.
    begun = beating.notebook.clock.now()
    checked.append(True)
    assert min(each.at for each in await beating.beats()) >= begun


async def test_what_is_stored_and_not_acknowledged_holds_the_beat_back(
    databases: Databases, own_broker: Broker
) -> None:
    topic = Topic(f"daybook.beating.{uuid4().hex[:12]}", 1)
    async with a_notebook(databases, own_broker.settings, topic) as notebook:
        beating = Beating(notebook)
        await beating.start(uuid4())
        await beating.beats()
        own_broker.kill()
        await write(notebook.store, "note-1", 0, some_events(2))
        stored = notebook.clock.now()
        await own_broker.start_again()
        await until(lambda: has_one(beating, stored, 2), what="a beat with both events")
        assert all(each.reached == 2 for each in await beating.beats() if each.at > stored)


@pytest.mark.embedded
async def test_beats_of_long_ago_are_forgotten_where_the_broker_keeps_everything(
    beating: Beating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.beating.FORGOTTEN_AFTER", 5)
    monkeypatch.setattr("shared.messaging.following.LOOK_EVERY_POLLS", 1)
    follower = TopicTail(beating.notebook.kafka, beating.topic, "nobody")
    seen: list[Beat | None] = []
    monkeypatch.setattr(follower, "_take", lambda came: seen.extend(beat_of(r.value) for r in came))
    beating.notebook.run(follower)
    await beating.start(uuid4())
    await until(lambda: len({each for each in seen if each}) > 12, what="a follower that reads on")
    assert len(await beating.beats()) <= 5


def test_a_beat_names_one_partition_only(beating: Beating) -> None:
    its = beating.notebook
    publisher = Publisher(its.kafka, beating.topic, its.service)
    with pytest.raises(ValueError, match="one partition"):
        Heart(
            None,  # type: ignore[arg-type]
            publisher,
            Topic("many", 2),
            its.service,
            uuid4(),
            its.clock,
            is_checked=lambda: True,
        )
