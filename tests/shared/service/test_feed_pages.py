"""Pages of the feed that are made ahead are the pages that would be made now."""

import asyncio
from typing import Any, cast

import orjson
import pytest

from shared.errors import UnavailableError
from shared.eventstore.feed import Feed
from shared.eventstore.store import EventStore
from shared.service.feed_pages import KEPT_SECONDS, MOST_BYTES, Asked, FeedPages
from shared.testing.waiting import until


class Events:
    """A feed of numbers, and a store in its first epoch; counts what is read."""

    topic = "notes"

    def __init__(self, count: int, size: int = 2) -> None:
        self.count = count
        self.size = size
        self.reads: list[int] = []
        self.is_away = False

    async def page(self, _partition: int, start: int, limit: int) -> list[dict[str, Any]]:
        self.reads.append(start)
        if self.is_away:
            raise UnavailableError("the store is away")
        data = b'"' + b"x" * self.size + b'"'
        last = min(start + limit, self.count + 1)
        return [{"feed_position": n, "data": data} for n in range(start, last)]

    async def epoch(self) -> int:
        return 1


def pages_of(events: Events) -> FeedPages:
    return FeedPages(cast("EventStore", events))


async def numbers(pages: FeedPages, events: Events, start: int, limit: int = 2) -> list[int]:
    body = orjson.loads(await pages.page(Asked(cast("Feed", events), 0, start, limit)))
    assert body["next_from"] == start + len(body["items"])
    return [item["feed_position"] for item in body["items"]]


async def test_a_reader_of_the_whole_feed_gets_every_event_once_and_each_page_is_read_once() -> (
    None
):
    events = Events(7)
    pages = pages_of(events)
    assert [await numbers(pages, events, start) for start in (1, 3, 5)] == [[1, 2], [3, 4], [5, 6]]
    await until(lambda: len(events.reads) == 5, what="that two more are made ahead")
    assert sorted(events.reads) == [1, 3, 5, 7, 9]


async def test_a_page_that_was_not_full_is_read_again_because_it_may_have_grown() -> None:
    events = Events(3)
    pages = pages_of(events)
    assert await numbers(pages, events, 1) == [1, 2]
    await until(lambda: 3 in events.reads, what="that the next page is made ahead")
    events.count = 4
    assert await numbers(pages, events, 3) == [3, 4]


async def test_what_failed_ahead_is_read_anew_and_only_who_asks_is_told() -> None:
    events = Events(4)
    pages = pages_of(events)
    await numbers(pages, events, 1)
    events.is_away = True
    await until(lambda: {3, 5} <= set(events.reads), what="that it was tried ahead")
    with pytest.raises(UnavailableError):
        await numbers(pages, events, 3)
    events.is_away = False
    assert await numbers(pages, events, 3) == [3, 4]


async def test_large_pages_are_never_kept() -> None:
    events = Events(6, size=MOST_BYTES)
    pages = pages_of(events)
    await numbers(pages, events, 1, limit=1)
    await numbers(pages, events, 2, limit=1)
    assert events.reads == [1, 2]


async def test_what_nobody_asks_for_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    forgetting: list[tuple[float, Any, tuple[Any, ...]]] = []
    monkeypatch.setattr(
        asyncio.get_running_loop(),
        "call_later",
        lambda after, forget, *its: forgetting.append((after, forget, its)),
        raising=False,
    )
    events = Events(9)
    pages = pages_of(events)
    await pages.page(Asked(cast("Feed", events), 0, 1, 2))
    monkeypatch.undo()
    assert [after for after, *_ in forgetting] == [KEPT_SECONDS] * 2
    for _, forget, its in forgetting:
        forget(*its)
    events.reads.clear()
    assert await numbers(pages, events, 3) == [3, 4]
    assert 3 in events.reads
