"""What is asked is decided as a whole: all of it happens, or nothing, and no rule is broken after.

Rules about one thing are asked of each command; those about the book, of what it would be after
all of them: an administrator stays, nothing that is kept apart comes together, nobody gains by
the own hand.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, assert_never
from uuid import UUID

from services.permissions.domain.authority import (
    is_administrator,
    refuse_above_own_level,
    refuse_inactive,
)
from services.permissions.domain.book import (
    Asked,
    Asking,
    Book,
    Fact,
    OnPolicy,
    OnReview,
    OnSubject,
    OnTeam,
    PolicyFact,
    ReviewFact,
    SubjectFact,
    TeamFact,
)
from services.permissions.domain.never_given import refuse_never_given
from services.permissions.domain.own_gain import refuse_own_gain
from services.permissions.domain.own_reach import refuse_wider_own_reach
from services.permissions.domain.policy.commands import (
    AddRoleParent,
    ChooseDefaultRole,
    DefineRole,
    PolicyCommand,
    RemoveRoleParent,
    RetireRole,
    SetRolePermission,
)
from services.permissions.domain.policy.events import AdministratorRemoved
from services.permissions.domain.policy.inheritance import level_of
from services.permissions.domain.policy.rules import decide_policy, evolve_policy
from services.permissions.domain.review.rules import decide_review
from services.permissions.domain.second_person import (
    refuse_gains_above_own_level,
    refuse_given_alone,
    settle,
)
from services.permissions.domain.separation import refuse_new_conflicts
from services.permissions.domain.subject.acting import decide_acting, ended_with
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    BeginActing,
    BreakGlass,
    EndActing,
    ExtendGrant,
    GiveGrant,
    GiveSodException,
    JoinSubject,
    ReduceGrant,
    RefuseGrant,
    RequestGrant,
    ReviewGrant,
    RevokeGrant,
    SubjectCommand,
    WithdrawSodException,
)
from services.permissions.domain.subject.events import SubjectEvent, SubjectLeft, SubjectSuspended
from services.permissions.domain.subject.grants import decide_given
from services.permissions.domain.subject.life import decide_joining, decide_life
from services.permissions.domain.subject.requests import decide_exception, decide_request
from services.permissions.domain.team.rules import decide_team
from services.permissions.domain.touching import touched_by
from shared.errors import DaybookError, RuleBrokenError

ALREADY_SET_UP: Final = "already-set-up"


def decide(book: Book, asked: Sequence[Asked], asking: Asking) -> list[Fact]:
    """Return the facts that the commands cause, one after the other; none if nothing changes.

    The book is not changed.

    Raises:
        InvalidInputError: something that cannot be.
        NotFoundError: something named is not there.
        RuleBrokenError: a rule says no.
        NotPermittedError: who asks may not do this, or is not there any more; somebody else may.
    """
    refuse_second_installation(book, asking)
    refuse_inactive(book, asking)
    after = book.draft()
    facts: list[Fact] = []
    for one in asked:
        facts += step(after, one, asking)
    return [*facts, *consequences(after, facts, asked, asking)]


def step(book: Book, asked: Asked, asking: Asking) -> list[Fact]:
    """Return the facts of one command, folded into the book (raises as `decide`).

    What is true of the book only after all commands is left to `consequences`.
    """
    facts = _decide_one(book, asked, asking)
    for fact in facts:
        book.fold(fact, asking.by)
    return facts


def consequences(
    after: Book, facts: Sequence[Fact], asked: Sequence[Asked], asking: Asking
) -> list[Fact]:
    """Return what else is to be told; raises as `decide` if the draft must not come to be."""
    before = after.before
    if not facts or before is None:
        return []
    changed = changed_subjects(before, after, facts)
    refuse_new_conflicts(before, after, changed, asking.at)
    refuse_never_given(after, facts, asking)
    refuse_own_gain(before, after, asked, asking)
    refuse_wider_own_reach(before, after, changed, asked, asking)
    refuse_gains_above_own_level(after, asking)
    refuse_given_alone(after, facts, asking)
    agreed = settle(after, asked, asking, partial(_may_ask, before, asked))
    return agreed + _administrators_removed(before, after, changed, asking)


def _may_ask(book: Book, asked: Sequence[Asked], asking: Asking) -> bool:
    try:
        decide(book, asked, asking)
    except DaybookError:
        return False
    return True


def refuse_second_installation(book: Book, asking: Asking) -> None:
    """Raise RuleBrokenError if Daybook is to be set up though there is an administrator."""
    if asking.is_installation and has_administrator(book):
        raise RuleBrokenError(
            "Daybook has an administrator already: it is set up once",
            code=ALREADY_SET_UP,
            field="subjects",
            fix="ask an administrator for what you need",
            who_can_help="an administrator",
        )


def _decide_one(book: Book, asked: Asked, asking: Asking) -> list[Fact]:
    match asked:
        case OnPolicy(command=command):
            events = decide_policy(book.policy, command, asking.reason)
            facts: list[Fact] = [PolicyFact(event) for event in events]
            _refuse_high_roles(book, command, facts, asking)
            return facts
        case OnTeam(team_id=team_id, command=command):
            members = book.members_of(team_id)
            return [
                TeamFact(team_id, event)
                for event in decide_team(book.team(team_id), command, members=members)
            ]
        case OnSubject(subject_id=subject_id, command=command):
            its = _decide_subject(book, subject_id, command, asking)
            return [SubjectFact(subject_id, event) for event in its] + _also(
                book, subject_id, its, asking
            )
        case OnReview(review_id=review_id, command=command):
            told = decide_review(book, review_id, command, asking)
            return [ReviewFact(review_id, event) for event in told]
        case _:
            assert_never(asked)


def _decide_subject(
    book: Book, subject_id: UUID, command: SubjectCommand, asking: Asking
) -> Sequence[SubjectEvent]:
    match command:
        case JoinSubject():
            return decide_joining(book, subject_id, command)
        case RequestGrant() | ApproveGrant() | RefuseGrant():
            return decide_request(book, subject_id, command, asking)
        case GiveSodException() | WithdrawSodException():
            return decide_exception(book, subject_id, command, asking)
        case BeginActing() | EndActing():
            return decide_acting(book, subject_id, command, asking)
        case (
            GiveGrant() | BreakGlass() | ReviewGrant() | ExtendGrant() | ReduceGrant()
            | RevokeGrant()
        ):  # fmt: skip
            return decide_given(book, subject_id, command, asking)
        case _:
            return decide_life(book, subject_id, command, asking)


def _also(
    book: Book, subject_id: UUID, events: Sequence[SubjectEvent], asking: Asking
) -> list[Fact]:
    """Return what follows elsewhere: own service accounts go too, and nobody acts as the other."""
    if not any(isinstance(event, SubjectLeft | SubjectSuspended) for event in events):
        return []
    ended = [SubjectFact(by, event) for by, event in ended_with(book, subject_id, asking.at)]
    if not any(isinstance(event, SubjectLeft) for event in events):
        return [*ended]
    accounts = [
        SubjectFact(account, SubjectSuspended())
        for account in book.owned_by(subject_id)
        if book.subject(account).is_active
    ]
    return [*accounts, *ended]


def _refuse_high_roles(
    book: Book, command: PolicyCommand, facts: Sequence[Fact], asking: Asking
) -> None:
    """Refuse changes of roles above the own level, as they were and as they would be."""
    match command:
        case ChooseDefaultRole(role=role):
            roles = [] if role is None else [role]
        case DefineRole() | RetireRole() | SetRolePermission():
            roles = [command.role]
        case AddRoleParent() | RemoveRoleParent():
            roles = [command.role, command.parent]
        case _:
            roles = []
    policy = book.policy
    for fact in facts:
        if isinstance(fact, PolicyFact):
            policy = evolve_policy(policy, fact.event)
    if facts and roles:
        every = (*book.policies, policy)
        needed = max(level_of(either, role) for either in every for role in roles)
        refuse_above_own_level(book, asking, needed, "role")


def changed_subjects(before: Book, after: Book, facts: Sequence[Fact]) -> set[UUID]:
    """Return the subjects whose rights, or what is kept apart of them, may have changed."""
    named = {fact.subject_id for fact in facts if isinstance(fact, SubjectFact)}
    if before.policy is after.policy:
        return named
    was, now = before.policy, after.policy
    if was.sod_rules != now.sod_rules or was.data_classes != now.data_classes:
        return {*before.subjects, *after.subjects}
    touched = touched_by(before.policy, after.policy)
    return named | {
        subject_id for subject_id, subject in after.subjects.items() if touched.touches(subject)
    }


def _administrators_removed(
    before: Book, after: Book, changed: set[UUID], asking: Asking
) -> list[Fact]:
    """Return who is no administrator any more; refuse it if nobody would be one."""
    gone = [
        subject_id
        for subject_id in sorted(changed)
        if is_administrator(before.policy, before.subject(subject_id))
        and not is_administrator(after.policy, after.subject(subject_id))
    ]
    if gone and not has_administrator(after):
        raise RuleBrokenError(
            "this is the last administrator: nobody could give anything to anybody any more",
            code="last-administrator",
            field="subject_id",
            fix="make somebody else an administrator first",
            who_can_help="the administrator",
        )
    return [
        PolicyFact(AdministratorRemoved(subject=subject_id, reason=asking.reason))
        for subject_id in gone
    ]


def has_administrator(book: Book) -> bool:
    """Say whether anybody can give grants."""
    return any(is_administrator(book.policy, subject) for subject in book.subjects.values())
