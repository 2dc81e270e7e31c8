"""The commands that make the grants of one subject what a file says; emergencies stay."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from services.permissions.domain.authority import is_risky
from services.permissions.domain.book import Asking, Book
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.policy_file.document import Path
from services.permissions.domain.policy_file.model import GrantEntry, SubjectEntry
from services.permissions.domain.subject.commands import (
    GiveGrant,
    GiveSodException,
    RequestGrant,
    RevokeGrant,
    SubjectCommand,
    WithdrawSodException,
)
from services.permissions.domain.subject.state import Subject, Terms
from services.permissions.domain.subject.terms import check_terms
from shared.errors import DaybookError

Located = tuple[Path, SubjectCommand]


def changed_grants(
    book: Book, subject: Subject, entry: SubjectEntry, asking: Asking, ids: Iterator[UUID]
) -> Iterator[Located]:
    """Yield what is revoked, then what is given, or requested where two people must agree."""
    left = {
        grant_id: _comparable(grant.terms)
        for grant_id, grant in subject.grants.items()
        if not grant.is_break_glass and not grant.terms.is_over(asking.at)
    }
    new: list[tuple[Path, Terms]] = []
    for path, one in _wanted(entry):
        terms = terms_of(one)
        if terms.is_over(asking.at):
            continue
        found = _found(left, _normal(book.policy, terms, asking))
        if found is None:
            new.append((path, terms))
        else:
            del left[found]
    if entry.grants is not None:
        yield from _revoked(book.policy, left)
    yield from _given(book, subject, new, asking, ids)


def changed_exceptions(
    subject: Subject, entry: SubjectEntry, asking: Asking, reason: str | None
) -> Iterator[Located]:
    """Yield the exceptions that change."""
    for rule, until in entry.sod_exceptions.items():
        if until > asking.at and subject.sod_exceptions.get(rule) != until:
            why = reason or "as the policy file says"
            yield ("sod_exceptions", rule), GiveSodException(rule, until, why)
    for rule, until in subject.sod_exceptions.items():
        if rule not in entry.sod_exceptions and until > asking.at:
            yield ("sod_exceptions",), WithdrawSodException(rule)


def is_default(policy: Policy, terms: Terms) -> bool:
    """Say whether this is what everybody gets who joins: files need not name it."""
    return policy.default_role is not None and terms == Terms(role=policy.default_role)


def terms_of(entry: GrantEntry) -> Terms:
    """Return what an entry says a grant is about."""
    return Terms(
        entry.role, entry.permission, entry.effect, entry.scope, entry.clearance,
        None if entry.records is None else tuple(entry.records),
        entry.starts, entry.until, entry.condition,
    )  # fmt: skip


def _wanted(entry: SubjectEntry) -> Iterator[tuple[Path, GrantEntry]]:
    for number, one in enumerate(entry.grants or ()):
        yield ("grants", number), one
    for number, one in enumerate(entry.also_grants):
        yield ("also_grants", number), one


def _revoked(policy: Policy, left: dict[UUID, Terms]) -> Iterator[Located]:
    for grant_id, terms in left.items():
        if not is_default(policy, terms):
            yield ("grants",), RevokeGrant(grant_id)


def _given(
    book: Book,
    subject: Subject,
    new: list[tuple[Path, Terms]],
    asking: Asking,
    ids: Iterator[UUID],
) -> Iterator[Located]:
    requests = (one for one in subject.requests.values() if one.is_open(asking.at))
    waiting = [_comparable(request.terms) for request in requests]
    for path, terms in new:
        if asking.is_installation or not is_risky(book, terms):
            yield path, GiveGrant(next(ids), terms)
        elif _normal(book.policy, terms, asking) not in waiting:
            yield path, RequestGrant(next(ids), terms)


def _found(left: dict[UUID, Terms], terms: Terms) -> UUID | None:
    return next((grant_id for grant_id, known in left.items() if known == terms), None)


def _normal(policy: Policy, terms: Terms, asking: Asking) -> Terms:
    """Return the terms as they would be stored; what cannot be is refused when it is given."""
    try:
        return _comparable(check_terms(policy, terms, asking.at))
    except DaybookError:
        return terms


def _comparable(terms: Terms) -> Terms:
    records = terms.records
    return terms if records is None else replace(terms, records=tuple(sorted(set(records))))
