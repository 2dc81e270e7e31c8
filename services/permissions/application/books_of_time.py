"""The policy, people and teams as they are now, or as they were at a past moment."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from services.permissions.application.past import PastWorlds, refuse_future
from services.permissions.application.policy_book import PolicyBook
from services.permissions.application.whole_log import PARTITION
from services.permissions.domain.book import Book
from shared.clock import Clock
from shared.eventstore.feed import Feed


@dataclass(frozen=True, slots=True)
class BookOfTime:
    """A book of one's own, the moment that it is of, and the last change in it."""

    book: Book
    at: datetime
    epoch: int
    position: int | None
    """In the feed; None: something older may still come before it."""


class BooksOfTime:
    """Books of any moment; safe to share between tasks."""

    def __init__(self, book: PolicyBook, past: PastWorlds, feed: Feed, clock: Clock) -> None:
        self._book = book
        self._past = past
        self._feed = feed
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def of(self, as_of: datetime | None) -> BookOfTime:
        """Return everything as it was at a moment; None: as it is now.

        Raises:
            InvalidInputError: the moment is not past.
            UnavailableError: the store does not answer.
        """
        if as_of is None:
            return await self._now()
        refuse_future(as_of, self._clock.now())
        async with self._one_at_a_time:  # Each folds the whole log.
            last = await self._past.last_before(as_of)
            book = await self._book.until(last.epoch, last.place)
        return BookOfTime(book, as_of.astimezone(UTC), last.epoch, last.position)

    async def _now(self) -> BookOfTime:
        await self._book.catch_up()
        book, epoch, place = self._book.book.copy(), self._book.epoch, self._book.place
        at = self._clock.now()
        return BookOfTime(book, at, epoch, await self._feed.position_of(PARTITION, *place))
