"""Who could agree to a request is found: the manager first, then whoever has the least power."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final, Literal
from uuid import UUID

from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain.authority import level_of_terms
from services.permissions.domain.book import Book
from services.permissions.domain.helping import who_may_approve, would_be_taken

MOST_NAMED: Final = 3
MOST_TRIED: Final = 20
"""Each one is asked of all rules; where these may not, hardly anybody may."""
Ordered = list[tuple[int, UUID]]
Hindrance = Literal["no_level", "own", "no_reach", "rule"]
"""Why nobody may approve: nobody active has the level · only who asks or gains by it has · those
who have do not reach this person · a rule refuses the approval of everybody who does."""


@dataclass(frozen=True, slots=True)
class Found:
    """Who may approve a request, best asked first, or why nobody may."""

    who: list[UUID]
    level: int
    """The level that it takes."""
    hindrance: Hindrance | None
    """None where somebody may."""


class Approvers:
    """Finds them; safe to share between tasks and threads."""

    def __init__(self, book: PolicyBook) -> None:
        self._book = book
        self._known: tuple[tuple[int, int], Ordered] | None = None

    def of(
        self, book: Book, subject_id: UUID, grant_id: UUID, at: datetime,
        reaches: Callable[[UUID], bool],
    ) -> Found:  # fmt: skip
        """Return who may approve a request that is open, or why nobody may now.

        Args:
            book: that has the request.
            subject_id: for whom it is.
            grant_id: which one.
            at: now.
            reaches: whether somebody may approve for this person at all.
        """
        request = book.subject(subject_id).requests[grant_id]
        asked_by, level = request.asked_by, level_of_terms(book, request.terms)
        found: list[UUID] = []
        tried = 0
        hindrance: Hindrance = "no_level"
        for who in self._in_order(book, subject_id, level, at):
            if who == subject_id or str(who) == asked_by:
                hindrance = "own" if hindrance == "no_level" else hindrance
                continue
            if not reaches(who):
                hindrance = hindrance if tried else "no_reach"
                continue
            tried += 1
            hindrance = "rule"
            if would_be_taken(book, subject_id, grant_id, who, at):
                found.append(who)
            if len(found) == MOST_NAMED or tried == MOST_TRIED:
                break
        return Found(found, level, None if found else hindrance)

    def _in_order(self, book: Book, subject_id: UUID, level: int, at: datetime) -> Iterator[UUID]:
        """Yield who has the level for it: however many have less, nobody is tried in vain."""
        is_of = (self._book.epoch, self._book.facts)
        known = self._known
        if known is None or known[0] != is_of:
            self._known = known = (is_of, who_may_approve(book, at))
        able = known[1][bisect_left(known[1], level, key=itemgetter(0)) :]
        manager = book.subject(subject_id).place.manager
        if manager is not None and any(who == manager for _, who in able):
            yield manager
        yield from (who for _, who in able if who != manager)
