"""What is read ahead is sent only if it is exactly what follows; otherwise it is read again."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared.errors import UnavailableError
from shared.messaging import outbox, reading_ahead
from shared.messaging.headers import fixed_headers
from shared.messaging.outbox import Checkpoint, Outbox
from shared.messaging.packing import Heads
from shared.messaging.reading_ahead import ReadAhead
from shared.messaging.sending import Round
from shared.testing.waiting import until
from tests.ground.events import some_events, write
from tests.ground.notebook import Notebook
from tests.shared.messaging.test_relay import numbered

HEADS = Heads(fixed_headers("notes", 1))
MANY = 120


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a round hold seven events of a partition, and another always follow it."""
    monkeypatch.setattr(outbox, "PAGE_PER_PARTITION", 7)
    monkeypatch.setattr(reading_ahead, "WORTH_IT_EVENTS", 1)


@asynccontextmanager
async def _first_round(
    notebook: Notebook,
) -> AsyncIterator[tuple[Outbox, ReadAhead, dict[int, Checkpoint], Round]]:
    """Give a round that is about to be sent, with what follows it being read."""
    await write(notebook.store, "note-1", 0, some_events(20))
    await notebook.make_topic()
    store = await notebook.new_outbox()
    ahead = ReadAhead(store, is_compressed=False)
    try:
        await store.prepare()
        held = (await store.claim()).held
        first = await ahead.read(held, HEADS)
        ahead.begin(first, held, HEADS)
        yield store, ahead, held, first
    finally:
        await ahead.drop()


async def _acknowledged(
    store: Outbox, notebook: Notebook, held: dict[int, Checkpoint], sent: Round
) -> None:
    """Record the round as if Kafka had acknowledged it at offset 41."""
    for moved in sent.moved:
        moved.kafka_offset = 41
    await store.advance(sent.moved, notebook.clock.now())
    held.update({m.before.partition: m.after() for m in sent.moved})


@pytest.mark.usefixtures("small_pages")
async def test_the_round_read_ahead_follows_the_one_under_way_and_knows_its_offset(
    notebook: Notebook,
) -> None:
    async with _first_round(notebook) as (store, ahead, held, first):
        await _acknowledged(store, notebook, held, first)
        following = await ahead.take(held)
        assert following is not None
        [moved] = following.moved
        assert (moved.before.feed_position, moved.feed_position) == (7, 14)
        assert moved.before.kafka_offset == 41


@pytest.mark.usefixtures("small_pages")
async def test_what_was_read_ahead_of_a_log_that_starts_over_is_thrown_away(
    notebook: Notebook,
) -> None:
    async with _first_round(notebook) as (store, ahead, held, first):
        await _acknowledged(store, notebook, held, first)
        await store.start_over(list(held))
        assert await ahead.take((await store.claim()).held) is None


@pytest.mark.usefixtures("small_pages")
async def test_what_was_read_ahead_in_an_earlier_epoch_is_thrown_away(notebook: Notebook) -> None:
    async with _first_round(notebook) as (store, ahead, held, first):
        await _acknowledged(store, notebook, held, first)
        await store.epochs.begin_next_epoch(1, "a test")
        assert await ahead.take((await store.claim()).held) is None


@pytest.mark.usefixtures("small_pages")
async def test_what_was_read_ahead_of_a_partition_that_is_lost_is_thrown_away(
    notebook: Notebook,
) -> None:
    async with _first_round(notebook) as (_, ahead, _, _):
        assert await ahead.take({}) is None


@pytest.mark.usefixtures("small_pages")
async def test_a_page_that_cannot_be_read_ahead_fails_the_relay_which_sends_everything_once(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Outbox.page, 0

    async def page(self: Outbox, held: Mapping[int, Checkpoint]) -> list[asyncpg.Record]:
        nonlocal calls
        calls += 1
        if calls in {3, 5, 6}:
            raise UnavailableError("PostgreSQL does not answer", fix="try again")
        return await real(self, held)

    monkeypatch.setattr(Outbox, "page", page)
    await write(notebook.store, "note-1", 0, some_events(MANY))
    relay = await notebook.start_relay()
    await until(lambda: relay.status.events_sent == MANY, what="that everything is sent")
    assert relay.status.last_failure == "UnavailableError"
    [events] = numbered(await notebook.records(MANY)).values()
    # A round whose successor could not be read was acknowledged, and is not sent again.
    assert [e.version for e in events] == list(range(1, MANY + 1))


@pytest.mark.usefixtures("small_pages")
async def test_a_relay_that_stops_while_it_reads_ahead_leaves_the_rest_to_the_next(
    notebook: Notebook,
) -> None:
    await write(notebook.store, "note-1", 0, some_events(MANY))
    relay = await notebook.start_relay()
    await until(lambda: relay.status.events_sent > 0, what="the first round")
    await notebook.stop()
    await notebook.start_relay()
    [events] = numbered(await notebook.records(MANY)).values()
    assert [e.version for e in events] == list(range(1, MANY + 1))


@pytest.mark.usefixtures("small_pages")
async def test_the_page_behind_the_round_read_ahead_is_read_too_and_only_once(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read_behind = Outbox.page, []

    async def page(self: Outbox, held: Mapping[int, Checkpoint]) -> list[asyncpg.Record]:
        read_behind.append(sum(c.feed_position for c in held.values()))
        return await real(self, held)

    monkeypatch.setattr(Outbox, "page", page)
    async with _first_round(notebook) as (store, ahead, held, first):
        await _acknowledged(store, notebook, held, first)
        second = await ahead.take(held)
        assert second is not None
        ahead.begin(second, held, HEADS)
        await _acknowledged(store, notebook, held, second)
        third = await ahead.take(held)
        assert third is not None
        [moved] = third.moved
        assert (moved.before.feed_position, moved.feed_position) == (14, 20)
    assert read_behind == [0, 7, 14, 20]


@pytest.mark.usefixtures("small_pages")
async def test_a_page_read_behind_other_places_is_read_again(notebook: Notebook) -> None:
    async with _first_round(notebook) as (store, ahead, held, first):
        await _acknowledged(store, notebook, held, first)
        await ahead.take(held)  # What follows it is read now, and the log starts over.
        await store.start_over(list(held))
        again = await ahead.read((await store.claim()).held, HEADS)
        [moved] = again.moved
        assert (moved.before.feed_position, moved.feed_position) == (0, 7)
