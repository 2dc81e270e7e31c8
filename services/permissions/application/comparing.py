"""What everybody has is compared beside the event loop, and once for all who ask meanwhile."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.permissions.application.known_uses import ReadUses, as_far_as_known, nothing_read
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.book import Book
from services.permissions.domain.findings import Finding, Known, find
from services.permissions.domain.review.hints import PeerCounts
from services.permissions.domain.usage import Uses
from shared.clock import Clock

KEPT_FOR: Final = timedelta(minutes=1)
"""A grant that has ended is found no longer than that."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Everybody compared with everybody, as of one book."""

    book: Book
    peers: PeerCounts
    uses: Uses
    findings: Sequence[Finding]
    versions: Mapping[str, int]
    """Of each stream, as of the same book."""
    at: datetime
    is_of: tuple[int, int]


class Comparing:
    """Compares, and keeps the last comparison while nothing was decided since."""

    def __init__(self, book: PolicyBook, clock: Clock, uses: ReadUses = nothing_read) -> None:
        self._book = book
        self._clock = clock
        self._uses = uses
        self._one_at_a_time = asyncio.Lock()
        self._last: Compared | None = None

    async def now(self) -> Compared:
        """Return how everybody compares (raises UnavailableError: the store does not answer)."""
        async with self._one_at_a_time:
            await self._book.catch_up()
            at, is_of = self._clock.now(), (self._book.epoch, self._book.facts)
            last = self._last
            if last is None or last.is_of != is_of or not last.at <= at <= last.at + KEPT_FOR:
                uses = await as_far_as_known(self._uses)
                book, versions = self._book.book.copy(), dict(self._book.versions)
                given_at = dict(self._book.given_at)
                self._last = last = await asyncio.to_thread(
                    _compare, book, versions, at, is_of, uses, given_at
                )
            return last


def _compare(
    book: Book,
    versions: Mapping[str, int],
    at: datetime,
    is_of: tuple[int, int],
    uses: Uses,
    given_at: Mapping[UUID, datetime],
) -> Compared:
    known = Known(PeerCounts(book), uses, given_at)
    return Compared(book, known.peers, known.uses, find(book, at, known), versions, at, is_of)
