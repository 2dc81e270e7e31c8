"""Whose each grant and each request is, by its own id; it follows the log in its order."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from services.permissions.domain.subject.state import Subject


class GrantHolders:
    """Whose grants and requests there are now: a change costs as much as it changes."""

    def __init__(self) -> None:
        self._holders: dict[UUID, UUID] = {}

    @property
    def holders(self) -> Mapping[UUID, UUID]:
        """Return the subject that each grant and each request is of."""
        return MappingProxyType(self._holders)

    def follow(self, subject_id: UUID, before: Subject, after: Subject) -> None:
        """Take in what a subject became."""
        if before.grants is after.grants and before.requests is after.requests:
            return
        # A request that is approved becomes a grant of the same id.
        was, now = ({*its.grants, *its.requests} for its in (before, after))
        for gone in was - now:
            self._holders.pop(gone, None)
        self._holders.update(dict.fromkeys(now - was, subject_id))
