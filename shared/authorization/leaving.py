"""Who leaves while a process decides is known at once by name, and told when there is time.

A swap of permissions only says which subjects it ended; that costs it one look at each subject, and
nothing if nobody left. What is untold is kept once for each subject, so that there is never more of
it than there are subjects.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.authorization.compiling import LONGEST_CHAIN, is_at_work
from shared.authorization.state import Subject

ENDS: Final = frozenset({"SubjectLeft", "SubjectSuspended", "SubjectErased"})
"""The events after which somebody may be nobody any more."""
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Leaving:
    """From when on a process refuses somebody who left.

    Args:
        subject: who left.
        left_at: when that was recorded; None: only a snapshot told.
        applied_at: when the process began to refuse.
        service_accounts: how many that they own were at work, and are refused now.
        is_at_start: whether the process had decided nothing before.
        epoch: of the permissions service's store.
        position: how far permissions were known from then on.
    """

    subject: str
    left_at: datetime | None
    applied_at: datetime
    service_accounts: int
    is_at_start: bool
    epoch: int
    position: int


class Leavings:
    """Who left as far as one replica saw it happen."""

    def __init__(self) -> None:
        self._known: dict[str, Leaving] = {}
        self._untold: dict[str, Leaving] = {}

    @property
    def untold(self) -> int:
        """How many leavings nobody was told of yet."""
        return len(self._untold)

    def seen(self, leaving: Leaving) -> None:
        """Keep it, to be told."""
        self._known[leaving.subject] = self._untold[leaving.subject] = leaving

    def of(self, subject: str) -> Leaving | None:
        """Return how somebody left; None: they were gone when the replica began, or are here."""
        return self._known.get(subject)

    def next(self, most: int) -> list[Leaving]:
        """Return some that nobody was told of."""
        return [leaving for leaving, _ in zip(self._untold.values(), range(most), strict=False)]

    def told(self, leaving: Leaving) -> None:
        """Forget that it is to be told, unless they came back and left again meanwhile."""
        if self._untold.get(leaving.subject) is leaving:
            del self._untold[leaving.subject]


@dataclass(frozen=True, slots=True)
class DecidingProcess:
    """Who decides, as records name it.

    Args:
        name: service, role and a number of its own; it says nothing of a machine or a person.
        account: the subject that acts when the service itself tells something.
        leavings: whom it saw leave.
    """

    name: str
    account: str
    leavings: Leavings


def who_left(
    candidates: Mapping[str, datetime | None],
    before: Mapping[str, Subject],
    after: Mapping[str, Subject],
) -> dict[str, tuple[datetime | None, int]]:
    """Return who of these was active and is not, since when, and how many accounts with them.

    A service account that stops with whoever owns it is counted there, and is nobody of its own.
    """
    gone = {
        name: left_at
        for name, left_at in candidates.items()
        if name in before
        and before[name].state == "active"
        and after[name].state != "active"
        and leaver_of(name, after) == name
    }
    if not gone:
        return {}
    counted = Counter(
        leaver_of(name, after)
        for name, subject in before.items()
        if subject.owner is not None and is_at_work(subject, before)
    )
    return {name: (left_at, counted[name]) for name, left_at in gone.items()}


def leaver_of(name: str, subjects: Mapping[str, Subject]) -> str:
    """Return whose leaving it is that a subject is refused for: the first owner's of all."""
    leaver, subject = name, subjects.get(name)
    for _ in range(LONGEST_CHAIN):
        if subject is None or subject.owner is None:
            break
        owner, subject = subject.owner, subjects.get(subject.owner)
        if subject is not None and subject.state != "active":
            leaver = owner
    return leaver


def late_ms(left_at: datetime | None, at: datetime) -> int | None:
    """Return how many milliseconds a leaving was old; None: nobody knows when it was.

    Below 0: the clock that says when it is, is behind the one that said when they left.
    """
    return None if left_at is None else round((at - left_at) / _MILLISECOND)
