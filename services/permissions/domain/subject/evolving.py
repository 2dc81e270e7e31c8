"""What each fact does to a subject; personal fields may be gone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, assert_never, get_args
from uuid import UUID

from services.permissions.domain.subject.acting_events import (
    ActingBegun,
    ActingEnded,
    ActingEvent,
)
from services.permissions.domain.subject.events import (
    CallerDistrusted,
    CallerTrusted,
    LifeEvent,
    SubjectAttributesSet,
    SubjectDescribed,
    SubjectErased,
    SubjectEvent,
    SubjectJoined,
    SubjectLeft,
    SubjectMoved,
    SubjectReinstated,
    SubjectSuspended,
)
from services.permissions.domain.subject.grant_events import (
    ExceptionEvent,
    GivenEvent,
    GrantApproved,
    GrantExtended,
    GrantGiven,
    GrantKept,
    GrantReduced,
    GrantRefused,
    GrantRequested,
    GrantReviewed,
    GrantRevoked,
    RequestEvent,
    SodExceptionGiven,
    SodExceptionWithdrawn,
)
from services.permissions.domain.subject.state import (
    Acting,
    Grant,
    GrantRequest,
    Placement,
    RefusedRequest,
    Subject,
    Terms,
)

MOST_REFUSED: Final = 10
OPEN_FOR: Final = timedelta(days=30)
"""How long a request waits for somebody to decide."""
ACTING_KEPT: Final = timedelta(days=90)
"""So long it is listed who acted as whom; its events stay for ever."""


def evolve_subject(subject: Subject, event: SubjectEvent, *, by: str) -> Subject:
    """Return the subject after one more event of this actor."""
    return _EVOLVE[type(event)](subject, event, by)


def terms_of(event: GrantRequested | GrantGiven) -> Terms:
    """Return what an event says a grant is about."""
    return Terms(
        event.role, event.permission, event.effect, event.scope, event.clearance, event.records,
        event.starts, event.until, event.condition,
    )  # fmt: skip


def _joined(before: Subject, event: SubjectJoined, _by: str) -> Subject:
    """Return somebody new; of an earlier life nothing is left but what is to be reviewed."""
    return _described(
        Subject(
            kind=event.kind,
            life="active",
            place=Placement(event.manager, event.department, event.teams, event.owner),
            attributes=dict(event.attributes),
            to_review=before.to_review,
            acting=before.acting,
        ),
        event,
    )


def _described(subject: Subject, event: SubjectJoined | SubjectDescribed) -> Subject:
    its = event.personal
    if its is None:
        return replace(
            subject, display_name=None, user_name=None, emails=(), identifiers=(), provisioned={}
        )
    return replace(
        subject,
        display_name=its.display_name,
        user_name=its.user_name,
        emails=its.emails,
        identifiers=its.identifiers,
        provisioned=its.provisioned or {},
    )


def _lived(subject: Subject, event: LifeEvent, _by: str) -> Subject:
    match event:
        case SubjectMoved():
            said = event.model_fields_set - {"personal"}
            told = {name: getattr(event, name) for name in said}
            moved = replace(subject, place=replace(subject.place, **told))
            return _with_old_grants(moved) if _left_something(subject, moved) else moved
        case SubjectDescribed():
            return _described(subject, event)
        case SubjectAttributesSet(attributes=new):
            now = {**subject.attributes, **new}
            return replace(
                subject,
                attributes={name: value for name, value in now.items() if value is not None},
            )
        case CallerTrusted():
            return replace(subject, is_trusted_caller=True)
        case CallerDistrusted():
            return replace(subject, is_trusted_caller=False)
        case _:
            return _standing(subject, event)


def _left_something(before: Subject, after: Subject) -> bool:
    """Say whether somebody left a department or a team; a new manager alone is no move."""
    was, now = before.place, after.place
    return (was.department is not None and was.department != now.department) or not (
        set(was.teams) <= set(now.teams)
    )


def _with_old_grants(subject: Subject) -> Subject:
    return replace(
        subject,
        grants={
            grant_id: replace(grant, is_from_before_move=True)
            for grant_id, grant in subject.grants.items()
        },
    )


def _standing(
    subject: Subject, event: SubjectSuspended | SubjectReinstated | SubjectLeft | SubjectErased
) -> Subject:
    match event:
        case SubjectSuspended():
            return replace(subject, life="suspended")
        case SubjectReinstated():
            return replace(subject, life="active")
        case SubjectLeft():
            return replace(
                subject, life="left", grants={}, requests={}, refused={}, sod_exceptions={},
                is_trusted_caller=False,
            )  # fmt: skip
        case SubjectErased():
            nameless = {one: replace(its, reason=None) for one, its in subject.acting.items()}
            return Subject(
                kind=subject.kind, life="erased", to_review=subject.to_review, acting=nameless
            )
        case _:
            assert_never(event)


def _asked(subject: Subject, event: RequestEvent, by: str) -> Subject:
    match event:
        case GrantRequested():
            seconds = event.lasts_seconds
            lasts = None if seconds is None else timedelta(seconds=seconds)
            until = event.open_until
            its = GrantRequest(
                terms_of(event), by, lasts, _reason_of(event), until, _ticket_of(event)
            )
            others = subject.requests if until is None else _left(subject, until - OPEN_FOR)
            return replace(subject, requests={**others, event.grant_id: its})
        case GrantApproved():
            return subject  # GrantGiven follows it in the same append.
        case GrantRefused(grant_id=grant_id):
            refusal = RefusedRequest(subject.requests[grant_id], by, _reason_of(event))
            refused = {grant_id: refusal}
            latest = [*{**subject.refused, **refused}.items()][-MOST_REFUSED:]
            requests = _without(subject.requests, grant_id)
            return replace(subject, requests=requests, refused=dict(latest))
        case _:
            assert_never(event)


def _given(subject: Subject, event: GivenEvent, _by: str) -> Subject:
    grant_id = event.grant_id
    match event:
        case GrantGiven():
            asked = subject.requests.get(grant_id)
            grant = Grant(terms_of(event), event.approved_by, event.is_break_glass, asked=asked)
            more = [grant_id] if event.is_break_glass else []
            return replace(
                subject,
                grants={**subject.grants, grant_id: grant},
                requests=_without(subject.requests, grant_id),
                to_review=(*subject.to_review, *more),
            )
        case GrantExtended(until=until):
            return _with_terms(subject, grant_id, until=until)
        case GrantReduced():
            told = {"scope": event.scope, "clearance": event.clearance, "until": event.until}
            less = {name: value for name, value in told.items() if value is not None}
            return _with_terms(subject, grant_id, **less)
        case GrantRevoked():
            return replace(subject, grants=_without(subject.grants, grant_id))
        case GrantKept():
            kept = replace(subject.grants[grant_id], is_from_before_move=False)
            return replace(subject, grants={**subject.grants, grant_id: kept})
        case GrantReviewed():
            waiting = tuple(one for one in subject.to_review if one != grant_id)
            return replace(subject, to_review=waiting)
        case _:
            assert_never(event)


def _excepted(subject: Subject, event: ExceptionEvent, _by: str) -> Subject:
    others = {rule: end for rule, end in subject.sod_exceptions.items() if rule != event.rule}
    match event:
        case SodExceptionGiven(rule=rule, until=until):
            return replace(subject, sod_exceptions=others | {rule: until})
        case SodExceptionWithdrawn():
            return replace(subject, sod_exceptions=others)
        case _:
            assert_never(event)


def _acted(subject: Subject, event: ActingEvent, by: str) -> Subject:
    acting_id = event.acting_id
    match event:
        case ActingBegun(target=target, since=since, until=until):
            reason = None if event.personal is None else event.personal.reason
            latest = {
                one: its for one, its in subject.acting.items() if its.until > since - ACTING_KEPT
            }
            its = Acting(target, since, until, reason)
            return replace(subject, acting={**latest, acting_id: its})
        case ActingEnded(at=at):
            ended = replace(subject.acting[acting_id], until=at, ended_by=by)
            return replace(subject, acting={**subject.acting, acting_id: ended})
        case _:
            assert_never(event)


def _left(subject: Subject, at: datetime) -> dict[UUID, GrantRequest]:
    """Return the requests that were not over when another one was made."""
    return {one: request for one, request in subject.requests.items() if request.is_open(at)}


def _reason_of(event: GrantRequested | GrantRefused) -> str | None:
    return None if event.personal is None else event.personal.reason


def _ticket_of(event: GrantRequested) -> str | None:
    return None if event.personal is None else event.personal.ticket


def _with_terms(subject: Subject, grant_id: UUID, **new: Any) -> Subject:  # noqa: ANN401
    grant = subject.grants[grant_id]
    changed = replace(grant, terms=replace(grant.terms, **new))
    return replace(subject, grants={**subject.grants, grant_id: changed})


def _without(many: Mapping[UUID, Any], one: UUID) -> dict[UUID, Any]:
    return {key: value for key, value in many.items() if key != one}


# By their exact types: asking a pydantic class whether an event is one of it costs a microsecond.
_EVOLVE: Final[Mapping[type, Callable[[Subject, Any, str], Subject]]] = {
    SubjectJoined: _joined,
    **dict.fromkeys(get_args(LifeEvent), _lived),
    **dict.fromkeys(get_args(RequestEvent), _asked),
    **dict.fromkeys(get_args(GivenEvent), _given),
    **dict.fromkeys(get_args(ExceptionEvent), _excepted),
    **dict.fromkeys(get_args(ActingEvent), _acted),
}
