"""What a role has through others: each ancestor counts once, and a retired one gives nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from services.permissions.domain.policy.events import Allowance
from services.permissions.domain.policy.state import Policy
from shared.errors import RuleBrokenError

DEEPEST: Final = 10
"""So many roles in a row, each the parent of the one before."""
_Allowances = tuple[tuple[tuple[str, Allowance], ...], frozenset[str]]


def lineage(policy: Policy, role: str) -> tuple[str, ...]:
    """Return the role and every role whose permissions it has; none if it is retired or unknown."""
    found: dict[str, None] = {}
    waiting = [role]
    while waiting:
        name = waiting.pop()
        known = policy.roles.get(name)
        if known is None or known.is_retired or name in found:
            continue
        found[name] = None
        waiting += reversed(known.parents)
    return tuple(found)


def level_of(policy: Policy, role: str) -> int:
    """Return the level of all that comes with the role: the highest of the roles in it."""
    return max((policy.roles[name].level for name in lineage(policy, role)), default=0)


def allowances_of(policy: Policy, role: str) -> Sequence[tuple[str, Allowance]]:
    """Return each permission in force that comes with the role, and how far it reaches."""
    return _known(policy, role)[0]


def brought(policy: Policy, role: str) -> frozenset[str]:
    """Return the permissions in force that come with the role."""
    return _known(policy, role)[1]


def _known(policy: Policy, role: str) -> _Allowances:
    known = _brought(_Same(policy))
    found = known.get(role)
    if found is None:
        every = tuple(_allowances_of(policy, role))
        found = known[role] = (every, frozenset(permission for permission, _ in every))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """One policy by its identity: to compare all of it would take longer than to ask again."""

    policy: Policy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.policy is self.policy

    def __hash__(self) -> int:
        return id(self.policy)


@lru_cache(maxsize=8)
def _brought(_policy: _Same) -> dict[str, _Allowances]:
    """Return what comes with each role of a policy, as far as somebody asked."""
    return {}


def _allowances_of(policy: Policy, role: str) -> Iterator[tuple[str, Allowance]]:
    for name in lineage(policy, role):
        for permission, allowances in policy.roles[name].allowances.items():
            known = policy.permissions.get(permission)
            if known is not None and not known.is_retired:
                for allowance in allowances:
                    yield permission, allowance


def refuse_bad_parent(policy: Policy, role: str, parent: str) -> None:
    """Raise RuleBrokenError if the role cannot have this parent.

    Retired roles count: they may come back.
    """
    if role == parent or role in _ancestors(policy, parent):
        raise RuleBrokenError(
            f"{parent} has already what {role} has: they would be parents of each other",
            code="role-cycle",
            field="parent",
            fix=f"take {role} away from the parents of {parent} first",
            who_can_help="whoever has the permission role:change",
        )
    rows = _below(policy, role) + _above(policy, parent)
    if rows > DEEPEST:
        raise RuleBrokenError(
            f"{rows} roles would follow each other, each the parent of the one before",
            code="roles-too-deep",
            field="parent",
            fix=f"give {role} what it needs directly; at most {DEEPEST} roles may follow",
            who_can_help="whoever has the permission role:change",
        )


def _ancestors(policy: Policy, role: str) -> set[str]:
    found: set[str] = set()
    waiting = [role]
    while waiting:
        for parent in policy.roles[waiting.pop()].parents:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _above(policy: Policy, role: str) -> int:
    """Return how many roles follow each other at most from here up, itself included."""
    return 1 + max((_above(policy, parent) for parent in policy.roles[role].parents), default=0)


def _below(policy: Policy, role: str) -> int:
    """Return how many roles follow each other at most up to here, itself included."""
    children = (name for name, known in policy.roles.items() if role in known.parents)
    return 1 + max((_below(policy, child) for child in children), default=0)
