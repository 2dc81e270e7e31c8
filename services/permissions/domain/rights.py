"""What somebody may do by all that was given, permission by permission; to compare, not to decide.

A change gives something that nothing before covers, and takes something that nothing after covers.
Decisions are made by shared.authorization, from the same facts.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.permissions.domain.meaning import policy_of
from services.permissions.domain.policy.events import Allowance, ConditionDocument
from services.permissions.domain.policy.inheritance import allowances_of, brought, lineage
from services.permissions.domain.policy.state import Policy
from services.permissions.domain.subject.state import Subject, Terms
from shared.authorization.scopes import Clearance, Scope


@dataclass(frozen=True, slots=True)
class Right:
    """One way in which a permission is had, or denied where it has no scope."""

    scope: Scope
    clearance: Clearance
    starts: datetime | None = None
    until: datetime | None = None
    records: frozenset[str] | None = None
    conditions: frozenset[str] = frozenset()
    """As JSON; all of them must be true."""

    def covers(self, other: "Right") -> bool:
        """Say whether whoever has this gains nothing by the other."""
        return (
            self.scope >= other.scope
            and self.clearance >= other.clearance
            and (self.starts is None or (other.starts is not None and self.starts <= other.starts))
            and (self.until is None or (other.until is not None and other.until <= self.until))
            and (self.records is None or (other.records or frozenset({""})) <= self.records)
            and self.conditions <= other.conditions
        )


Rights = Mapping[str, tuple[Right, ...]]
"""By permission."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody has, and what is denied to them in spite of it."""

    allowed: Rights
    denied: Rights


NOTHING = Standing({}, {})


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed of one permission."""

    permission: str
    gained: tuple[Right, ...]
    """Newly allowed, or no longer denied."""
    lost: tuple[Right, ...]
    """No longer allowed, or newly denied."""


def standing_of(policy: Policy, subject: Subject, only: frozenset[str] | None = None) -> Standing:
    """Return what the subject has, now or later; nothing if it is not active.

    Args:
        policy: what roles give.
        subject: whose.
        only: the permissions that are asked about; None: all of them.
    """
    if not subject.is_active:
        return NOTHING
    allowed: dict[str, list[Right]] = defaultdict(list)
    denied: dict[str, list[Right]] = defaultdict(list)
    for grant in subject.grants.values():
        its = allowed if grant.terms.effect == "allow" else denied
        for permission, right in rights_given(policy, grant.terms, only):
            its[permission].append(right)
    return Standing(_pruned(allowed), _pruned(denied))


def rights_given(
    policy: Policy, terms: Terms, only: frozenset[str] | None = None
) -> Iterator[tuple[str, Right]]:
    """Yield each permission (of those asked about) that a grant is about, and how far."""
    records = None if terms.records is None else frozenset(terms.records)
    # A denial withholds also what its role brought before a part of it was retired.
    is_role = terms.role is not None and terms.effect == "allow"
    if only is not None and is_role and only.isdisjoint(brought(policy, terms.role or "")):
        return
    for permission, allowance in _allowances(policy, terms):
        if only is not None and permission not in only:
            continue
        yield (
            permission,
            Right(
                min(allowance.scope, terms.scope or Scope.ALL),
                min(allowance.clearance, terms.clearance or Clearance.RESTRICTED),
                terms.starts,
                terms.until,
                records,
                frozenset(_written(allowance.condition, terms.condition)),
            ),
        )


def gained(was: Policy, now: Policy, terms: Terms) -> Iterator[tuple[str, Right]]:
    """Yield what a grant of these terms gives by one policy and not by the other."""
    if terms.role is not None and _is_untouched(was, now, terms.role):
        return
    before: dict[str, list[Right]] = defaultdict(list)
    for permission, right in rights_given(was, terms):
        before[permission].append(right)
    for permission, right in rights_given(now, terms):
        if not any(one.covers(right) for one in before[permission]):
            yield permission, right


def differences(before: Standing, after: Standing) -> list[Difference]:
    """Return what somebody gains and loses, by permission in alphabetical order."""
    every = {*before.allowed, *before.denied, *after.allowed, *after.denied}
    found = (_difference(permission, before, after) for permission in sorted(every))
    return [one for one in found if one.gained or one.lost]


def _is_untouched(was: Policy, now: Policy, role: str) -> bool:
    return was.permissions is now.permissions and all(
        was.roles.get(name) is now.roles[name] for name in lineage(now, role)
    )


def _difference(permission: str, before: Standing, after: Standing) -> Difference:
    was, now = before.allowed.get(permission, ()), after.allowed.get(permission, ())
    were, are = before.denied.get(permission, ()), after.denied.get(permission, ())
    return Difference(
        permission,
        gained=(*_beyond(now, was), *(_beyond(were, are) if now else ())),
        lost=(*_beyond(was, now), *(_beyond(are, were) if was else ())),
    )


def _beyond(some: Iterable[Right], others: Iterable[Right]) -> tuple[Right, ...]:
    """Return those that none of the others covers."""
    known = tuple(others)
    return tuple(one for one in some if not any(other.covers(one) for other in known))


def _allowances(policy: Policy, terms: Terms) -> Iterator[tuple[str, Allowance]]:
    everything = Allowance(scope=Scope.ALL, clearance=Clearance.RESTRICTED)
    if terms.role is None:
        known = policy.permissions.get(terms.permission or "")
        if terms.permission is not None and known is not None and not known.is_retired:
            yield terms.permission, everything
        return
    if terms.effect == "allow":
        yield from allowances_of(policy, terms.role)
        return
    # A denial goes on through retired roles, as decisions have it.
    withheld = policy_of(policy).withheld(terms.role)
    for permission, known in policy.permissions.items():
        if not known.is_retired and (withheld is None or permission in withheld):
            yield permission, everything


def _written(*conditions: ConditionDocument | None) -> Iterator[str]:
    for condition in conditions:
        if condition is not None:
            yield json.dumps(condition, sort_keys=True)


def _pruned(rights: Mapping[str, list[Right]]) -> Rights:
    """Return the rights without those that another one covers."""
    pruned: dict[str, tuple[Right, ...]] = {}
    for permission, many in rights.items():
        kept: list[Right] = []
        for one in many:
            if not any(other.covers(one) for other in kept):
                kept = [other for other in kept if not one.covers(other)] + [one]
        pruned[permission] = tuple(kept)
    return pruned
