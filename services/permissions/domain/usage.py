"""When rights were last used, as far as it is known; what knows nothing finds nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

UNUSED_AFTER: Final = timedelta(days=90)
"""A right that nobody used for so long is not needed."""


@dataclass(frozen=True, slots=True)
class Uses:
    """The last use of each permission, by whoever used it.

    It is known of a permission, not of a grant: two grants that give the same share their use.
    """

    known_since: datetime | None = None
    """Uses from then on are known, all of them; None: none are."""
    last: Mapping[UUID, Mapping[str, datetime]] = field(default_factory=dict)

    def last_of(self, subject_id: UUID, permissions: Iterable[str]) -> datetime | None:
        """Return when somebody last used any of these; None: not since it is known."""
        its = self.last.get(subject_id, {})
        return max((its[one] for one in permissions if one in its), default=None)

    def are_known_for(self, how_long: timedelta, at: datetime) -> bool:
        """Say whether every use of so long a time is known."""
        return self.known_since is not None and self.known_since <= at - how_long


NOT_KNOWN: Final = Uses()
