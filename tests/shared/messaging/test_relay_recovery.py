"""Kafka may be lost and is filled again; a store that went back in time begins a new epoch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.events import some_events, write
from tests.ground.notebook import PARTITIONS, Notebook, a_notebook
from tests.ground.servers import Databases
from tests.shared.messaging.test_relay import numbered

TIME_PASSES = "update relay_checkpoints set lease_until = '-infinity'"


async def _written(notebook: Notebook, notes: int, *, version: int = 0) -> None:
    for n in range(notes):
        await write(notebook.store, f"note-{n}", version, some_events(2))


async def _is_whole(notebook: Notebook, epoch: int = 1) -> None:
    """Return when Kafka has every event under its number, and no number for another event."""

    async def has_all() -> bool:
        found = numbered(await notebook.records(0))
        for partition in range(PARTITIONS):
            feed = await notebook.feed.read(partition, 1)
            known = {(e.feed_position, str(e.event.event_id)) for e in feed}
            sent = {(e.feed_position, e.event_id) for e in found[partition] if e.epoch == epoch}
            assert sent <= known
            if sent != known:
                return False
        return True

    await until(has_all, what="that Kafka has every event of the store")


@pytest.mark.parametrize("is_running", [True, False])
async def test_a_broker_that_comes_back_empty_is_filled_again(
    own_notebook: Notebook, own_broker: Broker, *, is_running: bool
) -> None:
    notebook = own_notebook
    relay = await notebook.start_relay()
    await _written(notebook, 10)
    await until(lambda: relay.status.events_sent == 20, what="the first filling")
    if not is_running:
        await notebook.stop()
    own_broker.kill()
    await _written(notebook, 10, version=2)
    own_broker.start()
    if not is_running:
        relay = await notebook.start_relay()
    await _is_whole(notebook)
    await until(lambda: relay.status.refill_seconds is not None, what="the report of the refill")
    assert relay.status.refill_events == 20


async def test_a_log_that_was_emptied_while_nothing_was_sent_is_noticed_within_seconds(
    own_notebook: Notebook, own_broker: Broker
) -> None:
    notebook = own_notebook
    relay = await notebook.start_relay()
    await _written(notebook, 5)
    await until(lambda: relay.status.events_sent == 10, what="the first filling")
    own_broker.kill()
    own_broker.start()
    notebook.clock.turn(5)
    await _is_whole(notebook)
    await until(lambda: relay.status.refill_seconds is not None, what="the report of the refill")


async def test_a_relay_that_died_before_it_recorded_a_round_sends_it_again_with_the_same_numbers(
    notebook: Notebook,
) -> None:
    relay = await notebook.start_relay()
    await _written(notebook, 4)
    await until(lambda: relay.status.events_sent == 8, what="the first filling")
    await notebook.stop()
    # As if the last rounds had been sent and not recorded.
    await notebook.ask(
        "truth",
        "update relay_checkpoints set feed_position = 0, txid = '0', position = 0,"
        " kafka_offset = null where partition % 2 = 0",
    )
    relay = await notebook.start_relay()
    await until(lambda: relay.status.partitions_led == PARTITIONS, what="the lead")
    await write(notebook.store, "note-0", 2)
    await _is_whole(notebook)
    assert await notebook.store.epoch() == 1
    assert relay.status.refill_events == 0


@asynccontextmanager
async def _restored(notebook: Notebook, name: str) -> AsyncIterator[Notebook]:
    """Have the notebook as it was when `name` was copied from its database."""
    older = Databases(notebook.databases.servers, name)
    async with a_notebook(older, notebook.kafka, notebook.topic) as its:
        yield its


async def _copy(notebook: Notebook) -> str:
    """Copy the truth as it is now; nobody may be in it meanwhile."""
    name = f"t{uuid4().hex[:12]}"
    source = notebook.databases.name
    admin = await asyncpg.connect(notebook.databases.servers.admin_dsn("truth"))
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", source
    )
    await admin.execute(f'create database "{name}" template "{source}" strategy wal_log')
    await admin.close()
    return name


async def _drop(notebook: Notebook, name: str) -> None:
    admin = await asyncpg.connect(notebook.databases.servers.admin_dsn("truth"))
    await admin.execute(f'drop database "{name}" with (force)')
    await admin.close()


@pytest.mark.parametrize("wrote_since", [False, True])
async def test_if_kafka_has_events_that_the_store_lacks_a_new_epoch_begins_and_all_is_sent_again(
    notebook: Notebook, *, wrote_since: bool
) -> None:
    relay = await notebook.start_relay()
    await _written(notebook, 4)
    await until(lambda: relay.status.events_sent == 8, what="the first filling")
    await notebook.stop()
    backup = await _copy(notebook)
    relay = await notebook.start_relay()
    await until(lambda: relay.status.partitions_led == PARTITIONS, what="the lead")
    await write(notebook.store, "note-0", 2)
    await until(lambda: relay.status.events_sent == 1, what="what is lost later")
    await notebook.stop()

    async with _restored(notebook, backup) as restored:
        if wrote_since:
            # The same version of the same stream as the lost event, and yet another event.
            await write(restored.store, "note-0", 2)
        await restored.start_relay()
        await _is_whole(restored, epoch=2)
        assert await restored.store.epoch() == 2
        [row] = await restored.ask("truth", "select distinct epoch from relay_checkpoints")
        assert row["epoch"] == 2
    await _drop(notebook, backup)


@pytest.mark.parametrize("is_emptied", [False, True])
async def test_a_store_from_before_an_epoch_that_kafka_knows_begins_a_later_one(
    own_notebook: Notebook, own_broker: Broker, *, is_emptied: bool
) -> None:
    notebook = own_notebook
    relay = await notebook.start_relay()
    await _written(notebook, 4)
    await until(lambda: relay.status.events_sent == 8, what="the first filling")
    await notebook.stop()
    backup = await _copy(notebook)
    if is_emptied:
        # Then the offsets that the backup knows mean nothing either.
        own_broker.kill()
        own_broker.start()
    await notebook.ask("truth", "select begin_next_epoch(1, 0, 'a restore before')")
    await notebook.start_relay()
    await _is_whole(notebook, epoch=2)
    await notebook.stop()

    async with _restored(notebook, backup) as restored:
        await restored.start_relay()
        await _is_whole(restored, epoch=3)
        assert await restored.store.epoch() == 3
    await _drop(notebook, backup)


async def test_events_of_other_services_on_the_topic_mean_nothing(
    notebook: Notebook,
) -> None:
    await notebook.make_topic()
    headers = [
        ("ce_source", b"/daybook/others"), ("ce_epoch", b"1"), ("ce_feedposition", b"1"),
        ("ce_storeposition", b"1:1"), ("ce_id", b"x"), ("ce_type", b"T"),
        ("ce_dataschema", b"a:1"), ("ce_subject", b"s"), ("ce_sequence", b"1"),
        ("ce_time", b"2026-03-04T12:00:00Z"),
    ]  # fmt: skip
    for partition in range(PARTITIONS):
        await notebook.publish(partition, [(b"k", b"{}", headers), (b"k", b"not an event", [])])
    await write(notebook.store, "note-1", 0, some_events(3))
    relay = await notebook.start_relay()
    await until(lambda: relay.status.events_sent == 3, what="the sending")
    await notebook.stop()
    relay = await notebook.start_relay()
    await until(lambda: relay.status.partitions_led == PARTITIONS, what="the lead")
    await write(notebook.store, "note-1", 3)
    await until(lambda: relay.status.events_sent == 1, what="the sending")
    assert relay.status.refill_events == 0
    assert await notebook.store.epoch() == 1
