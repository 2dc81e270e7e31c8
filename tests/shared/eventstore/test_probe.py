"""An api proves that it could append, and nothing of the proof is left."""

import asyncpg
import pytest

from shared.eventstore.store import EventStore
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from tests.ground.events import write
from tests.ground.servers import Databases


async def test_a_probe_goes_as_far_as_the_commit_and_leaves_nothing(
    store: EventStore, admin: asyncpg.Connection
) -> None:
    before = await admin.fetchval("select pg_current_wal_flush_lsn()")
    await store.probe("probe-1")
    await store.probe("probe-1")
    assert await admin.fetchval("select pg_current_wal_flush_lsn()") > before
    assert await admin.fetchval("select count(*) from events") == 0
    assert await admin.fetchval("select count(*) from streams") == 0
    assert (await write(store, "probe-1", 0)).version == 1


async def test_a_server_that_cannot_write_is_found_out(
    databases: Databases, admin: asyncpg.Connection
) -> None:
    await admin.execute(f'alter database "{databases.name}" set default_transaction_read_only = on')
    lanes = Lanes(dsn_for(databases.truth_dsn, "api"), 1, application_name="test")
    await lanes.open()
    try:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await EventStore(lanes, "notes", 12).probe("probe-1")
    finally:
        await lanes.close()


async def test_only_an_api_probes(databases: Databases) -> None:
    relay = await asyncpg.connect(dsn_for(databases.truth_dsn, "relay"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await relay.execute("select append_probe('probe-1')")
    finally:
        await relay.close()
