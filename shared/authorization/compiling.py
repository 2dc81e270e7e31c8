"""A subject's grants become one entry: permission → ways, so that a check is one dictionary look.

Ways of roles given plainly are the role's own, shared by all who have it; only what differs is
made for the subject alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from shared.authorization.allowances import Allowance, Allowances, More, merged, more_of, pareto
from shared.authorization.policy import Policy, Table
from shared.authorization.state import ALL, PLAIN, RESTRICTED, Grant, Shape, Subject

_NO_DENIALS: Final[Mapping[str, tuple["Denial", ...]]] = MappingProxyType({})
_NOTHING: Final[Table] = MappingProxyType({})
LONGEST_CHAIN: Final = 10


@dataclass(slots=True)
class Denial:
    """A grant that denies, and what must hold for it to; None: nothing."""

    grant: Grant
    more: More | None


@dataclass(slots=True)
class Entry:
    """The rights of one subject; never altered."""

    subject: Subject
    allowed: Table
    """What nothing but its ways has to be looked at for."""
    guarded: Table = field(default_factory=lambda: _NOTHING)
    """What is also denied in part, or kept apart from another duty."""
    denied: Mapping[str, tuple[Denial, ...]] = field(default_factory=lambda: _NO_DENIALS)
    sources: Mapping[str, Grant] = field(default_factory=dict)
    """A way's source → the grant it comes from."""
    is_active: bool = True
    is_parked: bool = False
    has_parked_role: bool = False


def compiled(name: str, subjects: Mapping[str, Subject], policy: Policy) -> Entry:
    """Return the entry of a subject that is there."""
    subject = subjects[name]
    is_active = is_at_work(subject, subjects)
    denials = [grant for grant in subject.grants if grant.shape.is_denial]
    if not is_active or subject.is_parked or policy.is_parked or _unknowable(denials, policy):
        return Entry(subject, _NOTHING, is_active=is_active, is_parked=is_active)
    sources: dict[str, Grant] = {}
    allowed = _allowed(subject.grants, sources, policy)
    denied = _denied(denials, policy)
    guarded = _taken(allowed, denied, policy)
    if guarded:
        allowed = {key: ways for key, ways in allowed.items() if key not in guarded}
    has_parked = any(grant.target in policy.parked_roles for grant in subject.grants)
    return Entry(subject, allowed, guarded, denied, sources, has_parked_role=has_parked)


def is_at_work(subject: Subject, subjects: Mapping[str, Subject]) -> bool:
    """Say whether the subject is active, and for a service account also whoever owns it."""
    for _ in range(LONGEST_CHAIN):
        if subject.state != "active":
            return False
        if subject.owner is None:
            return True
        owner = subjects.get(subject.owner)
        if owner is None:
            return False
        subject = owner
    return False


def _allowed(grants: tuple[Grant, ...], sources: dict[str, Grant], policy: Policy) -> Table:
    tables: list[Table] = []
    for grant in grants:
        if grant.shape.is_denial:
            continue
        if grant.shape is PLAIN or grant.shape == PLAIN:
            if grant.target not in sources:
                sources[grant.target] = grant
                tables.append(policy.table(grant.target))
        else:
            sources[grant.grant_id] = grant
            tables.append(_own_table(grant, policy))
    return tables[0] if len(tables) == 1 else _united(tables)


def _united(tables: list[Table]) -> Table:
    united: dict[str, Allowances] = {}
    for table in tables:
        for permission, ways in table.items():
            before = united.setdefault(permission, ways)
            if before is not ways:
                united[permission] = merged(before, ways)
    return united


def _own_table(grant: Grant, policy: Policy) -> Table:
    shape = grant.shape
    if shape.is_role:
        table = policy.table(grant.target)
        return {
            permission: pareto(_capped(way, grant.grant_id, shape) for way in ways)
            for permission, ways in table.items()
        }
    if grant.target not in policy.permissions:
        return _NOTHING
    most = Allowance(ALL, RESTRICTED, grant.grant_id, None)
    return {grant.target: (_capped(most, grant.grant_id, shape),)}


def _capped(way: Allowance, source: str, shape: Shape) -> Allowance:
    conditions = way.more.conditions if way.more is not None else ()
    if shape.condition is not None:
        conditions = (*conditions, shape.condition)
    return Allowance(
        way.scope if shape.scope is None else min(way.scope, shape.scope),
        way.clearance if shape.clearance is None else min(way.clearance, shape.clearance),
        source,
        more_of(shape.since, shape.until, shape.records, conditions),
    )


def _denied(denials: list[Grant], policy: Policy) -> Mapping[str, tuple[Denial, ...]]:
    if not denials:
        return _NO_DENIALS
    found: dict[str, tuple[Denial, ...]] = {}
    for grant in denials:
        shape = grant.shape
        conditions = () if shape.condition is None else (shape.condition,)
        denial = Denial(grant, more_of(shape.since, shape.until, shape.records, conditions))
        for permission in _withheld(grant, policy) or ():
            found[permission] = (*found.get(permission, ()), denial)
    return found


def _withheld(grant: Grant, policy: Policy) -> frozenset[str] | None:
    return policy.withheld(grant.target) if grant.shape.is_role else frozenset({grant.target})


def _unknowable(denials: list[Grant], policy: Policy) -> bool:
    """Say whether a denial may deny anything, because its role is not fully known."""
    return any(_withheld(grant, policy) is None for grant in denials)


def _taken(allowed: Table, denied: Mapping[str, object], policy: Policy) -> Table:
    if not denied and not policy.duties:
        return _NOTHING
    return {
        permission: ways
        for permission, ways in allowed.items()
        if permission in denied or permission in policy.duties
    }
