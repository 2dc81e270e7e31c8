"""A batch of many streams is stored whole or not at all, and batches never block each other."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import pytest

from shared.errors import EventTooLargeError, VersionConflictError
from shared.events import EventToAppend
from shared.eventstore.partitioning import partition_of
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import StreamAppend
from shared.testing.clock import NOON
from tests.ground.events import ORIGIN, an_event, some_events, write
from tests.shared.eventstore.conftest import PARTITIONS


async def _write_many(
    store: EventStore, batch: Sequence[tuple[str, int, list[EventToAppend]]], seconds: float = 0
) -> TokenPart:
    at = NOON + timedelta(seconds=seconds)
    appends = [StreamAppend(stream, f"of {stream}", version, e) for stream, version, e in batch]
    return await store.append_many(appends, ORIGIN, at)


async def test_new_streams_are_stored_in_one_transaction(store: EventStore) -> None:
    batch = [(f"note-{n}", 0, some_events(n)) for n in (3, 1, 2)]
    token = await _write_many(store, batch)
    stored = [e for stream, _, _ in batch for e in await store.load(stream)]
    written = [e for _, _, events in batch for e in events]
    assert [e.event_id for e in stored] == [e.event_id for e in written]
    assert [e.data for e in stored] == [e.data for e in written]
    assert [e.version for e in stored] == [1, 2, 3, 1, 1, 2]
    assert [e.partition for e in stored] == [
        partition_of(f"of {e.stream}", PARTITIONS) for e in stored
    ]
    assert {e.txid for e in stored} == {token.txid}
    assert {e.origin for e in stored} == {ORIGIN}
    last = stored[-1]
    assert (token.partition, token.position) == (last.partition, last.position)
    assert [await store.version_of(stream) for stream, _, _ in batch] == [3, 1, 2]


async def test_streams_that_are_there_and_new_ones_may_stand_in_one_batch_in_any_order(
    store: EventStore,
) -> None:
    await write(store, "b", 0, some_events(2), subject="of b")
    await write(store, "d", 0, subject="of d")
    batch = [("c", 0, some_events(1)), ("d", 1, some_events(2)), ("a", 0, some_events(2)),
             ("b", 2, some_events(1))]  # fmt: skip
    await _write_many(store, batch)
    for stream, version, events in batch:
        stored = await store.load(stream)
        assert [e.version for e in stored] == list(range(1, version + len(events) + 1))
        assert [e.event_id for e in stored[version:]] == [e.event_id for e in events]
        assert await store.version_of(stream) == len(stored)


async def test_each_stream_of_a_batch_keeps_its_own_time_from_going_back(
    store: EventStore,
) -> None:
    await write(store, "late", 0, subject="of late", seconds=60)
    await write(store, "early", 0, subject="of early", seconds=1)
    batch = [("new", 0, some_events(1)), ("late", 1, some_events(1)), ("early", 1, some_events(1))]
    await _write_many(store, batch, seconds=10)
    times = {stream: (await store.load(stream))[-1].recorded_at - NOON for stream, _, _ in batch}
    assert {stream: passed.total_seconds() for stream, passed in times.items()} == {
        "new": 10,
        "late": 60,
        "early": 10,
    }


@pytest.mark.parametrize(
    "wrong", [("there", 0), ("there", 2), ("not-there", 1)], ids=lambda wrong: f"{wrong}"
)
async def test_if_one_stream_is_at_another_version_nothing_of_the_batch_is_stored(
    store: EventStore, admin: asyncpg.Connection, wrong: tuple[str, int]
) -> None:
    await write(store, "there", 0, subject="of there")
    batch = [("new", 0, some_events(1)), (*wrong, some_events(1))]
    with pytest.raises(VersionConflictError):
        await _write_many(store, batch)
    assert await store.load("new") == []
    assert await store.version_of("new") == 0
    assert await store.version_of("there") == 1
    assert await admin.fetchval("select count(*) from events") == 1


async def test_if_one_event_is_too_large_nothing_of_the_batch_is_stored(
    store: EventStore, admin: asyncpg.Connection
) -> None:
    too_large = EventToAppend(an_event().event_id, "NoteWritten", 1, b"x" * 60_001)
    with pytest.raises(EventTooLargeError):
        await _write_many(store, [("a", 0, some_events(1)), ("b", 0, [too_large])])
    assert await admin.fetchval("select count(*) from streams") == 0


async def test_batches_over_the_same_streams_in_any_order_never_wait_in_a_circle(
    store: EventStore, admin: asyncpg.Connection, dice: random.Random
) -> None:
    streams = [f"note-{n}" for n in range(6)]
    written = dict.fromkeys(streams, 0)

    async def writer(own: random.Random) -> None:
        for _ in range(15):
            chosen = own.sample(streams, 4)
            batch = [(s, await store.version_of(s), some_events(1)) for s in chosen]
            try:
                await _write_many(store, batch)
            except VersionConflictError:
                continue
            for stream in chosen:
                written[stream] += 1

    writers = [writer(random.Random(dice.random())) for _ in range(6)]  # noqa: S311 - no secret
    await asyncio.gather(*writers)
    for stream in streams:
        stored = await store.load(stream)
        assert len(stored) == written[stream] == await store.version_of(stream)
        places = [(e.txid, e.position) for e in stored]
        assert places == sorted(places)
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    assert await admin.fetchval(deadlocks) == 0
