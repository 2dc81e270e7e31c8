"""Each partition's events have the numbers 1, 2, 3… in log order, from wherever one reads."""

import random
from hashlib import sha256
from uuid import UUID

import asyncpg
import pytest

from shared.eventstore.feed import PUBLISHED, READ, Feed
from shared.eventstore.store import EventStore
from tests.ground.events import some_events, write
from tests.shared.eventstore.conftest import TOPIC

INSERT = """insert into events (position, txid, stream, version, event_id, type, schema_version,
        subject, partition, recorded_at, actor, correlation_id, data)
    overriding system value
    values ($1::bigint, $2, 'note-' || $1::bigint, 1, $3, 'NoteWritten', 1, 'ada', 0, now(),
        'me', $3, '')"""
MANY = """insert into events (txid, stream, version, event_id, type, schema_version,
        subject, partition, recorded_at, actor, correlation_id, data)
    select '9'::xid8, 'many', n, gen_random_uuid(), 'NoteWritten', 1, 'ada', 0, now(), 'me',
        gen_random_uuid(), convert_to('event ' || n, 'UTF8')
    from generate_series(1, $1::int) n"""
INDEX = """insert into feed_index (topic, partition, feed_position, txid, position)
    select $1, 0, n, txid, position
    from (select row_number() over (order by txid, position) as n, txid, position
        from events where partition = 0) e where n % 1000 = 0"""


async def _many(admin: asyncpg.Connection, number: int, *, indexed: bool = True) -> None:
    await admin.execute(MANY, number)
    if indexed:
        await admin.execute(INDEX, TOPIC)
    await admin.execute("analyze events, feed_index")


async def _plan(admin: asyncpg.Connection, sql: str, *arguments: object) -> str:
    prepared = await admin.fetch(f"explain (analyze, costs off, timing off) {sql}", *arguments)
    return "\n".join(row[0] for row in prepared)


async def test_feed_positions_are_contiguous_and_pages_meet_wherever_they_are_cut(
    store: EventStore, feed: Feed, dice: random.Random
) -> None:
    for n in range(30):
        await write(store, f"note-{n}", 0, some_events(dice.randint(1, 3)), subject="ada")
    [first, *_] = await store.load("note-0")
    whole = await feed.read(first.partition, 1)
    assert [e.feed_position for e in whole] == list(range(1, len(whole) + 1))
    for _ in range(20):
        start, size = dice.randint(1, len(whole) + 2), dice.randint(1, 20)
        assert await feed.read(first.partition, start, size) == whole[start - 1 :][:size]
    assert await feed.read(first.partition, 0, 2) == whole[:2]


async def test_each_partition_has_numbers_of_its_own(store: EventStore, feed: Feed) -> None:
    for n in range(20):
        await write(store, f"note-{n}", 0)
    pages = [await feed.read(partition, 1) for partition in range(12)]
    assert sum(len(page) for page in pages) == 20
    for partition, page in enumerate(pages):
        assert [e.feed_position for e in page] == list(range(1, len(page) + 1))
        assert {e.event.partition for e in page} <= {partition}


async def test_the_order_is_by_the_numbers_txid_and_position_never_by_their_text(
    feed: Feed, admin: asyncpg.Connection
) -> None:
    # 9 before 10 although "10" sorts before "9"; and position 8 after 9, its txid is greater.
    places = [(9, 9), (9, 10), (10, 8), (99, 7), (100, 5), (100, 6)]
    for txid, position in reversed(places):
        await admin.execute(INSERT, position, txid, UUID(int=position))
    read = [e for start in range(1, 7, 2) for e in await feed.read(0, start, 2)]
    assert [(e.event.txid, e.event.position) for e in read] == places


async def test_a_far_page_is_reached_by_the_index_and_sorts_nothing(
    feed: Feed, admin: asyncpg.Connection
) -> None:
    await _many(admin, 3_500)
    far = await _plan(admin, READ.format(columns=PUBLISHED, table="events"), TOPIC, 0, 3_101, 50)
    assert "feed_index" in far
    assert "txid" not in "".join(line for line in far.splitlines() if "Sort Key" in line)
    [scan] = [line for line in far.splitlines() if "events_feed" in line]
    assert "rows=150" in scan, scan
    page = await feed.read(0, 3_101, 50)
    assert [e.event.data for e in page[:2]] == [b"event 3101", b"event 3102"]


@pytest.mark.parametrize("start", [1, 999, 1_000, 1_001, 1_002, 2_000, 2_001, 2_500, 2_501])
async def test_a_page_is_the_same_with_and_without_index_rows(
    feed: Feed, admin: asyncpg.Connection, start: int
) -> None:
    await _many(admin, 2_500, indexed=False)
    without = await feed.read(0, start, 7)
    await admin.execute(INDEX, TOPIC)
    assert await feed.read(0, start, 7) == without
    assert [e.event.data for e in without] == [
        b"event %d" % n for n in range(start, min(start + 7, 2_501))
    ]


@pytest.mark.parametrize("indexed", [True, False])
async def test_the_digest_is_what_anybody_can_compute_from_the_feed(
    feed: Feed, admin: asyncpg.Connection, indexed: bool
) -> None:
    await _many(admin, 2_300, indexed=indexed)
    events = [e for start in (1, 1_001, 2_001) for e in await feed.read(0, start)]
    digests = await feed.digest(0, 1, 10_000)
    assert [(d.feed_from, d.feed_to, d.count) for d in digests] == [
        (1, 1_000, 1_000),
        (1_001, 2_000, 1_000),
        (2_001, 2_300, 300),
    ]
    for digest in digests:
        part = events[digest.feed_from - 1 : digest.feed_to]
        of_each = (e.event.event_id.bytes + sha256(e.event.data).digest() for e in part)
        assert digest.digest == sha256(b"".join(of_each)).digest()


async def test_a_digest_of_a_range_begins_with_a_thousand_and_ends_where_asked(
    feed: Feed, admin: asyncpg.Connection
) -> None:
    await _many(admin, 1_500)
    [first, second] = await feed.digest(0, 700, 1_200)
    assert (first.feed_from, first.feed_to) == (1, 1_000)
    assert (second.feed_from, second.feed_to, second.count) == (1_001, 1_200, 200)
    assert await feed.digest(0, 1_501, 3_000) == (await feed.digest(0, 1_001, 3_000))
    assert await feed.digest(3, 1, 1_000) == []


@pytest.mark.parametrize("indexed", [True, False])
async def test_the_place_of_an_event_names_its_version_and_its_number(
    feed: Feed, admin: asyncpg.Connection, indexed: bool
) -> None:
    await _many(admin, 2_100, indexed=indexed)
    for version in (1, 999, 1_000, 1_001, 2_099):
        place = await feed.place_of("many", version)
        assert place is not None
        assert (place.version, place.feed_position, place.partition) == (version, version, 0)
    newest = await feed.place_of("many")
    assert newest is not None
    assert (newest.version, newest.feed_position) == (2_100, 2_100)
    assert await feed.place_of("many", 2_101) is None
    assert await feed.place_of("nobody") is None
