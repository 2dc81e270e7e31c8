"""What everybody has is compared beside the event loop, and once for all who ask meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import Book
from services.permissions.domain.findings import Finding, find
from services.permissions.domain.review.hints import PeerCounts
from shared.clock import Clock

KEPT_FOR: Final = timedelta(minutes=1)
"""A grant that has ended is found no longer than that."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Everybody compared with everybody, as of one book."""

    book: Book
    peers: PeerCounts
    findings: Sequence[Finding]
    versions: Mapping[str, int]
    """Of each stream, as of the same book."""
    at: datetime
    is_of: tuple[int, int]


class Comparing:
    """Compares, and keeps the last comparison while nothing was decided since."""

    def __init__(self, book: PolicyBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._last: Compared | None = None

    async def now(self) -> Compared:
        """Return how everybody compares (raises UnavailableError: the store does not answer)."""
        async with self._one_at_a_time:
            await self._book.catch_up()
            at, is_of = self._clock.now(), (self._book.epoch, self._book.facts)
            last = self._last
            if last is None or last.is_of != is_of or not last.at <= at <= last.at + KEPT_FOR:
                book, versions = self._book.book.copy(), dict(self._book.versions)
                self._last = last = await asyncio.to_thread(_compare, book, versions, at, is_of)
            return last


def _compare(
    book: Book, versions: Mapping[str, int], at: datetime, is_of: tuple[int, int]
) -> Compared:
    peers = PeerCounts(book)
    return Compared(book, peers, find(book, at, peers), versions, at, is_of)
