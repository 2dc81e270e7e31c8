"""What one caller may do, decided on one world at one moment; a refusal says who can help.

Whoever holds rights for longer than one answer takes them anew: they are not kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol

from shared.authorization.changing import decide_change
from shared.authorization.condition_sql import Bind
from shared.authorization.deciding import Answer, decide
from shared.authorization.fields import FieldView, view_of, view_of_every_record
from shared.authorization.filtering import Columns, RowFilter, row_filter
from shared.authorization.permissions import Permission
from shared.authorization.questions import PLAINLY, Circumstances, Record
from shared.authorization.refusing import refuse, refuse_undecided
from shared.authorization.state import RESTRICTED, Subject
from shared.authorization.world import World
from shared.eventstore.tokens import TokenPart

WHOLE: Final = "*"
"""The record itself, among the fields of its type."""
NO_FACTS: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Basis:
    """What a decision is made from.

    Args:
        world: everything that is known; its `position` is the feed position it is of.
        epoch: of the store that the feed numbers.
        now: the checker's own clock, in microseconds since 1970.
        age: how many seconds old the world may be at most.
    """

    world: World
    epoch: int
    now: int
    age: float


class Decisions(Protocol):
    """Knows everybody's rights: the replica of a process."""

    def basis(self) -> Basis:
        """Return what is known now."""
        ...

    async def has_reached(self, seen: Sequence[TokenPart]) -> bool:
        """Say whether what a caller has seen of permissions is known here, or is in a moment."""
        ...


class Rights:
    """What one subject may do, on one basis; cheap to make, never kept.

    Each decision is handed to `noted`, which must be as cheap as a list's append.
    """

    __slots__ = ("around", "asked_by", "basis", "noted", "subject")

    def __init__(
        self,
        basis: Basis,
        subject: str,
        around: Circumstances = PLAINLY,
        noted: "Callable[[Noted], None] | None" = None,
        asked_by: str | None = None,
    ) -> None:
        """Decide for a subject; `asked_by` names who asks about it, if a program does."""
        self.basis = basis
        self.subject = subject
        self.around = around
        self.noted = noted
        self.asked_by = asked_by

    def hold_on(self, now: Basis) -> bool:
        """Say whether a later basis answers alike.

        It does if the policy, who is in which team, and what the subject (and whoever acts as it)
        has are as they were, and no grant began or ended. What happened to others is of no account.
        """
        was, its = self.basis.world, now.world
        names = (self.subject, self.around.actor or self.subject)
        if its is not was and not (
            its.policy is was.policy
            and its.membership is was.membership
            and all(its.entry(name) is was.entry(name) for name in names)
        ):
            return False
        known = was.subjects
        both = (known[name] for name in names if name in known)
        return not any(self.basis.now < end <= now.now for one in both for end in _ends(one))

    def check(self, permission: str, record: Record | None = None) -> Answer:
        """Return whether this may be done to the record; None: to any record at all."""
        its = self.basis
        answer = decide(its.world, self.subject, permission, record, its.now, its.age, self.around)
        if self.noted is not None:
            self.noted((self, permission, record, answer))
        return answer

    def may(self, permission: Permission, record: Record | None = None) -> bool:
        """Say whether this may be done as well, for whoever goes on without it.

        That it may not is no refusal, and is not on record.
        """
        its = self.basis
        answer = decide(its.world, self.subject, permission, record, its.now, its.age, self.around)
        if answer[0] and self.noted is not None:
            self.noted((self, permission, record, answer))
        return answer[0]

    def surely_may(self, permission: Permission, record: Record | None = None) -> bool:
        """Say what `may` says, to whoever would take a no for the last word.

        Raises:
            UndecidedError: it cannot be decided now: nothing is known.
        """
        its = self.basis
        answer = decide(its.world, self.subject, permission, record, its.now, its.age, self.around)
        refuse_undecided(permission, answer)
        if answer[0] and self.noted is not None:
            self.noted((self, permission, record, answer))
        return answer[0]

    def require(self, permission: Permission, record: Record | None = None) -> None:
        """Refuse what may not be done.

        Raises:
            NotPermittedError: it may not be done.
            UndecidedError: it cannot be decided now, and therefore is denied.
        """
        refuse(permission, self.check(permission, record))

    def require_still(self, permission: Permission) -> None:
        """Refuse what may not be done any more; that it still may is not on record again.

        Raises:
            NotPermittedError: it may not be done.
            UndecidedError: it cannot be decided now, and therefore is denied.
        """
        if not Rights(self.basis, self.subject, self.around).may(permission):
            self.require(permission)

    def change(self, permission: Permission, before: Record | None, after: Record | None) -> Answer:
        """Return whether the record may be touched as it is and as it would be; None: is not."""
        return decide_change(partial(self.check, permission), (before, after))

    def record(
        self,
        type_: str,
        record_id: str,
        owner: str | None = None,
        facts: Mapping[str, object] = NO_FACTS,
    ) -> Record:
        """Return a record of a type, as secret as the policy says that the type is."""
        return Record(type_, record_id, owner, self.sensitivity(type_), facts)

    def sensitivity(self, type_: str) -> int:
        """Return the rank of the class of a type's records; restricted unless it has one."""
        its = self.basis.world.policy.classes.get(type_, {}).get(WHOLE)
        return RESTRICTED if its is None else its.data_class

    def require_everywhere(self, permission: Permission) -> None:
        """Refuse whoever may not do this to each and every record, also to what nobody owns.

        Raises:
            NotPermittedError: it may not be done, or only to some.
            UndecidedError: it cannot be decided now, and therefore is denied.
        """
        self.require(permission, self.record(permission.partition(":")[0], ""))

    def rows(self, permission: str, columns: Columns, bind: Bind) -> RowFilter:
        """Return what selects exactly the rows whose check allows them now.

        Raises:
            UndecidedError: it cannot be decided now; that is not the same as no rows.
        """
        its = self.basis
        found = row_filter(
            its.world, self.subject, permission, columns, bind, its.now, its.age, self.around
        )
        if self.noted is not None:
            self.noted((self, permission, None, found.answer))
        refuse_undecided(permission, found.answer)
        return found

    def view(self, permission: Permission, record: Record) -> tuple[Answer, FieldView]:
        """Return the answer for a record, and what is seen of its fields."""
        its = self.basis
        found = view_of(its.world, self.subject, permission, record, its.now, its.age, self.around)
        if self.noted is not None:
            self.noted((self, permission, record, found[0]))
        return found

    def look(self, permission: Permission, record: Record) -> tuple[Answer, FieldView]:
        """Return what `view` returns, for whoever goes on without it: no refusal, as with `may`."""
        its = self.basis
        found = view_of(its.world, self.subject, permission, record, its.now, its.age, self.around)
        if found[0][0] and self.noted is not None:
            self.noted((self, permission, record, found[0]))
        return found

    def view_of_lists(self, permission: Permission) -> FieldView:
        """Return what is seen of whichever record a list may hold."""
        its = self.basis
        return view_of_every_record(
            its.world, self.subject, permission, its.now, its.age, self.around
        )


def _ends(subject: Subject) -> Iterator[int]:
    """Yield every moment at which what somebody may begins or ends by itself."""
    for one in subject.grants:
        yield from (one.shape.since, one.shape.until)
    yield from subject.exceptions.values()
    yield from (one.until for one in subject.acting)


Noted = tuple[Rights, str, Record | None, Answer]
"""Whose rights, what for, on which record, and the answer."""
