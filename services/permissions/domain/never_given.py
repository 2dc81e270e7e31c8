"""What nobody may ever approve is refused when it is asked for, and does not wait in vain.

Only for now nobody may approve: who could is suspended, is the one who asks, or does not reach the
subject where they are. Such a request waits: it is open for long enough that this can change.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.permissions.domain.authority import level_of_terms, who_reaches
from services.permissions.domain.book import Asking, Book, Fact, SubjectFact
from services.permissions.domain.policy.inheritance import brought, level_of
from services.permissions.domain.separation import refuse_new_conflicts
from services.permissions.domain.subject.grant_events import GrantRequested
from services.permissions.domain.subject.requests import terms_if_approved
from services.permissions.domain.subject.state import Grant, Subject, Terms
from shared.authorization.permissions import Permission
from shared.errors import RuleBrokenError


def refuse_never_given(after: Book, facts: Sequence[Fact], asking: Asking) -> None:
    """Raise RuleBrokenError if one of these requests can be approved by nobody.

    Args:
        after: the draft, with all else that happens at the same time.
        facts: what happens.
        asking: who asks for it, and when.
    """
    for fact in facts:
        if isinstance(fact, SubjectFact) and isinstance(fact.event, GrantRequested):
            request = after.subject(fact.subject_id).requests[fact.event.grant_id]
            terms = terms_if_approved(request, asking.at)
            _refuse_kept_apart(after, fact.subject_id, fact.event.grant_id, terms, asking.at)
            _refuse_above_everybody(after, terms, asking.at)


def _refuse_kept_apart(
    book: Book, subject_id: UUID, grant_id: UUID, terms: Terms, at: datetime
) -> None:
    subject = book.subject(subject_id)
    approved = book.draft()
    grants = {**subject.grants, grant_id: Grant(terms)}
    approved.subjects[subject_id] = replace(subject, grants=grants)
    try:
        refuse_new_conflicts(book, approved, {subject_id}, at)
    except RuleBrokenError as refused:
        refused.field = _field(terms)
        raise


def _refuse_above_everybody(book: Book, terms: Terms, at: datetime) -> None:
    needed = level_of_terms(book, terms)
    policy = book.policy
    roles = {name for name in policy.roles if Permission.GRANTS_APPROVE in brought(policy, name)}
    enough = {name for name in policy.roles if level_of(policy, name) >= needed}
    for subject in book.subjects.values():
        # Most people are far below: that is seen at once, and all the rest of few.
        if needed and not any(one.terms.role in enough for one in subject.grants.values()):
            continue
        if _could_approve(subject, needed, roles, enough, at):
            return
    raise RuleBrokenError(
        f"this is of level {needed}, and nobody who approves anything has that level",
        code="nobody-may-approve",
        field=_field(terms),
        fix="ask for something of a lower level (GET /v1/requests/options), or have somebody given"
        " grant:approve and that level first",
        who_can_help=who_reaches(book, needed, at),
    )


def _could_approve(
    subject: Subject, needed: int, roles: set[str], enough: set[str], at: datetime
) -> bool:
    """Say whether somebody who is there, also who is suspended, has approving and the level."""
    held = [
        grant.terms
        for grant in subject.grants.values()
        if grant.terms.effect == "allow" and not grant.terms.is_over(at)
    ]
    return (
        subject.is_there
        and any(one.role in roles or one.permission == Permission.GRANTS_APPROVE for one in held)
        and (not needed or any(one.role in enough for one in held))
    )


def _field(terms: Terms) -> str:
    return "role" if terms.role else "permission"
