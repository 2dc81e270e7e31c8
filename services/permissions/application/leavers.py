"""Who left, since when and by whom, as the log says; and which services have to know it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final
from uuid import UUID

import asyncpg

from services.permissions.domain.book import Book
from shared.authorization.permissions import Permission
from shared.authorization.rights import Basis, Rights
from shared.postgres.lanes import Lanes

GONE: Final = frozenset({"suspended", "left"})
STREAM: Final = "subject-"
PERMISSIONS: Final = "permissions"
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


def expected(basis: Basis, book: Book) -> Mapping[str, str]:
    """Return the services that have to refuse who left: the name of each → its account.

    The permissions service itself, and each active service account that may get a copy of all
    rights: whoever has none of those decides nothing by itself.
    """
    found: dict[str, str] = {}
    for subject_id, subject in basis.world.subjects.items():
        if subject.kind != "service" or subject.state != "active":
            continue
        name = book.subject(UUID(subject_id)).user_name or subject_id
        follows = Rights(basis, subject_id).may(Permission.PERMISSIONS_FOLLOW)
        if follows or name == PERMISSIONS:
            found[name] = subject_id
    return found
