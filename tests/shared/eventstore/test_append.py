"""What one append stores, and what it refuses without leaving a trace."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from shared.errors import EventTooLargeError, VersionConflictError
from shared.events import EventToAppend
from shared.eventstore.partitioning import partition_of
from shared.eventstore.store import EventStore
from shared.testing.clock import NOON
from tests.ground.events import ORIGIN, an_event, some_events, write
from tests.shared.eventstore.conftest import PARTITIONS


async def test_an_event_is_stored_with_its_exact_bytes_and_all_that_is_known_of_it(
    store: EventStore,
) -> None:
    event = an_event("with  spaces", schema=3)
    appended = await write(store, "note-1", 0, [event], subject="ada")
    [stored] = await store.load("note-1")
    assert stored.data == b'{ "note" : "with  spaces" }'
    assert (stored.event_id, stored.type, stored.schema_version) == (event.event_id, event.type, 3)
    assert (stored.stream, stored.version, stored.subject) == ("note-1", 1, "ada")
    assert stored.partition == partition_of("ada", PARTITIONS)
    assert stored.recorded_at == NOON
    assert stored.origin == ORIGIN
    assert (appended.version, appended.stream, appended.is_replay) == (1, "note-1", False)
    token = appended.token
    assert (token.service, token.epoch, token.partition) == ("notes", 1, stored.partition)
    assert (token.txid, token.position) == (stored.txid, stored.position)


async def test_events_of_one_command_follow_each_other_in_the_order_given(
    store: EventStore,
) -> None:
    first, rest = an_event("first"), some_events(5)
    await write(store, "note-1", 0, [first])
    appended = await write(store, "note-1", 1, rest)
    stored = await store.load("note-1")
    assert [e.version for e in stored] == [1, 2, 3, 4, 5, 6]
    assert [e.event_id for e in stored] == [first.event_id, *(e.event_id for e in rest)]
    assert [e.position for e in stored] == sorted(e.position for e in stored)
    assert len({e.txid for e in stored[1:]}) == 1
    assert (appended.version, appended.token.position) == (6, stored[-1].position)


@pytest.mark.parametrize("stale", [0, 1, 3])
async def test_a_change_of_another_version_than_the_current_is_refused_and_told_which_is_current(
    store: EventStore, stale: int
) -> None:
    await write(store, "note-1", 0, some_events(2))
    with pytest.raises(VersionConflictError) as refused:
        await write(store, "note-1", stale)
    assert refused.value.current_version == 2
    assert len(await store.load("note-1")) == 2
    assert await store.version_of("note-1") == 2


async def test_a_change_of_something_that_was_never_there_is_refused(store: EventStore) -> None:
    with pytest.raises(VersionConflictError) as refused:
        await write(store, "note-1", 1)
    assert refused.value.current_version == 0
    assert await store.load("note-1") == []
    assert await store.version_of("note-1") == 0


async def test_whoever_loses_a_conflict_burns_no_position(
    store: EventStore, admin: asyncpg.Connection
) -> None:
    await write(store, "note-1", 0)
    for _ in range(3):
        with pytest.raises(VersionConflictError):
            await write(store, "note-1", 0)
    await write(store, "note-1", 1)
    positions = await admin.fetch("select position from events order by position")
    assert [row["position"] for row in positions] == [1, 2]


async def test_an_event_may_have_60000_bytes_and_not_one_more(store: EventStore) -> None:
    fits = EventToAppend(UUID(int=1), "NoteWritten", 1, b"x" * 60_000)
    too_large = EventToAppend(UUID(int=2), "NoteWritten", 1, b"x" * 60_001)
    await write(store, "note-1", 0, [fits])
    with pytest.raises(EventTooLargeError):
        await write(store, "note-1", 1, [an_event(), too_large])
    assert [len(e.data) for e in await store.load("note-1")] == [60_000]


async def test_the_time_of_a_stream_never_goes_back_even_if_a_clock_does(
    store: EventStore,
) -> None:
    await write(store, "note-1", 0, seconds=10)
    await write(store, "note-1", 1, some_events(2), seconds=5)
    await write(store, "note-1", 3, seconds=11)
    await write(store, "note-2", 0, seconds=1)
    seconds = [(e.recorded_at - NOON).total_seconds() for e in await store.load("note-1")]
    assert seconds == [10, 10, 10, 11]
    [other] = await store.load("note-2")
    assert other.recorded_at == NOON + timedelta(seconds=1)


async def test_a_stream_is_read_whole_or_up_to_a_version_or_as_of_a_moment(
    store: EventStore,
) -> None:
    for version in range(4):
        await write(store, "note-1", version, seconds=10 * version)
    at = NOON + timedelta(seconds=20)
    before = at - timedelta(microseconds=1)
    assert [e.version for e in await store.load("note-1")] == [1, 2, 3, 4]
    assert [e.version for e in await store.load("note-1", version=2)] == [1, 2]
    assert [e.version for e in await store.load("note-1", version=9)] == [1, 2, 3, 4]
    assert [e.version for e in await store.load("note-1", as_of=at)] == [1, 2, 3]
    assert [e.version for e in await store.load("note-1", as_of=before)] == [1, 2]
    assert await store.load("note-1", as_of=NOON - timedelta(seconds=1)) == []
    assert await store.load("note-2") == []
