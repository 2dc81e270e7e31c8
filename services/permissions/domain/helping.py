"""Whoever was refused is told the least that would help, and who could agree to it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.permissions.domain.authority import level_of_subject
from services.permissions.domain.book import Asking, Book, OnSubject
from services.permissions.domain.deciding import decide
from services.permissions.domain.policy.events import Allowance
from services.permissions.domain.policy.inheritance import allowances_of, level_of, lineage
from services.permissions.domain.policy.known import known_permission
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.subject.commands import ApproveGrant
from services.permissions.domain.subject.state import Subject, Terms
from shared.authorization.scopes import Clearance, Scope
from shared.errors import DaybookError

APPROVING: Final = "grant:approve"
MOST_ROLES: Final = 3


def least_terms(
    policy: Policy, permission: str, record_id: str | None, lies: Scope = Scope.ALL
) -> Terms:
    """Return the single permission that would help, and nothing besides.

    For one record it is about that record, as secret as records of its type are, and reaches as far
    as it lies. Without one it reaches as far as it does in the least powerful role that has it.

    Raises:
        NotFoundError: there is no such permission.
        RuleBrokenError: it is retired.
    """
    known_permission(policy, permission)
    if record_id is not None:
        its = policy.data_classes.get((permission.partition(":")[0], "*"))
        secret = Clearance.RESTRICTED if its is None else its.data_class
        return Terms(permission=permission, scope=lies, clearance=secret, records=(record_id,))
    _, scope, clearance = min(
        _ways(policy, permission), default=(0, Scope.ALL, Clearance.RESTRICTED)
    )
    return Terms(permission=permission, scope=scope, clearance=clearance)


def wanted_terms(
    policy: Policy, said: Terms, record_id: str | None, lies: Scope = Scope.ALL
) -> Terms:
    """Return what is asked for: of a permission, what is not said is the least that helps.

    Raises as `least_terms`.
    """
    records = said.records if record_id is None else (record_id,)
    if said.permission is None or said.role is not None or said.effect == "deny":
        return replace(said, records=records)
    # Of several records it is not known how far the others lie.
    reaches = lies if record_id is not None or not records or len(records) == 1 else Scope.ALL
    least = least_terms(policy, said.permission, records[0] if records else None, reaches)
    return replace(
        said,
        scope=said.scope or least.scope,
        clearance=said.clearance or least.clearance,
        records=records,
    )


def least_roles(policy: Policy, subject: Subject, least: Terms) -> list[str]:
    """Return the roles that would help somebody as far as the single permission, least power first.

    Retired ones help nobody, nor does one that reaches less far than the record lies.
    """
    held = {
        name
        for grant in subject.grants.values()
        if grant.terms.effect == "allow" and grant.terms.role is not None
        for name in lineage(policy, grant.terms.role)
    }
    able = []
    for name in policy.roles.keys() - held:
        brings = [*allowances_of(policy, name)]
        if any(_helps(permission, way, least) for permission, way in brings):
            able.append((level_of(policy, name), len(brings), name))
    return [name for _, _, name in sorted(able)][:MOST_ROLES]


def who_may_approve(book: Book, at: datetime) -> list[tuple[int, UUID]]:
    """Return everybody who may approve anything, with their level, the lowest first."""
    policy = book.policy
    roles = {
        name
        for name in policy.roles
        if any(permission == APPROVING for permission, _ in allowances_of(policy, name))
    }
    found = [
        (level_of_subject(policy, subject, at), subject_id.int)
        for subject_id, subject in book.subjects.items()
        if subject.is_active
        and any(
            grant.terms.role in roles or grant.terms.permission == APPROVING
            for grant in subject.grants.values()
        )
    ]
    return [(level, UUID(int=number)) for level, number in sorted(found)]


def would_be_taken(book: Book, subject_id: UUID, grant_id: UUID, by: UUID, at: datetime) -> bool:
    """Say whether no rule refuses this approval of this person's request."""
    try:
        decide(book, [OnSubject(subject_id, ApproveGrant(grant_id))], Asking(str(by), at))
    except DaybookError:
        return False
    return True


def _helps(permission: str, way: Allowance, least: Terms) -> bool:
    return (
        permission == least.permission
        and way.condition is None
        and way.scope >= (least.scope or Scope.OWN)
        and way.clearance >= (least.clearance or Clearance.PUBLIC)
    )


def _ways(policy: Policy, permission: str) -> Iterator[tuple[int, Scope, Clearance]]:
    for name, role in policy.roles.items():
        if role.is_retired:
            continue
        for what, way in allowances_of(policy, name):
            if what == permission and way.condition is None:
                yield level_of(policy, name), way.scope, way.clearance
