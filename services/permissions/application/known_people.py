"""An answer names whom its asker may see by name, and those whom the asker reports to."""

from collections.abc import Iterable, Iterator
from typing import Final

from services.permissions.application.evaluating import Names
from shared.authorization.fields import Outcome, view_of
from shared.authorization.permissions import Permission
from shared.authorization.questions import Circumstances
from shared.authorization.rights import Rights
from shared.authorization.world import World

NAMING: Final = ("display_name", "user_name")
_AROUND: Final = Circumstances(deeds={})
"""Nobody did anything yet with what is asked about."""


class KnownPeople:
    """Whom one asker may be told of by name, as of now also where an answer is of the past."""

    def __init__(self, names: Names, asks: Rights) -> None:
        """Tell the names that everybody has now to whoever has these rights."""
        self._names = names
        self._asks = asks
        self._above = {*_and_above(asks.basis.world, asks.subject)}

    def name(self, subject: str) -> str | None:
        """Return what people call a subject; None: it has no name, or it is not to be told."""
        return self._names.shown(subject) if self._knows(subject) else None

    def known(self, subjects: Iterable[str]) -> Iterator[str]:
        """Yield those who may be told of, in their order."""
        return filter(self._knows, subjects)

    def _knows(self, subject: str) -> bool:
        if subject in self._above:
            return True
        its = self._asks.basis
        record = self._asks.record("subject", subject, subject)
        _, view = view_of(
            its.world, self._asks.subject, Permission.PEOPLE_READ, record, its.now, its.age, _AROUND
        )
        return all(view.outcome(field) is Outcome.SHOW for field in NAMING)


def _and_above(world: World, subject: str) -> Iterator[str]:
    """Yield a subject, its owner if it is an account, and whoever they report to, once each."""
    told: set[str] = set()
    one: str | None = subject
    while one is not None and one not in told:
        told.add(one)
        yield one
        known = world.subjects.get(one)
        one = None if known is None else known.owner or known.manager
