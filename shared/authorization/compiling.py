"""A subject's grants become one entry: a row of first ways, so that a check looks at two bytes.

Ways of roles given plainly are the role's own, shared by all who have it; only what differs is
made for the subject alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from shared.authorization.allowances import Allowance, Allowances, More, merged, more_of, pareto
from shared.authorization.first_ways import NO_GIVER, TO_BE_JUDGED, byte_of, first_of
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
    first: bytes
    """Two bytes at each of the policy's places: the first way, and which of `grants` gives it.

    What is also denied in part, or kept apart from another duty, is left to be judged.
    """
    grants: tuple[Grant, ...] = ()
    """Those that allow."""
    own: Table = field(default_factory=lambda: _NOTHING)
    """The ways that are not those of one role given plainly."""
    denied: Mapping[str, tuple[Denial, ...]] = field(default_factory=lambda: _NO_DENIALS)
    is_active: bool = True
    is_parked: bool = False
    has_parked_role: bool = False

    def grant_of(self, way: Allowance) -> Grant:
        """Return the grant that a way comes from."""
        source = way.source
        for grant in self.grants:
            if source == (grant.target if _is_plain(grant) else grant.grant_id):
                return grant
        raise LookupError(source)


def compiled(name: str, subjects: Mapping[str, Subject], policy: Policy) -> Entry:
    """Return the entry of a subject that is there."""
    subject = subjects[name]
    is_active = is_at_work(subject, subjects)
    denials = [grant for grant in subject.grants if grant.shape.is_denial]
    if not is_active or subject.is_parked or policy.is_parked or _unknowable(denials, policy):
        return Entry(subject, policy.no_ways, is_active=is_active, is_parked=is_active)
    grants = subject.grants
    if denials:
        grants = tuple(grant for grant in grants if not grant.shape.is_denial)
    denied = _denied(denials, policy)
    first, own = _ways(grants, denied, policy)
    has_parked = any(grant.target in policy.parked_roles for grant in subject.grants)
    return Entry(subject, first, grants, own, denied, has_parked_role=has_parked)


def ways_of(policy: Policy, entry: Entry, permission: str) -> Allowances:
    """Return every way in which the permission is allowed, before denials."""
    own, place = entry.own.get(permission), policy.places.get(permission)
    if own is not None or place is None:
        return own or ()
    giver = entry.first[place + 1]
    return () if giver == NO_GIVER else policy.table(entry.grants[giver].target)[permission]


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


def _ways(
    grants: tuple[Grant, ...], denied: Mapping[str, object], policy: Policy
) -> tuple[bytes, Table]:
    """Return the row, and the ways that a role's table does not tell."""
    if len(grants) == 1 and not denied and _is_plain(grants[0]):
        return policy.row(grants[0].target), _NOTHING
    given: dict[str, tuple[int, Table]] = {}
    for giver, grant in enumerate(grants):
        source = _source(grant)
        if source not in given:
            given[source] = giver, _table(grant, policy)
    row, own, judged = bytearray(policy.no_ways), {}, denied.keys() | policy.duties.keys()
    for permission, ways in _united(table for _, table in given.values()).items():
        way = first_of(ways)
        giver, table = given[way.source]
        if giver >= NO_GIVER or not _is_plain(grants[giver]) or table.get(permission) != ways:
            own[permission] = ways
        if giver < NO_GIVER:
            at = policy.places[permission]
            row[at] = TO_BE_JUDGED if permission in judged else byte_of(way)
            row[at + 1] = giver
    return bytes(row), own or _NOTHING


def _is_plain(grant: Grant) -> bool:
    return grant.shape is PLAIN or grant.shape == PLAIN


def _source(grant: Grant) -> str:
    """Return what the ways of a grant say they come from; a role given twice is told once."""
    return grant.target if _is_plain(grant) else grant.grant_id


def _table(grant: Grant, policy: Policy) -> Table:
    return policy.table(grant.target) if _is_plain(grant) else _own_table(grant, policy)


def _united(tables: Iterable[Table]) -> Table:
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
