"""Whoever reads the log stops at the oldest transaction under way, so nothing is ever skipped."""

import re
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import pytest

from shared.eventstore.feed import Feed
from shared.eventstore.partitioning import partition_of
from shared.eventstore.store import APPEND, EventStore
from shared.eventstore.writing import NO_EVENT
from shared.messaging.outbox import Checkpoint, Outbox
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.testing.clock import NOON
from tests.ground.events import ORIGIN, an_event, write
from tests.ground.servers import Databases, Servers, new_databases, three_servers
from tests.shared.eventstore.conftest import PARTITIONS, TOPIC

PARTITION = partition_of("ada", PARTITIONS)
# What stands between the two names in the headers that the store makes: a length, and the stream.
STREAM = re.compile(rb"ce_subject.(\w+)\x0ece_time", re.DOTALL)


@pytest.fixture(scope="module")
def held_up_servers(formed_servers: Servers) -> Iterator[Servers]:
    """Return servers for these tests alone: an open transaction stalls a whole server."""
    with three_servers(formed_servers) as three:
        yield three


@pytest.fixture
async def databases(held_up_servers: Servers) -> AsyncIterator[Databases]:
    """Return a truth on those servers."""
    async with new_databases(held_up_servers, ["truth"]) as fresh:
        yield fresh


@pytest.fixture
async def slow(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Return the connection of somebody who takes long."""
    connection = await asyncpg.connect(dsn_for(databases.truth_dsn, "api"))
    yield connection
    await connection.close()


async def _append_slowly(slow: asyncpg.Connection, stream: str) -> None:
    event = an_event()
    await slow.fetchrow(
        APPEND, None, None, None, None, stream, 0, "ada", PARTITION, NOON, "me",
        ORIGIN.correlation_id, None, None, None,
        event.event_id, event.type, 1, event.data, *NO_EVENT,
    )  # fmt: skip


async def _relayed(databases: Databases) -> list[str]:
    """Return the streams of what a relay would send."""
    lanes = Lanes(dsn_for(databases.truth_dsn, "relay"), 1, application_name="test")
    await lanes.open()
    outbox = Outbox(lanes, TOPIC, PARTITIONS, uuid4())
    page = await outbox.page({PARTITION: Checkpoint(PARTITION, 1, 0, 0, 0, None)})
    await lanes.close()
    found = [STREAM.search(row[6]) for row in page]
    return [name[1].decode() for name in found if name]


async def test_what_comes_after_an_open_transaction_is_shown_only_once_that_has_ended(
    store: EventStore,
    feed: Feed,
    slow: asyncpg.Connection,
    databases: Databases,
    admin: asyncpg.Connection,
) -> None:
    await write(store, "before", 0, subject="ada")
    # Reading holds nobody up: a transaction without an id is not waited for.
    reading = admin.transaction()
    await reading.start()
    await admin.fetchval("select count(*) from events")
    transaction = slow.transaction()
    await transaction.start()
    await _append_slowly(slow, "slow")
    await write(store, "after", 0, subject="ada")

    assert [e.event.stream for e in await feed.read(PARTITION, 1)] == ["before"]
    assert await _relayed(databases) == ["before"]
    assert [d.count for d in await feed.digest(PARTITION, 1, 1_000)] == [1]
    before, after = await feed.place_of("before"), await feed.place_of("after")
    assert before is not None
    assert after is not None
    assert (before.feed_position, after.feed_position) == (1, None)
    # Its own writer sees it at once: a command never waits for the horizon.
    assert await store.version_of("after") == 1
    held_by, for_seconds = await admin.fetchrow("select * from log_horizon()") or (0, -1)
    assert held_by == slow.get_server_pid()
    assert for_seconds >= 0

    await transaction.commit()
    await reading.rollback()
    in_order = ["before", "slow", "after"]
    assert [e.event.stream for e in await feed.read(PARTITION, 1)] == in_order
    assert await _relayed(databases) == in_order
    after = await feed.place_of("after")
    assert after is not None
    assert after.feed_position == 3
    # The slow one took its txid first and its position first or not: the pair decides.
    places = [(e.event.txid, e.event.position) for e in await feed.read(PARTITION, 1)]
    assert places == sorted(places)


async def test_a_reader_that_checkpoints_the_position_alone_would_lose_an_event(
    store: EventStore, feed: Feed, databases: Databases
) -> None:
    """A younger txid may have taken the lower position; the pair finds what follows it anyway."""
    # Somebody is given a txid, then is slow; meanwhile a younger one writes and commits.
    await write(store, "first", 0, subject="ada")
    [first] = await store.load("first")
    slow = await asyncpg.connect(databases.admin_dsn("truth"))
    transaction = slow.transaction()
    await transaction.start()
    older = await slow.fetchval("select pg_current_xact_id()")
    await write(store, "younger", 0, subject="ada")
    await slow.execute(
        """insert into events (stream, version, event_id, type, schema_version, subject,
            partition, recorded_at, actor, correlation_id, data)
        values ('older', 1, $1, 'NoteWritten', 1, 'ada', $2, now(), 'me', $1, '')""",
        an_event().event_id, PARTITION,
    )  # fmt: skip
    assert [e.event.stream for e in await feed.read(PARTITION, 2)] == []
    await transaction.commit()
    await slow.close()
    read = await feed.read(PARTITION, 2)
    assert [e.event.stream for e in read] == ["older", "younger"]
    assert read[0].event.txid == older > first.txid
    assert read[0].event.position > read[1].event.position


async def test_an_append_inside_a_savepoint_counts_under_its_whole_transaction(
    store: EventStore, feed: Feed, slow: asyncpg.Connection
) -> None:
    async with slow.transaction():
        async with slow.transaction():
            await _append_slowly(slow, "inner")
        top = await slow.fetchval("select pg_current_xact_id()")
    await write(store, "after", 0, subject="ada")
    assert [e.event.stream for e in await feed.read(PARTITION, 1)] == ["inner", "after"]
    [inner] = await store.load("inner")
    assert inner.txid == top
