"""Grants: asked for, agreed to, given, made longer or smaller, taken away, looked at afterwards."""

from datetime import timedelta
from typing import Final, assert_never
from uuid import UUID

from services.permissions.domain.authority import (
    RULING,
    SECOND_PERSON,
    level_of_terms,
    refuse_above_own_level,
    refuse_alone,
    refuse_for_oneself,
)
from services.permissions.domain.book import Asking, Book
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.rights import rights_given
from services.permissions.domain.subject.commands import (
    BreakGlass,
    ExtendGrant,
    GiveGrant,
    GivenCommand,
    ReduceGrant,
    ReviewGrant,
    RevokeGrant,
)
from services.permissions.domain.subject.grant_events import (
    GivenEvent,
    GrantExtended,
    GrantReduced,
    GrantReviewed,
    GrantRevoked,
)
from services.permissions.domain.subject.life import must_be_there
from services.permissions.domain.subject.reasons import reason_of
from services.permissions.domain.subject.state import Grant, Subject, Terms
from services.permissions.domain.subject.terms import check_terms, given, no_longer_than
from shared.authorization.scopes import Risk
from shared.errors import (
    YOURSELF,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    RuleBrokenError,
)

MAX_GRANTS: Final = 1_000
BREAK_GLASS_HOURS: Final = 4
MAX_UNREVIEWED: Final = 3
REVIEWERS: Final = "whoever has the permission review:decide, other than you"


def decide_given(
    book: Book, subject_id: UUID, command: GivenCommand, asking: Asking
) -> list[GivenEvent]:
    """Return what follows for this subject; nothing where nothing changes.

    Raises:
        NotFoundError: there is no such subject, grant, role or permission.
        RuleBrokenError: the subject left, or the grant cannot be changed so.
        NotPermittedError: above the own level, for oneself, or it needs a second person.
    """
    subject = book.subject(subject_id)
    match command:
        case ReviewGrant():
            return _review(book, subject_id, command, asking)
        case GiveGrant():
            must_be_there(subject)
            refuse_for_oneself(book, subject_id, asking, "give something")
            return _give(book, subject, command, asking)
        case BreakGlass():
            return _break_glass(book, subject, subject_id, command, asking)
        case ExtendGrant():
            must_be_there(subject)
            refuse_for_oneself(book, subject_id, asking, "extend something")
            return _extend(book, subject, command, asking)
        case ReduceGrant():
            must_be_there(subject)
            return _reduce(book, subject, command, asking)
        case RevokeGrant():
            must_be_there(subject)
            return _revoke(book, subject_id, command, asking)
        case _:
            assert_never(command)


def known_grant(subject: Subject, grant_id: UUID) -> Grant:
    """Return a grant that was not revoked (raises NotFoundError)."""
    grant = subject.grants.get(grant_id)
    if grant is None:
        raise NotFoundError(
            "the subject has no such grant; it may have been revoked",
            code="grant-not-found",
            field="grant_id",
            fix="see its grants with GET /v1/subjects/{subject_id}",
        )
    return grant


def refuse_one_more(subject: Subject, grant_id: UUID) -> None:
    """Raise RuleBrokenError if the subject has this grant or request, or as many as can be."""
    if grant_id in subject.grants or grant_id in subject.requests:
        raise RuleBrokenError(
            "the subject has a grant or request with this id already",
            code="grant-already-there",
            field="grant_id",
            fix="make a new id for a new grant",
            who_can_help=YOURSELF,
        )
    if len(subject.grants) >= MAX_GRANTS:
        raise RuleBrokenError(
            f"a subject has at most {MAX_GRANTS} grants",
            code="too-many-grants",
            fix="put what belongs together into a role, and revoke what is over",
            who_can_help="whoever has the permission grant:revoke",
        )


def _give(book: Book, subject: Subject, command: GiveGrant, asking: Asking) -> list[GivenEvent]:
    refuse_one_more(subject, command.grant_id)
    terms = check_terms(book.policy, command.terms, asking.at)
    _must_reach(book, asking, terms)
    refuse_alone(book, asking, terms)
    return [given(command.grant_id, terms, reason_of(command.reason, command.ticket))]


def _break_glass(
    book: Book, subject: Subject, subject_id: UUID, command: BreakGlass, asking: Asking
) -> list[GivenEvent]:
    must_be_there(subject)
    refuse_one_more(subject, command.grant_id)
    if str(subject_id) != asking.by or not subject.is_active or subject.kind != "person":
        raise NotPermittedError(
            "only people may take something without asking, and only for themselves",
            code="break-glass-for-others",
            field="subject_id",
            fix="request it (POST /v1/requests), or let the person take it who needs it",
            who_can_help=SECOND_PERSON,
        )
    if len(subject.to_review) >= MAX_UNREVIEWED:
        raise NotPermittedError(
            f"{len(subject.to_review)} earlier emergencies of yours were not reviewed yet",
            code="break-glass-not-reviewed",
            fix="have them reviewed first",
            who_can_help=REVIEWERS,
        )
    terms = check_terms(book.policy, command.terms, asking.at)
    _must_be_an_emergency(book.policy, terms, asking)
    why = reason_of(command.reason, command.ticket)
    return [given(command.grant_id, terms, why, is_break_glass=True)]


def _must_be_an_emergency(policy: Policy, terms: Terms, asking: Asking) -> None:
    latest = asking.at + timedelta(hours=BREAK_GLASS_HOURS)
    if terms.until is None or terms.until > latest:
        raise InvalidInputError(
            f"an emergency lasts at most {BREAK_GLASS_HOURS} hours",
            field="until",
            fix=f"say when it ends, {latest.isoformat(timespec='seconds')} at the latest",
        )
    if terms.effect == "deny" or any(
        permission in RULING or policy.permissions[permission].risk >= Risk.CRITICAL
        for permission, _ in rights_given(policy, terms)
    ):
        raise NotPermittedError(
            "there is no emergency in which somebody has to decide about rights, or alone to do"
            " what is of critical risk",
            code="break-glass-not-for-grants",
            field="role" if terms.role else "permission",
            fix="take what you need for the emergency itself, or request this (POST /v1/requests)",
            who_can_help=SECOND_PERSON,
        )


def _review(book: Book, subject_id: UUID, command: ReviewGrant, asking: Asking) -> list[GivenEvent]:
    subject = book.subject(subject_id)
    refuse_for_oneself(book, subject_id, asking, "review an emergency")
    if command.grant_id not in subject.to_review:
        raise NotFoundError(
            "there is nothing of this subject to review under this id",
            code="nothing-to-review",
            field="grant_id",
            fix="see what is to be reviewed with GET /v1/grants?to_review=true",
        )
    return [
        GrantReviewed(
            grant_id=command.grant_id,
            verdict=command.verdict,
            personal=reason_of(command.reason, command.ticket),
        )
    ]


def _extend(book: Book, subject: Subject, command: ExtendGrant, asking: Asking) -> list[GivenEvent]:
    grant = known_grant(subject, command.grant_id)
    terms, until = grant.terms, command.until
    if grant.is_break_glass:
        raise RuleBrokenError(
            "an emergency is not extended",
            code="break-glass-not-extended",
            field="grant_id",
            fix="request what is needed for longer (POST /v1/requests)",
            who_can_help=SECOND_PERSON,
        )
    if until == terms.until:
        return []
    if terms.until is None or (until is not None and until < terms.until):
        raise InvalidInputError(
            "this would end the grant earlier",
            field="until",
            fix="give a later time, or reduce the grant",
        )
    if terms.is_over(asking.at):
        raise RuleBrokenError(
            "this grant is over",
            code="grant-over",
            field="grant_id",
            fix="give it anew",
            who_can_help="whoever has the permission grant:give",
        )
    _must_reach(book, asking, terms)
    refuse_alone(book, asking, terms)
    why = reason_of(command.reason, command.ticket)
    return [GrantExtended(grant_id=command.grant_id, until=until, personal=why)]


def _reduce(book: Book, subject: Subject, command: ReduceGrant, asking: Asking) -> list[GivenEvent]:
    terms = known_grant(subject, command.grant_id).terms
    if terms.effect == "deny":
        raise RuleBrokenError(
            "a denial is not reduced",
            code="denial-not-reduced",
            field="grant_id",
            fix="give the narrower denial and revoke this one",
            who_can_help="whoever has the permissions grant:give and grant:revoke",
        )
    _must_reach(book, asking, terms)
    less = no_longer_than(terms, command.scope, command.clearance, command.until, asking.at)
    if not less:
        return []
    why = reason_of(command.reason, command.ticket)
    said = {**less, **_by_review(asking)}
    return [GrantReduced(grant_id=command.grant_id, **said, personal=why)]


def _by_review(asking: Asking) -> dict[str, UUID | None]:
    its = asking.by_review
    return {} if its is None else {"review": its.review, "decided_by": its.person}


def _revoke(book: Book, subject_id: UUID, command: RevokeGrant, asking: Asking) -> list[GivenEvent]:
    terms = known_grant(book.subject(subject_id), command.grant_id).terms
    if terms.effect == "deny":
        refuse_for_oneself(book, subject_id, asking, "lift a denial")
    # What is one's own may be given up, however high it is.
    if terms.effect == "deny" or not book.is_same_person(subject_id, asking.by):
        _must_reach(book, asking, terms)
    said = {"personal": reason_of(command.reason, command.ticket), **_by_review(asking)}
    return [GrantRevoked(grant_id=command.grant_id, **said)]


def _must_reach(book: Book, asking: Asking, terms: Terms) -> None:
    field = "role" if terms.role else "permission"
    refuse_above_own_level(book, asking, level_of_terms(book, terms), field)
