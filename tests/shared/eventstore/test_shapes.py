"""In which shapes events are stored is known without reading them, and none is ever missing."""

import asyncio
from importlib.resources import files

import asyncpg
import pytest

from shared.errors import DaybookError
from shared.eventstore.codec import EventCodec
from shared.eventstore.store import EventStore
from shared.eventstore.writing import StreamAppend
from shared.postgres.lanes import Lanes
from shared.testing.waiting import until
from tests.ground.events import ORIGIN, an_event, write
from tests.shared.eventstore.conftest import PARTITIONS

NOTHING_KNOWN = EventCodec([])


async def unreadable(lanes: Lanes) -> str:
    """Return which shapes another process, that starts now and knows no event, refuses."""
    with pytest.raises(DaybookError) as refused:
        await EventStore(lanes, "notes", PARTITIONS).shapes.refuse_unreadable(NOTHING_KNOWN)
    return refused.value.detail.partition(": ")[2]


async def test_each_shape_that_was_appended_is_known_however_it_came_in(
    store: EventStore, lanes: Lanes
) -> None:
    await store.shapes.refuse_unreadable(NOTHING_KNOWN)
    await write(store, "a", 0, [an_event(name="A"), an_event(name="B")])
    await write(store, "a", 2, [an_event(name="B", schema=2), an_event(name="A")])
    assert await unreadable(lanes) == "A 1, B 1, B 2"
    many = [StreamAppend("b", "b", 0, [an_event(name="C")])]
    await store.append_many(many, ORIGIN, (await store.load("a"))[0].recorded_at)
    assert await unreadable(lanes) == "A 1, B 1, B 2, C 1"


async def test_no_event_is_there_before_its_shape_is(
    store: EventStore, lanes: Lanes, admin: asyncpg.Connection
) -> None:
    async with admin.transaction():
        await admin.execute("lock table event_shapes in exclusive mode")
        writing = asyncio.create_task(write(store, "a", 0, [an_event(name="Newer")]))
        waiting = "select count(*) from pg_locks where not granted and relation = $1::regclass"
        await until(lambda: admin.fetchval(waiting, "event_shapes"))
        assert await lanes.fetchval("select count(*) from events") == 0
    await writing
    assert await unreadable(lanes) == "Newer 1"


async def test_a_store_that_was_restored_gets_back_the_shapes_of_those_who_go_on_writing(
    store: EventStore, lanes: Lanes, admin: asyncpg.Connection
) -> None:
    await write(store, "a", 0, [an_event(name="Newer")])
    await write(store, "a", 1)
    await admin.execute("delete from event_shapes; update store set epoch = epoch + 1")
    await write(store, "a", 2)
    assert await unreadable(lanes) == "Newer 1, NoteWritten 1"


async def test_a_store_of_an_earlier_release_is_read_once(
    store: EventStore, lanes: Lanes, admin: asyncpg.Connection
) -> None:
    await write(store, "a", 0, [an_event(name="A"), an_event(name="A", schema=3)])
    owner = await admin.fetchval("select tableowner from pg_tables where tablename = 'events'")
    migration = (files("shared.eventstore.sql") / "event_shapes.sql").read_text()
    await admin.execute(f"""drop table event_shapes; set role {owner}; {migration};
        grant select on event_shapes to customers_api""")
    assert await unreadable(lanes) == "A 1, A 3"
