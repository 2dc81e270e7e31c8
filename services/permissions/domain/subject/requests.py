"""Requests and exceptions: somebody asks, somebody else agrees, and only then it is given."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never
from uuid import UUID

from services.permissions.domain.authority import (
    SECOND_PERSON,
    level_of_terms,
    refuse_above_own_level,
    refuse_for_oneself,
)
from services.permissions.domain.book import Asking, Book
from services.permissions.domain.subject.commands import (
    ApproveGrant,
    ExceptionCommand,
    GiveSodException,
    RefuseGrant,
    RequestCommand,
    RequestGrant,
    WithdrawSodException,
)
from services.permissions.domain.subject.evolving import OPEN_FOR
from services.permissions.domain.subject.grant_events import (
    ExceptionEvent,
    GrantApproved,
    GrantGiven,
    GrantRefused,
    RequestEvent,
    SodExceptionGiven,
    SodExceptionWithdrawn,
)
from services.permissions.domain.subject.grants import refuse_one_more
from services.permissions.domain.subject.life import must_be_there
from services.permissions.domain.subject.reasons import reason_of
from services.permissions.domain.subject.state import GrantRequest, Subject, Terms
from services.permissions.domain.subject.terms import check_terms, given, requested
from shared.errors import (
    YOURSELF,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    RuleBrokenError,
)

LONGEST_EXCEPTION_DAYS: Final = 366
MOST_OPEN: Final = 20
"""So many requests of one asker wait for one subject."""
LONGEST_REQUEST: Final = timedelta(days=30)


def decide_request(
    book: Book, subject_id: UUID, command: RequestCommand, asking: Asking
) -> list[RequestEvent | GrantGiven]:
    """Return what follows for this subject; an approval gives what was asked for.

    Raises:
        NotFoundError: there is no such subject, request, role or permission.
        RuleBrokenError: the subject left, or what was asked for is retired since.
        NotPermittedError: the own request, for oneself, or above the own level.
    """
    subject = book.subject(subject_id)
    must_be_there(subject)
    match command:
        case RequestGrant(grant_id=grant_id):
            refuse_one_more(subject, grant_id)
            _refuse_many(book, subject, asking)
            terms = check_terms(book.policy, command.terms, asking.at)
            reason, until = reason_of(command.reason, command.ticket), asking.at + OPEN_FOR
            return [requested(grant_id, terms, reason, command.lasts, until)]
        case RefuseGrant(grant_id=grant_id):
            _known_request(subject, grant_id)
            why = reason_of(command.reason, command.ticket)
            return [GrantRefused(grant_id=grant_id, personal=why)]
        case ApproveGrant():
            return _approve(book, subject_id, command, asking)
        case _:
            assert_never(command)


def decide_exception(
    book: Book, subject_id: UUID, command: ExceptionCommand, asking: Asking
) -> list[ExceptionEvent]:
    """Return what follows for this subject.

    Raises:
        NotFoundError: there is no such subject, rule or exception.
        InvalidInputError: the end of the exception cannot be.
        NotPermittedError: nobody makes an exception for themself.
    """
    subject = book.subject(subject_id)
    must_be_there(subject)
    rule = command.rule
    match command:
        case GiveSodException(until=until, reason=reason):
            refuse_for_oneself(book, subject_id, asking, "make an exception")
            if rule not in book.policy.sod_rules:
                raise _no_such(rule, "see which rules there are with GET /v1/sod-rules")
            days = (until - asking.at).total_seconds() / 86_400
            if not 0 < days <= LONGEST_EXCEPTION_DAYS:
                raise InvalidInputError(
                    "an exception ends, within a year",
                    field="until",
                    fix="give a time that is later than now, and at most a year away",
                )
            if subject.sod_exceptions.get(rule) == until:
                return []
            return [SodExceptionGiven(rule=rule, until=until, personal=reason_of(reason))]
        case WithdrawSodException():
            if rule not in subject.sod_exceptions:
                raise _no_such(rule, "see the subject's with GET /v1/subjects/{subject_id}")
            return [SodExceptionWithdrawn(rule=rule)]
        case _:
            assert_never(command)


def refuse_too_long(is_for_good: bool, until: datetime | None, at: datetime) -> None:
    """Raise InvalidInputError if this is asked for longer than whoever cannot give may ask."""
    if is_too_long(is_for_good, until, at):
        raise InvalidInputError(
            f"a request is for {LONGEST_REQUEST.days} days at most",
            field="for_good" if is_for_good else "until",
            fix="ask for less time, and again when it is over; what a post needs for good is given"
            " by whoever has the permission grant:give",
            who_can_help="whoever has the permission grant:give",
        )


def is_too_long(is_for_good: bool, until: datetime | None, at: datetime) -> bool:
    """Say whether only whoever may give may ask for something for so long."""
    return is_for_good or (until is not None and until > at + LONGEST_REQUEST)


def refuse_foreign(book: Book, subject_id: UUID, grant_id: UUID, by: str) -> None:
    """Raise NotPermittedError unless this request is the own one (raises NotFoundError)."""
    asked_by = _known_request(book.subject(subject_id), grant_id).asked_by
    if asked_by not in {by, str(book.person(by))}:
        raise NotPermittedError(
            "somebody else made this request",
            code="request-of-another",
            field="grant_id",
            fix="refuse it, if you may approve it, or let who made it take it back",
            who_can_help="whoever made it",
        )


def terms_if_approved(request: GrantRequest, at: datetime) -> Terms:
    """Return on what terms it is given if somebody approves it now."""
    if request.lasts is None:
        return request.terms
    return replace(request.terms, until=max(at, request.terms.starts or at) + request.lasts)


def _approve(
    book: Book, subject_id: UUID, command: ApproveGrant, asking: Asking
) -> list[RequestEvent | GrantGiven]:
    request = _known_request(book.subject(subject_id), command.grant_id)
    if request.asked_by in {asking.by, str(book.person(asking.by))}:
        raise NotPermittedError(
            "nobody approves the own request",
            code="own-request",
            field="grant_id",
            fix="let somebody else decide",
            who_can_help=SECOND_PERSON,
        )
    if not request.is_open(asking.at):
        raise RuleBrokenError(
            "this request is over: nobody decided in time",
            code="request-over",
            field="grant_id",
            fix="request it again",
            who_can_help="whoever made it",
        )
    refuse_for_oneself(book, subject_id, asking, "approve something")
    terms = check_terms(book.policy, terms_if_approved(request, asking.at), asking.at)
    field = "role" if terms.role else "permission"
    refuse_above_own_level(book, asking, level_of_terms(book, terms), field)
    why = reason_of(command.reason, command.ticket)
    approved = GrantApproved(grant_id=command.grant_id, personal=why)
    return [approved, given(command.grant_id, terms, None, approved_by=(UUID(asking.by),))]


def _refuse_many(book: Book, subject: Subject, asking: Asking) -> None:
    """Refuse one more of the same asker; what others asked for the subject makes no difference."""
    mine = {asking.by, str(book.person(asking.by))}
    waiting = [one for one in subject.requests.values() if one.is_open(asking.at)]
    if sum(one.asked_by in mine for one in waiting) >= MOST_OPEN:
        raise RuleBrokenError(
            f"{MOST_OPEN} requests of yours wait for this subject",
            code="too-many-requests",
            field="subject_id",
            fix="take back those that are not needed (POST /v1/requests/withdraw), or wait",
            who_can_help=YOURSELF,
        )


def _known_request(subject: Subject, grant_id: UUID) -> GrantRequest:
    request = subject.requests.get(grant_id)
    if request is None:
        raise NotFoundError(
            "there is no such request; it may have been decided",
            code="request-not-found",
            field="grant_id",
            fix="see which are open with GET /v1/requests",
        )
    return request


def _no_such(rule: str, fix: str) -> NotFoundError:
    return NotFoundError(
        f"there is no such rule or exception: {rule[:60]}",
        code="sod-rule-not-found",
        field="rule",
        fix=fix,
    )
