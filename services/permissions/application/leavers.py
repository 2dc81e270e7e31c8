"""Who left, since when and by whom, as the log says; and which services have to know it."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.permissions.domain.book import Book
from services.permissions.domain.subject.events import (
    SubjectErased,
    SubjectEvent,
    SubjectJoined,
    SubjectLeft,
    SubjectReinstated,
    SubjectSuspended,
)
from shared.authorization.compiling import compiled, ways_of
from shared.authorization.permissions import Permission
from shared.authorization.world import World
from shared.events import RecordedEvent

GONE: Final = frozenset({"suspended", "left"})
FRESH_MS: Final = 1_000
"""The published bound: within so many milliseconds a process with fresh permissions refuses."""
Since = tuple[datetime, str]
"""When somebody left, and who: where they stand among all who left."""


@dataclass(frozen=True, slots=True)
class Left:
    """That somebody left: since when, by whom, and the event that says so."""

    subject_id: UUID
    left_at: datetime
    by: str
    evidence: str
    reason: str | None = None
    """Why, in the words of who let them go; None: not said, or nobody can read it."""
    ticket: str | None = None

    @property
    def since(self) -> Since:
        """Return where they stand among all who left."""
        return self.left_at, str(self.subject_id)


class Leavers:
    """Who is gone by now; it follows the log in its order."""

    def __init__(self) -> None:
        self._left: dict[UUID, Left] = {}
        self._since: list[Since] = []

    def follow(self, subject_id: UUID, event: SubjectEvent, record: RecordedEvent) -> None:
        """Take in what happened to somebody."""
        match event:
            case SubjectSuspended() | SubjectLeft() if subject_id not in self._left:
                # Whoever was suspended first and let go later is gone since the first of the two.
                why, by = event.personal, record.origin.actor
                left = Left(
                    subject_id, record.recorded_at, by, str(record.event_id),
                    None if why is None else why.reason, None if why is None else why.ticket,
                )  # fmt: skip
                self._left[subject_id] = left
                insort(self._since, left.since)
            case SubjectLeft() if event.personal is not None:
                # Gone since the suspension, and for the reason that was said in the end.
                why = event.personal
                its = self._left[subject_id]
                self._left[subject_id] = replace(its, reason=why.reason, ticket=why.ticket)
            case SubjectJoined() | SubjectReinstated() | SubjectErased():
                if subject_id in self._left:
                    since = self._left.pop(subject_id).since
                    del self._since[bisect_left(self._since, since)]
            case _:
                pass

    def of(self, subject_id: UUID) -> Left | None:
        """Return how somebody left; None: they are there, erased, or never were."""
        return self._left.get(subject_id)

    def newest_first(self, before: Since | None) -> Iterator[Left]:
        """Yield who left, from the last one before a place on; None: from the newest on."""
        place = len(self._since) if before is None else bisect_left(self._since, before)
        while place:
            place -= 1
            yield self._left[UUID(self._since[place][1])]


def expected(world: World, book: Book) -> Mapping[UUID, str]:
    """Return the names of the services that may get a copy of all rights: what they decide by.

    Each service account whose grants include it, in whatever state: one that stopped with the
    leaver, its owner, has processes that decide by what they know.
    """
    return {
        UUID(name): book.subject(UUID(name)).user_name or name
        for name, subject in world.subjects.items()
        if subject.kind == "service" and _is_given_a_copy(world, name)
    }


def _is_given_a_copy(world: World, name: str) -> bool:
    """Say whether the grants alone include it, as if the account were at work."""
    alone = world.subjects[name]._replace(state="active", owner=None, is_parked=False)
    entry = compiled(name, {name: alone}, world.policy)
    return bool(ways_of(world.policy, entry, Permission.PERMISSIONS_FOLLOW))
