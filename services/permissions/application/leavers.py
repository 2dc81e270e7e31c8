"""Who left, since when and by whom, as the log says; and which services have to know it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final
from uuid import UUID

import asyncpg

from services.permissions.domain.book import Book
from shared.authorization.compiling import compiled
from shared.authorization.deciding import ways_of
from shared.authorization.permissions import Permission
from shared.authorization.world import World
from shared.postgres.lanes import Lanes

GONE: Final = frozenset({"suspended", "left"})
STREAM: Final = "subject-"
FRESH_MS: Final = 1_000
"""The published bound: within so many milliseconds a process with fresh permissions refuses."""
# Whoever was suspended first and let go later has been gone since the first of the two.
LIVES: Final = """select e.stream, e.type, e.recorded_at, e.actor, e.event_id::text
    from events e where e.stream = any($1::text[]) and e.type in
        ('SubjectJoined', 'SubjectReinstated', 'SubjectSuspended', 'SubjectLeft')
    order by e.stream, e.version"""
_ENDS: Final = frozenset({"SubjectSuspended", "SubjectLeft"})


@dataclass(frozen=True, slots=True)
class Left:
    """That somebody left: since when, by whom, and the event that says so."""

    subject_id: UUID
    left_at: datetime
    by: str
    evidence: str


class Leavers:
    """Finds out who left; whose names are asked for is somebody else's matter."""

    def __init__(self, truth: Lanes) -> None:
        self._truth = truth

    async def of(self, ids: Iterable[UUID]) -> list[Left]:
        """Return how those of these who are gone left, the newest first.

        Raises:
            UnavailableError: the store does not answer.
        """
        rows = await self._truth.fetch(LIVES, [f"{STREAM}{one}" for one in ids])
        found: dict[str, asyncpg.Record] = {}
        for row in rows:
            if row["type"] not in _ENDS:
                found.pop(row["stream"], None)
            else:
                found.setdefault(row["stream"], row)
        left = [
            Left(UUID(stream.removeprefix(STREAM)), row["recorded_at"], row["actor"], row[4])
            for stream, row in found.items()
        ]
        left.sort(key=attrgetter("left_at", "subject_id"), reverse=True)
        return left


def expected(world: World, book: Book) -> frozenset[str]:
    """Return the names of the services that may get a copy of all rights: what they decide by.

    Each service account whose grants include it, in whatever state: one that stopped with the
    leaver, its owner, has processes that decide by what they know.
    """
    return frozenset(
        book.subject(UUID(name)).user_name or name
        for name, subject in world.subjects.items()
        if subject.kind == "service" and _is_given_a_copy(world, name)
    )


def _is_given_a_copy(world: World, name: str) -> bool:
    """Say whether the grants alone include it, as if the account were at work."""
    alone = world.subjects[name]._replace(state="active", owner=None, is_parked=False)
    entry = compiled(name, {name: alone}, world.policy)
    return bool(ways_of(entry, Permission.PERMISSIONS_FOLLOW))
