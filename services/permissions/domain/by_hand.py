"""A policy file does nothing that whoever applies it could not do by hand, line by line.

Each change needs the permission that its own route needs, as rights were before the file, and of
somebody's rights or place on that person: where they were before, and where the file put them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, get_args
from uuid import UUID

from services.permissions.domain.book import Asked, Book, OnSubject
from services.permissions.domain.meaning import subject_of, world_of
from services.permissions.domain.policy.commands import PolicyCommand, RoleCommand
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    BreakGlass,
    DescribeSubject,
    ExceptionCommand,
    ExtendGrant,
    GiveGrant,
    JoinSubject,
    LetSubjectLeave,
    PlaceCommand,
    ReduceGrant,
    RefuseGrant,
    ReinstateSubject,
    RequestGrant,
    ReviewGrant,
    RevokeGrant,
    SuspendSubject,
)
from services.permissions.domain.subject.requests import is_too_long
from services.permissions.domain.subject.state import NOBODY, Subject
from services.permissions.domain.team.rules import TeamCommand
from shared.authorization.deciding import Answer, decide
from shared.authorization.permissions import Permission
from shared.authorization.questions import Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.refusing import refuse
from shared.authorization.state import RESTRICTED
from shared.authorization.world import World
from shared.errors import NotPermittedError

NEEDED: Final[Mapping[type, Permission]] = {
    **dict.fromkeys(get_args(PolicyCommand), Permission.POLICY_CHANGE),
    **dict.fromkeys(get_args(RoleCommand), Permission.ROLES_CHANGE),
    **dict.fromkeys(get_args(TeamCommand), Permission.TEAMS_CHANGE),
    **dict.fromkeys(
        (
            JoinSubject, *get_args(PlaceCommand), DescribeSubject, SuspendSubject, ReinstateSubject,
            LetSubjectLeave,
        ),
        Permission.PEOPLE_CHANGE,
    ),
    **dict.fromkeys((GiveGrant, ExtendGrant), Permission.GRANTS_GIVE),
    **dict.fromkeys((RevokeGrant, ReduceGrant), Permission.GRANTS_REVOKE),
    RequestGrant: Permission.GRANTS_REQUEST,
    **dict.fromkeys((ApproveGrant, RefuseGrant), Permission.GRANTS_APPROVE),
    BreakGlass: Permission.GRANTS_BREAK_GLASS,
    ReviewGrant: Permission.REVIEWS_DECIDE,
    **dict.fromkeys(get_args(ExceptionCommand), Permission.SOD_EXCEPT),
}  # fmt: skip
"""Command → what its route needs; others are neither said in a file nor looked at before."""
NOTHING_DONE: Final = Circumstances(deeds={})
"""Nobody did anything yet with what is asked about."""
_Asked = tuple[Permission, Record, Answer]


class NotByHandError(NotPermittedError):
    """A line of a file is refused to its caller, as its own route would refuse it.

    Args:
        refused: as it is told.
        asked: the permission that is missing.
        record: what it is missing for.
    """

    def __init__(self, refused: NotPermittedError, asked: Permission, record: Record) -> None:
        super().__init__(
            refused.detail, fix=refused.fix, who_can_help=refused.who_can_help,
            permission=refused.permission, reason=refused.reason,
        )  # fmt: skip
        self.asked = asked
        self.record = record


class ByHand:
    """What one caller could do by hand, as of one book."""

    def __init__(self, book: Book, by: str, at: datetime) -> None:
        """Ask on the book as it is before anything is changed."""
        known = book.person(by)
        mine = [] if known is None else [UUID(by)]
        self._book = book
        self._by = by
        self._now = moment(at)
        self._at = at
        self._world = world_of(book, mine)

    def require(self, asked: Asked, now: Subject = NOBODY) -> None:
        """Refuse a command that the caller may not give.

        Args:
            asked: the command.
            now: whom it is about, as they are when its turn comes.

        Raises:
            NotByHandError: the caller may not.
        """
        for permission, record, answer in self._answers(asked, now):
            try:
                refuse(permission, answer)
            except NotPermittedError as refused:
                raise NotByHandError(refused, permission, record) from None

    def may(self, asked: Asked, now: Subject = NOBODY) -> bool:
        """Say whether the caller may give a command (as `require`)."""
        return all(answer[0] for *_, answer in self._answers(asked, now))

    def may_everywhere(self, permission: Permission) -> bool:
        """Say whether the caller has a permission for everything, also for what nobody owns."""
        return self._asked(self._world, permission)[2][0]

    def _answers(self, asked: Asked, now: Subject) -> list[_Asked]:
        needed = self._needed(asked)
        if not isinstance(asked, OnSubject):
            return [self._asked(self._world, one) for one in needed]
        before = self._book.subject(asked.subject_id)
        states = [one for one in (before, now) if one.life is not None] or [NOBODY]
        return [self._of(one, asked.subject_id, state) for one in needed for state in states]

    def _needed(self, asked: Asked) -> list[Permission]:
        command = asked.command
        needed = [NEEDED[type(command)]]
        if isinstance(command, RequestGrant):
            until = command.terms.until
            if is_too_long(until is None and command.lasts is None, until, self._at):
                needed.append(Permission.GRANTS_GIVE)
        return needed

    def _of(self, permission: Permission, subject_id: UUID, state: Subject) -> _Asked:
        world, name = self._world, str(subject_id)
        if state.life is not None and name != self._by:
            its = {name: subject_of(state)}
            world = World(world.policy, {**world.subjects, **its}, entries=world.entries)
        return self._asked(world, permission, name)

    def _asked(self, world: World, permission: Permission, subject: str | None = None) -> _Asked:
        """Ask about somebody; None: about everything, as the routes of roles and teams do."""
        type_ = permission.partition(":")[0]
        its = world.policy.classes.get(type_, {}).get("*")
        rank = RESTRICTED if its is None else its.data_class
        record = Record(type_, subject or "", subject, rank)
        answer = decide(world, self._by, permission, record, self._now, 0.0, NOTHING_DONE)
        return permission, record, answer
