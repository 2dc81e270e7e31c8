"""Within a stream the order of the log is the order of versions: guarded, and needed (issue §3.1).

The order of the log is (txid, position). A transaction that takes its txid by writing something
*before* the append could append a later version under an older txid.
"""

import asyncio
import re
from importlib.resources import files

import asyncpg
import pytest

from shared.eventstore.feed import Feed
from shared.eventstore.partitioning import partition_of
from shared.eventstore.store import APPEND, APPEND_MANY, EventStore
from shared.eventstore.writing import NO_EVENT, Remember
from shared.postgres.dsn import dsn_for
from shared.testing.clock import NOON
from shared.testing.waiting import until
from tests.ground.events import ORIGIN, an_event, write
from tests.ground.servers import Databases
from tests.shared.eventstore.conftest import PARTITIONS

PARTITION = partition_of("note-1", PARTITIONS)
GUARD = re.compile(r"    if pg_current_xact_id_if_assigned\(\).*?end if;\n", re.DOTALL)
GROWING_TXID = " and s.last_txid < o_txid"
WAITS_AT_KEY = """
    create sequence tries;
    grant usage on sequence tries to public;
    create function wait_for_the_test() returns trigger language plpgsql as $$
    begin
        perform nextval('tries'), pg_advisory_xact_lock_shared(4711);
        return new;
    end $$;
    create trigger waits after insert on idempotency
        for each row execute function wait_for_the_test()"""


def _arguments(stream: str, expected: int) -> tuple[object, ...]:
    event = an_event()
    return (
        None, None, None, None, stream, expected, stream, PARTITION, NOON, ORIGIN.actor,
        ORIGIN.correlation_id, None, None, None,
        event.event_id, event.type, 1, event.data, *NO_EVENT,
    )  # fmt: skip


def _without(*removed: str) -> str:
    """Return the append function's own text with these pieces taken out, under another name."""
    text = (files("shared.eventstore.sql") / "append_to_stream.sql").read_text()
    for piece in removed:
        assert text.count(piece) == 1
        text = text.replace(piece, "")
    return text.replace("function append_to_stream", "function append_unguarded")


def _guard() -> str:
    text = (files("shared.eventstore.sql") / "append_to_stream.sql").read_text()
    [guard] = GUARD.findall(text)
    return str(guard)


async def _append_late(older: asyncpg.Connection, store: EventStore, sql: str) -> None:
    """Take a txid, let somebody else write version 1 with a younger one, then append version 2."""
    async with older.transaction():
        await older.fetchval("select pg_current_xact_id()")
        await write(store, "note-1", 0)
        await older.fetchrow(sql, *_arguments("note-1", 1))


async def test_an_append_is_refused_in_a_transaction_that_wrote_something_before(
    store: EventStore, admin: asyncpg.Connection
) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await _append_late(admin, store, APPEND)
    assert refused.value.sqlstate == "DB001"
    assert [e.version for e in await store.load("note-1")] == [1]


async def test_an_append_of_many_streams_is_refused_there_as_well(
    admin: asyncpg.Connection,
) -> None:
    event = an_event()
    arguments = (
        ["note-1"], [0], [1], ["ada"], [0], NOON, ORIGIN.actor, ORIGIN.correlation_id, None, None,
        None, [1], [1], [event.event_id], [event.type], [1], [event.data],
    )  # fmt: skip
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute("create temporary table written (n int)")
    with pytest.raises(asyncpg.PostgresError) as refused:
        await admin.fetchrow(APPEND_MANY, *arguments)
    await transaction.rollback()
    assert refused.value.sqlstate == "DB001"


async def test_reading_before_an_append_in_the_same_transaction_is_fine(
    store: EventStore, databases: Databases
) -> None:
    await write(store, "note-1", 0)
    api = await asyncpg.connect(dsn_for(databases.truth_dsn, "api"))
    async with api.transaction():
        version = await api.fetchval("select version from streams where stream = 'note-1'")
        await api.fetchrow(APPEND, *_arguments("note-1", version))
    await api.close()
    assert await store.version_of("note-1") == 2


async def test_without_the_guard_a_later_version_would_sort_before_an_earlier_one(
    store: EventStore, feed: Feed, admin: asyncpg.Connection
) -> None:
    await admin.execute(_without(_guard(), GROWING_TXID))
    sql = APPEND.replace("append_to_stream", "append_unguarded")
    await _append_late(admin, store, sql)
    first, second = await store.load("note-1")
    assert (first.version, second.version) == (1, 2)
    assert (second.txid, second.position) < (first.txid, first.position)
    assert [each.event.version for each in await feed.read(PARTITION, 1)] == [2, 1]


async def test_the_head_of_a_stream_alone_would_refuse_the_inversion_too(
    store: EventStore, admin: asyncpg.Connection
) -> None:
    await admin.execute(_without(_guard()))
    sql = APPEND.replace("append_to_stream", "append_unguarded")
    with pytest.raises(asyncpg.PostgresError) as refused:
        await _append_late(admin, store, sql)
    assert refused.value.sqlstate == "DBRTY"


async def test_a_command_that_a_younger_transaction_overtook_is_simply_tried_again(
    store: EventStore, admin: asyncpg.Connection
) -> None:
    await write(store, "note-1", 0)
    await admin.execute(WAITS_AT_KEY)
    await admin.execute("select pg_advisory_lock(4711)")
    remember = Remember(b"key", b"mac", 200, None)
    # It has its txid already, and waits; it expects the version that is being written meanwhile.
    overtaken = asyncio.create_task(
        store.append("note-1", "note-1", 2, [an_event()], ORIGIN, NOON, remember)
    )

    async def waits() -> bool:
        locks = "select count(*) from pg_locks where not granted and locktype = 'advisory'"
        return bool(await admin.fetchval(locks))

    await until(waits, what="that the command waits behind its key")
    await write(store, "note-1", 1)
    await admin.execute("select pg_advisory_unlock(4711)")
    assert (await overtaken).version == 3
    assert await admin.fetchval("select last_value from tries") == 2
    stored = await store.load("note-1")
    places = [(e.txid, e.position) for e in stored]
    assert [e.version for e in stored] == [1, 2, 3]
    assert places == sorted(places)
