"""Which grants a review looks at is settled once, at its start, with who looks at each."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from services.permissions.domain.book import Book
from services.permissions.domain.policy.inheritance import allowances_of
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.review.events import Chosen, FrozenItem
from services.permissions.domain.review.reviewers import Reviewers
from services.permissions.domain.subject.state import Grant, Subject, Terms
from shared.authorization.scopes import Risk

MOST_ITEMS: Final = 5_000


def freeze(
    book: Book, chosen: Chosen, at: datetime, besides: frozenset[UUID] = frozenset()
) -> list[FrozenItem]:
    """Return what the review looks at, ordered by who has it; at most one more than allowed."""
    reviewers, items = Reviewers(book, at), list[FrozenItem]()
    for subject_id, grant_id, grant in _grants(book, chosen, at):
        if grant_id in besides:
            continue
        reviewer = reviewers.of(subject_id, grant)
        terms = Terms() if grant is None else grant.terms
        items.append(
            FrozenItem(
                number=len(items) + 1,
                subject=subject_id,
                grant_id=grant_id,
                role=terms.role,
                permission=terms.permission,
                scope=terms.scope,
                clearance=terms.clearance,
                until=terms.until,
                reviewer=reviewer.subject_id,
                reviewer_is=reviewer.is_the,
            )
        )
        if len(items) > MOST_ITEMS:
            break
    return items


def is_gone(book: Book, item: FrozenItem, at: datetime, *, is_emergency: bool) -> bool:
    """Say whether nothing is left to decide: revoked or over since, or its holder left."""
    subject = book.subject(item.subject)
    if is_emergency:
        return item.grant_id not in subject.to_review
    grant = subject.grants.get(item.grant_id)
    return not subject.is_there or grant is None or grant.terms.is_over(at)


def is_over_emergency(subject: Subject, grant_id: UUID, at: datetime) -> bool:
    """Say whether what was taken in an emergency has ended."""
    grant = subject.grants.get(grant_id)
    return grant is None or grant.terms.is_over(at)


def _grants(book: Book, chosen: Chosen, at: datetime) -> Iterator[tuple[UUID, UUID, Grant | None]]:
    if chosen.emergency is not None:
        yield from _emergency(book, chosen.emergency, at)
        return
    risks: dict[str, Risk | None] = {}
    for subject_id, subject in sorted(book.subjects.items()):
        if subject.is_there and _is_within(subject.place.department, chosen.department):
            for grant_id, grant in subject.grants.items():
                if _is_chosen(book.policy, chosen, grant, at, risks):
                    yield subject_id, grant_id, grant


def _emergency(
    book: Book, grant_id: UUID, at: datetime
) -> Iterator[tuple[UUID, UUID, Grant | None]]:
    for subject_id, subject in book.subjects.items():
        if grant_id in subject.to_review and is_over_emergency(subject, grant_id, at):
            yield subject_id, grant_id, subject.grants.get(grant_id)


def _is_chosen(
    policy: Policy, chosen: Chosen, grant: Grant, at: datetime, risks: dict[str, Risk | None]
) -> bool:
    terms = grant.terms
    if terms.effect == "deny" or terms.is_over(at) or grant.is_break_glass:
        return False
    if policy.default_role is not None and terms == Terms(role=policy.default_role):
        return False  # Everybody has it: there is nothing to decide.
    if chosen.roles and terms.role not in chosen.roles:
        return False
    if chosen.kept_after_a_move and not grant.is_from_before_move:
        return False
    if chosen.risk is None:
        return True
    risk = risk_of(policy, terms, risks)
    return risk is not None and risk >= chosen.risk


def risk_of(policy: Policy, terms: Terms, known: dict[str, Risk | None]) -> Risk | None:
    """Return the highest risk of what a grant brings; None if it brings nothing in force."""
    if terms.role is None:
        permission = policy.permissions.get(terms.permission or "")
        return None if permission is None or permission.is_retired else permission.risk
    if terms.role not in known:
        brought = (policy.permissions[name].risk for name, _ in allowances_of(policy, terms.role))
        known[terms.role] = max(brought, default=None)
    return known[terms.role]


def _is_within(department: str | None, wanted: str | None) -> bool:
    if wanted is None:
        return True
    return department is not None and (department == wanted or department.startswith(f"{wanted}/"))
