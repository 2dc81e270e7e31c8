"""What a grant is about is said completely, exists, and has a window that is not over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.permissions.domain.policy.known import known_permission, role_in_force
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.subject.grant_events import (
    GrantGiven,
    GrantReason,
    GrantRequested,
)
from services.permissions.domain.subject.state import Terms
from shared.authorization.conditions import condition_document, parse_condition
from shared.authorization.scopes import Clearance, Scope
from shared.errors import InvalidInputError

MAX_RECORDS: Final = 200
LONGEST_RECORD_ID: Final = 100


def check_terms(policy: Policy, terms: Terms, at: datetime) -> Terms:
    """Return the terms with their condition in its normal form.

    Raises:
        InvalidInputError: they say too little, too much, or a window that is over.
        NotFoundError: there is no such role or permission.
        RuleBrokenError: it is retired.
    """
    _check_what(policy, terms)
    _check_window(terms, at)
    _check_records(terms)
    if terms.condition is None:
        return terms
    return replace(terms, condition=condition_document(parse_condition(terms.condition)))


def given(
    grant_id: UUID,
    terms: Terms,
    reason: GrantReason | None,
    *,
    approved_by: tuple[UUID, ...] = (),
    is_break_glass: bool = False,
) -> GrantGiven:
    """Return the fact that it is given on these terms."""
    return GrantGiven(
        grant_id=grant_id,
        **_said(terms),
        personal=reason,
        approved_by=approved_by,
        is_break_glass=is_break_glass,
    )


def requested(
    grant_id: UUID,
    terms: Terms,
    reason: GrantReason | None,
    lasts: timedelta | None,
    open_until: datetime,
) -> GrantRequested:
    """Return the fact that it is asked for on these terms."""
    return GrantRequested(
        grant_id=grant_id,
        **_said(terms),
        personal=reason,
        lasts_seconds=None if lasts is None else int(lasts.total_seconds()),
        open_until=open_until,
    )


def no_longer_than(
    terms: Terms,
    scope: Scope | None,
    clearance: Clearance | None,
    until: datetime | None,
    at: datetime,
) -> Mapping[str, Any]:
    """Return what really gets less, by name.

    Raises:
        InvalidInputError: something would get more, or end before now.
    """
    wanted = {"scope": scope, "clearance": clearance, "until": until}
    less = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(terms, name)
    }
    for name, value in less.items():
        now = getattr(terms, name)
        if now is not None and value > now:
            raise InvalidInputError(
                "this would give more than the grant gives",
                field=name,
                fix="reduce it to less; for more, give another grant",
            )
    if until is not None and until <= at:
        raise InvalidInputError(
            "this time is over", field="until", fix="give a later one, or revoke the grant"
        )
    return less


def _said(terms: Terms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in Terms.__slots__}


def _check_what(policy: Policy, terms: Terms) -> None:
    if (terms.role is None) is (terms.permission is None):
        raise InvalidInputError(
            "a grant is about a role or about a single permission",
            field="role",
            fix="give one of role and permission, not both",
        )
    if terms.role is not None:
        role_in_force(policy, terms.role)
    if terms.permission is not None:
        known_permission(policy, terms.permission)
    has_caps = terms.scope is not None or terms.clearance is not None
    if terms.effect == "deny" and has_caps:
        raise InvalidInputError(
            "a denial holds however far a right reaches",
            field="scope" if terms.scope is not None else "clearance",
            fix="leave it out; `records` says which records a denial is about",
        )
    if terms.effect == "deny" or terms.role is not None:
        return
    for name in ("scope", "clearance"):
        if getattr(terms, name) is None:
            raise InvalidInputError(
                "of a single permission it must be said how far it reaches",
                field=name,
                fix="give for example scope own and clearance internal",
            )


def _check_window(terms: Terms, at: datetime) -> None:
    for name in ("starts", "until"):
        moment = getattr(terms, name)
        if moment is not None and moment.tzinfo is None:
            raise InvalidInputError(
                "a time without a zone is not a time",
                field="from" if name == "starts" else name,
                fix="write it like 2026-01-31T12:00:00Z",
            )
    if terms.is_over(at) or (
        terms.until is not None and terms.starts is not None and terms.until <= terms.starts
    ):
        raise InvalidInputError(
            "the window is over before it begins",
            field="until",
            fix="give a time that is later than now and than `from`",
        )


def _check_records(terms: Terms) -> None:
    if terms.records is None:
        return
    if not 1 <= len(terms.records) <= MAX_RECORDS or any(
        not 1 <= len(one) <= LONGEST_RECORD_ID for one in terms.records
    ):
        raise InvalidInputError(
            "these are no ids of records",
            field="records",
            fix=f"give 1 to {MAX_RECORDS} ids, or leave it out for all",
        )
