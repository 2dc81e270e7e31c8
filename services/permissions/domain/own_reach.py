"""Nobody moves others to where the own rights reach them: somebody else does."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from services.permissions.domain.book import Asked, Asking, Book, OnSubject
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.rights import standing_of
from services.permissions.domain.subject.commands import JoinSubject
from services.permissions.domain.subject.state import Placement, Subject
from shared.authorization.membership import lies_under
from shared.authorization.scopes import Scope
from shared.errors import NotPermittedError


def refuse_wider_own_reach(
    before: Book, after: Book, changed: set[UUID], asked: Sequence[Asked], asking: Asking
) -> None:
    """Raise NotPermittedError if who asks moves somebody to where they reach them, and did not.

    Whoever is in a team or department of theirs, or of a service account of theirs, is reached by
    every right that reaches so far; whoever is under them is reviewed and approved by them. Whoever
    joins under an id that was made for it has nothing that could be reached; under an id that was
    given, something may be theirs already.

    Args:
        before: the book as it is.
        after: the book as it would be.
        changed: the subjects to look at.
        asked: the commands, which say who joins under a new id.
        asking: who asks.
    """
    me = after.person(asking.by)
    if me is None or asking.is_installation:
        return
    mine = {me, *before.owned_by(me), *after.owned_by(me)}
    others = changed - mine - {*_new_here(before, asked)}
    moved = [one for one in sorted(others) if _is_moved(before, after, one)]
    reaches = [_Reach(after.policy, after.subject(one)) for one in sorted(mine)] if moved else []
    for subject_id in moved:
        was, now = before.subject(subject_id).place, after.subject(subject_id).place
        if now.manager in mine and was.manager not in mine:
            raise _refused("manager")
        for reach in reaches:
            for field in reach.widened(was, now):
                raise _refused(field)


class _Reach:
    """How far the rights of one subject reach by where others are."""

    def __init__(self, policy: Policy, subject: Subject) -> None:
        scopes = {
            right.scope
            for rights in standing_of(policy, subject).allowed.values()
            for right in rights
        }
        self._has_department = Scope.DEPARTMENT in scopes
        self._has_team = self._has_department or Scope.TEAM in scopes
        self._place = subject.place

    def widened(self, was: Placement, now: Placement) -> Iterator[str]:
        """Yield the fields by which somebody comes within reach."""
        mine = set(self._place.teams)
        if self._has_team and not mine.isdisjoint(now.teams) and mine.isdisjoint(was.teams):
            yield "teams"
        if self._has_department and self._is_below(now) and not self._is_below(was):
            yield "department"

    def _is_below(self, place: Placement) -> bool:
        own, its = self._place.department, place.department
        return own is not None and its is not None and lies_under(its, own)


def _is_moved(before: Book, after: Book, subject_id: UUID) -> bool:
    return before.subject(subject_id).place != after.subject(subject_id).place


def _new_here(before: Book, asked: Sequence[Asked]) -> Iterator[UUID]:
    for one in asked:
        if isinstance(one, OnSubject) and isinstance(one.command, JoinSubject):
            is_new = before.subject(one.subject_id).life is None
            if is_new and one.command.is_id_new:
                yield one.subject_id


def _refused(field: str) -> NotPermittedError:
    return NotPermittedError(
        "by this you would yourself reach somebody, and what is theirs, whom you do not reach now",
        code="widens-own-reach",
        field=field,
        fix="let somebody else move them, whose own team or department it is not; whoever is new"
        " joins also under an id that Daybook makes",
        who_can_help="somebody else with the permission subject:change",
    )
