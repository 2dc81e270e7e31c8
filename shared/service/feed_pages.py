"""The next pages of the feed are made while a reader still works on the one that it has.

Whoever takes a full page most likely asks for the next one, and a full page never changes. Two are
made ahead, so that PostgreSQL reads one while the other becomes JSON.
"""

import asyncio
from dataclasses import dataclass, replace

import orjson

from shared.eventstore.feed import Feed
from shared.eventstore.store import EventStore

PAGES_AHEAD = 2
MOST_KEPT = 16
MOST_BYTES = 4_000_000
KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page is wanted."""

    feed: Feed
    partition: int
    start: int
    limit: int


@dataclass(frozen=True, slots=True)
class Made:
    """A page as it is sent; one that is full and not large may be made ahead, and kept."""

    body: bytes
    may_be_kept: bool


class FeedPages:
    """Makes the pages of one service's feeds; safe to share between tasks."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._ahead: dict[Asked, asyncio.Task[Made]] = {}

    async def page(self, asked: Asked) -> bytes:
        """Return the page as JSON, and begin to make the next ones if this one is full.

        Raises:
            UnavailableError: PostgreSQL does not answer.
        """
        made = await self._made_ahead(asked) or await self._make(asked)
        if made.may_be_kept:
            for number in range(1, PAGES_AHEAD + 1):
                self._begin(replace(asked, start=asked.start + number * asked.limit))
        return made.body

    async def _made_ahead(self, asked: Asked) -> Made | None:
        """Return what was made ahead, unless it failed, is large, or may have grown since."""
        task = self._ahead.pop(asked, None)
        if task is None:
            return None
        await asyncio.wait([task])
        if task.cancelled() or task.exception() is not None:
            return None  # Who asks now reads it anew, and is told if that fails too.
        made = task.result()
        return made if made.may_be_kept else None

    def _begin(self, asked: Asked) -> None:
        if asked in self._ahead or len(self._ahead) >= MOST_KEPT:
            return
        task = self._ahead[asked] = asyncio.create_task(self._make(asked))
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, asked, task)

    def _forget(self, asked: Asked, task: asyncio.Task[Made]) -> None:
        if self._ahead.get(asked) is task:
            del self._ahead[asked]
            task.cancel()

    async def _make(self, asked: Asked) -> Made:
        items = await asked.feed.page(asked.partition, asked.start, asked.limit)
        for item in items:
            # The stored bytes, untouched.
            item["data"] = orjson.Fragment(item["data"])
        body = orjson.dumps(
            {
                "topic": asked.feed.topic,
                "partition": asked.partition,
                "epoch": await self._store.epoch(),
                "items": items,
                "next_from": asked.start + len(items),
            }
        )
        return Made(body, len(items) == asked.limit and len(body) <= MOST_BYTES)
