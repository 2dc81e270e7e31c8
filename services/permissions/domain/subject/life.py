"""The life of a subject: who may join, move, be suspended, come back, leave and be erased."""

import re
from typing import Final, assert_never
from uuid import UUID

from services.permissions.domain.authority import refuse_for_oneself
from services.permissions.domain.book import Asking, Book
from services.permissions.domain.subject.commands import (
    DescribeSubject,
    DistrustCaller,
    FinishSubjectErasure,
    JoinSubject,
    LetSubjectLeave,
    LifeCommand,
    MoveSubject,
    PlaceCommand,
    ReinstateSubject,
    SetSubjectAttributes,
    SuspendSubject,
    TrustCaller,
)
from services.permissions.domain.subject.describing import (
    PEOPLE_EDITORS,
    describe,
    details_of,
    refuse_taken_names,
)
from services.permissions.domain.subject.events import (
    CallerDistrusted,
    CallerTrusted,
    JoinerDetails,
    LifeEvent,
    SubjectAttributesSet,
    SubjectErased,
    SubjectEvent,
    SubjectJoined,
    SubjectKind,
    SubjectLeft,
    SubjectMoved,
    SubjectReinstated,
    SubjectSuspended,
)
from services.permissions.domain.subject.grant_events import GrantGiven
from services.permissions.domain.subject.reasons import reason_for, said
from services.permissions.domain.subject.state import Placement, Subject
from services.permissions.domain.team.rules import no_such_team
from shared.errors import InvalidInputError, NotFoundError, RuleBrokenError

DEPARTMENT: Final = re.compile(r"[a-z0-9_-]{1,40}(/[a-z0-9_-]{1,40}){0,9}")
MAX_TEAMS: Final = 5_000
MAX_ATTRIBUTES: Final = 50


def decide_joining(book: Book, subject_id: UUID, command: JoinSubject) -> list[SubjectEvent]:
    """Return what follows when somebody joins, or comes back: the default role, nothing else.

    Raises:
        RuleBrokenError: the subject is there already, was erased, or a name is taken.
        InvalidInputError: the place in the organisation cannot be.
        NotFoundError: manager, owner or team is not there.
    """
    subject = book.subject(subject_id)
    if subject.is_there:
        raise RuleBrokenError(
            "this subject joined already",
            code="subject-already-joined",
            field="subject_id",
            fix="change it, or let it leave first",
            who_can_help=PEOPLE_EDITORS,
        )
    if subject.life == "erased":
        raise _erased()
    _check_place(book, subject_id, command.kind, command.place)
    refuse_taken_names(book, subject_id, command.description)
    place, why = command.place, said(command.reason, command.ticket)
    joined = SubjectJoined(
        kind=command.kind,
        key_commitment=command.key_commitment,
        owner=place.owner,
        manager=place.manager,
        department=place.department,
        teams=place.teams,
        attributes=dict(command.attributes),
        personal=JoinerDetails(**dict(details_of(command.description)), **why),
    )
    role = book.policy.default_role
    return [joined] if role is None else [joined, GrantGiven(grant_id=command.grant_id, role=role)]


def decide_life(
    book: Book, subject_id: UUID, command: LifeCommand, asking: Asking
) -> list[LifeEvent]:
    """Return what follows for this subject; nothing where nothing changes.

    Raises:
        NotFoundError: there is no such subject, manager, owner or team.
        RuleBrokenError: the subject's life forbids it.
        NotPermittedError: nobody does this for themself.
    """
    subject = book.subject(subject_id)
    if isinstance(command, FinishSubjectErasure):
        return _erase(subject, command)
    # Who left is still described and placed: the identity provider keeps the account for a while.
    (_must_be_known if isinstance(command, DescribeSubject | MoveSubject) else must_be_there)(
        subject
    )
    match command:
        case MoveSubject() | SetSubjectAttributes() | TrustCaller() | DistrustCaller():
            return _change_place(book, subject_id, command, asking)
        case DescribeSubject(description=description):
            return describe(book, subject_id, description, asking)
        case SuspendSubject():
            if not subject.is_active:
                return []
            return [SubjectSuspended(personal=reason_for(command))]
        case ReinstateSubject():
            refuse_for_oneself(book, subject_id, asking, "reinstate an account")
            return _reinstate(book, subject, command)
        case LetSubjectLeave():
            return [SubjectLeft(personal=reason_for(command))]
        case _:
            assert_never(command)


def must_be_there(subject: Subject) -> None:
    """Raise unless the subject joined and did not leave (NotFoundError, RuleBrokenError)."""
    _must_be_known(subject)
    if subject.life == "left":
        raise RuleBrokenError(
            "this subject left",
            code="subject-left",
            field="subject_id",
            fix="let it join again; it gets the default role and nothing of what it had",
            who_can_help=PEOPLE_EDITORS,
        )


def no_such_subject() -> NotFoundError:
    """Return the refusal of a subject that never joined, or that the caller may not see."""
    return NotFoundError(
        "there is no such subject",
        code="subject-not-found",
        field="subject_id",
        fix="see who there is with GET /v1/subjects",
    )


def _must_be_known(subject: Subject) -> None:
    """Raise unless the subject joined once: who left is still described, as long as not erased."""
    if subject.life is None:
        raise no_such_subject()
    if subject.life == "erased":
        raise _erased()


def _change_place(
    book: Book, subject_id: UUID, command: PlaceCommand, asking: Asking
) -> list[LifeEvent]:
    subject = book.subject(subject_id)
    if subject.is_there:
        refuse_for_oneself(book, subject_id, asking, "change what rights are measured by")
    match command:
        case MoveSubject(place=place):
            _check_place(book, subject_id, subject.kind or "person", place)
            was = subject.place
            names = ("manager", "department", "teams", "owner")
            told = {n: getattr(place, n) for n in names if getattr(place, n) != getattr(was, n)}
            if not told:
                return []
            why = reason_for(command)
            # Of a move null says something.
            return [SubjectMoved(**told, **({} if why is None else {"personal": why}))]
        case SetSubjectAttributes(values=values):
            now = subject.attributes
            other = {
                name: value for name, value in values.items() if not _is_same(now, name, value)
            }
            _check_attributes({*now, *(name for name, value in other.items() if value is not None)})
            return [SubjectAttributesSet(attributes=other)] if other else []
        case TrustCaller():
            return [] if subject.is_trusted_caller else [CallerTrusted()]
        case DistrustCaller():
            return [CallerDistrusted()] if subject.is_trusted_caller else []
        case _:
            assert_never(command)


def _is_same(now: object, name: str, value: object) -> bool:
    present = now.get(name) if isinstance(now, dict) else None
    return type(present) is type(value) and present == value


def _check_attributes(names: set[str]) -> None:
    if len(names) > MAX_ATTRIBUTES:
        raise RuleBrokenError(
            f"a subject has at most {MAX_ATTRIBUTES} attributes",
            code="too-many-attributes",
            field="attributes",
            fix="take away those that no condition asks for",
            who_can_help=PEOPLE_EDITORS,
        )


def _reinstate(book: Book, subject: Subject, command: ReinstateSubject) -> list[LifeEvent]:
    if subject.kind == "service":
        _check_owner(book, subject.place.owner)
    return [] if subject.is_active else [SubjectReinstated(personal=reason_for(command))]


def _erase(subject: Subject, command: FinishSubjectErasure) -> list[LifeEvent]:
    if subject.life == "erased":
        return []
    if subject.life != "left":
        raise RuleBrokenError(
            "somebody who is still there is not erased",
            code="subject-still-there",
            field="subject_id",
            fix="let the subject leave first",
            who_can_help=PEOPLE_EDITORS,
        )
    return [SubjectErased(kid=command.kid)]


def _check_place(book: Book, subject_id: UUID, kind: SubjectKind, place: Placement) -> None:
    if kind == "service":
        _check_owner(book, place.owner)
    elif place.owner is not None:
        raise InvalidInputError(
            "a person has no owner", field="owner", fix="leave it out; `manager` says whom to ask"
        )
    if place.department is not None and DEPARTMENT.fullmatch(place.department) is None:
        raise InvalidInputError(
            "this is no path of a department",
            field="department",
            fix="write it like sales/emea: small letters, digits, - and _, up to ten levels",
        )
    if place.manager is not None and (
        place.manager == subject_id or not book.subject(place.manager).is_there
    ):
        raise RuleBrokenError(
            "the manager must be somebody else who is there",
            code="manager-not-there",
            field="manager",
            fix="name another one, or none",
            who_can_help=PEOPLE_EDITORS,
        )
    if len(place.teams) > MAX_TEAMS or len(set(place.teams)) < len(place.teams):
        raise InvalidInputError(
            "a team is named twice, or there are too many",
            field="teams",
            fix=f"name each team once, at most {MAX_TEAMS}",
        )
    for team_id in place.teams:
        team = book.team(team_id)
        if team.title is None or team.is_dissolved:
            raise no_such_team("teams")


def _check_owner(book: Book, owner: UUID | None) -> None:
    known = None if owner is None else book.subject(owner)
    if known is None or known.kind != "person" or not known.is_active:
        raise RuleBrokenError(
            "a service account needs a person who is active and answers for it",
            code="owner-not-active",
            field="owner",
            fix="name such a person as its owner first",
            who_can_help=PEOPLE_EDITORS,
        )


def _erased() -> RuleBrokenError:
    return RuleBrokenError(
        "this subject was erased, and nobody knows any more who it was",
        code="subject-erased",
        field="subject_id",
        fix="let the person join with a new id",
        who_can_help="data protection",
    )
