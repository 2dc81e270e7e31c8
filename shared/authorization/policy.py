"""The policy as a replica knows it, and what follows from it for every role and permission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final

from shared.authorization.allowances import Allowance, Allowances, more_of, pareto
from shared.authorization.first_ways import NO_GIVER, TO_BE_JUDGED, byte_of, first_of
from shared.authorization.state import FieldClass, PermissionFacts, Role, RoleAllowance, Rule

LIMITS: Final[Mapping[str, float]] = MappingProxyType(
    {"critical": 1.0, "high": 5.0, "normal": 30.0, "low": 300.0}
)
"""Risk → how old (seconds) the replica may be, unless the policy says otherwise."""
HIGHEST_LEVEL: Final = 100
Table = Mapping[str, Allowances]
"""Permission → how it is allowed; what is not in it is not."""
Duties = Mapping[str, tuple[tuple[str, frozenset[str]], ...]]
"""Permission → rule, and the permissions whose use on the same record forbids it."""


@dataclass(frozen=True)
class Policy:
    """One state of the policy; never altered, a change makes another."""

    permissions: Mapping[str, PermissionFacts] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    classes: Mapping[str, Mapping[str, FieldClass]] = field(default_factory=dict)
    """Resource type → field → its class; "*" is the record as a whole."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    freshness: Mapping[str, float] = field(default_factory=dict)
    """Risk → seconds, where the policy differs from LIMITS."""
    default_role: str | None = None
    is_parked: bool = False
    """An event that may concern anything could not be read: everything is denied."""
    _tables: dict[str, Table] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was put together already; made when it is asked for."""
    _rows: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def role(self, name: str, **changes: object) -> "Policy":
        """Return the policy with one role, which must be there, changed."""
        changed = self.roles[name]._replace(**changes)  # type: ignore[arg-type]
        return replace(self, roles={**self.roles, name: changed})

    @cached_property
    def limits(self) -> Mapping[str, float]:
        """Permission → how old the replica may be to allow it; unknown ones are not in it."""
        return {name: self.limit(facts.risk) for name, facts in self.permissions.items()}

    @cached_property
    def strictest(self) -> float:
        """Return the limit of what is critical, which also holds for what is not known."""
        return self.limit("critical")

    def limit(self, risk: str) -> float:
        """Return how many seconds old the replica may be for a permission of this risk."""
        return self.freshness.get(risk, LIMITS[risk])

    @cached_property
    def allowed(self) -> Mapping[str, Table]:
        """Role → all that it allows, of every role."""
        return {name: self.table(name) for name in self.roles}

    def table(self, name: str) -> Table:
        """Return all that a role allows, with what it inherits, under its own name."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = self._table(name)
        return table

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Permission → where its two bytes stand in a row; of equal permissions always equal."""
        return {name: 2 * number for number, name in enumerate(sorted(self.permissions))}

    @cached_property
    def no_ways(self) -> bytes:
        """Return the row of whoever is allowed nothing."""
        return bytes((TO_BE_JUDGED, NO_GIVER)) * len(self.permissions)

    def row(self, name: str) -> bytes:
        """Return the row of whoever has one grant, this role as it is; one object for all."""
        row = self._rows.get(name)
        if row is None:
            written = bytearray(self.no_ways)
            for permission, ways in self.table(name).items():
                at, is_judged = self.places[permission], permission in self.duties
                written[at] = TO_BE_JUDGED if is_judged else byte_of(first_of(ways))
                written[at + 1] = 0
            row = self._rows[name] = bytes(written)
        return row

    def withheld(self, name: str) -> frozenset[str] | None:
        """Return what a denial of a role denies; None: everything, because a part is not known.

        A denial goes on through retired roles: retiring a role never gives anybody anything.
        """
        lineage = self.lineage(name)
        if name in self.parked_roles or any(one not in self.roles for one in lineage):
            return None
        return frozenset().union(*(self.roles[one].allowances for one in lineage))

    @cached_property
    def parked_roles(self) -> frozenset[str]:
        """Every role of which a part cannot be known."""
        parked = {name for name, role in self.roles.items() if role.is_parked}
        return self.touched_by(parked) if parked else frozenset()

    def touched_by(self, names: set[str]) -> frozenset[str]:
        """Return the roles named, and all that inherit from them, however far."""
        return frozenset(
            name
            for name, role in self.roles.items()
            if name in names or (role.parents and not names.isdisjoint(self.lineage(name)))
        )

    def changed_roles(self, before: "Policy") -> frozenset[str]:
        """Return the roles that give or withhold something else than before; keep other tables."""
        both = self.roles.keys() | before.roles.keys()
        changed = {
            name
            for name in both
            if _effect(self.roles.get(name)) != _effect(before.roles.get(name))
        }
        touched = self.touched_by(changed) | before.touched_by(changed) if changed else frozenset()
        its = before._tables  # noqa: SLF001 - another policy, and no one else
        self._tables.update({name: table for name, table in its.items() if name not in touched})
        return touched

    @cached_property
    def duties(self) -> Duties:
        """Every permission that a dynamic rule keeps apart from others on the same record."""
        found: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for name, rule in sorted(self.rules.items()):
            if rule.kind == "dynamic":
                first, second = self.members(rule.first), self.members(rule.second)
                for one, other in ((first, second), (second, first)):
                    for permission in one:
                        found.setdefault(permission, []).append((name, other))
        return {permission: tuple(each) for permission, each in found.items()}

    def members(self, names: Iterable[str]) -> frozenset[str]:
        """Return the permissions that are named, or that the named roles have."""
        found: set[str] = set()
        for name in names:
            found |= (self.withheld(name) or set()) if name in self.roles else {name}
        return frozenset(found)

    def level(self, name: str) -> int:
        """Return the level of a role with all it inherits; unknown and retired ones count none."""
        return max(
            (
                self.roles[one].level
                for one in self.lineage(name, through_retired=False)
                if one in self.roles and gives(self.roles[one])
            ),
            default=0,
        )

    def level_of(self, permission: str, scope: int, clearance: int) -> int:
        """Return the lowest level of a role that has a permission so far, else the highest."""
        return min(
            (
                self.level(name)
                for name, table in self.allowed.items()
                if any(
                    way.scope >= scope and way.clearance >= clearance and way.more is None
                    for way in table.get(permission, ())
                )
            ),
            default=HIGHEST_LEVEL,
        )

    def lineage(self, name: str, *, through_retired: bool = True) -> list[str]:
        """Return the role and all it inherits from, each once, however it is reached."""
        found, waiting = {name: None}, [name]
        while waiting:
            role = self.roles.get(waiting.pop())
            if role is None or not (through_retired or gives(role)):
                continue
            new = [parent for parent in sorted(role.parents) if parent not in found]
            found |= dict.fromkeys(new)
            waiting += new
        return list(found)

    def _table(self, name: str) -> Table:
        ways: dict[str, list[Allowance]] = {}
        for one in self.lineage(name, through_retired=False):
            role = self.roles.get(one)
            if role is not None and gives(role):
                for permission, allowances in role.allowances.items():
                    if permission in self.permissions:
                        ways.setdefault(permission, []).extend(
                            _own(name, each) for each in allowances
                        )
        return {permission: pareto(each) for permission, each in ways.items() if each}


def _effect(role: Role | None) -> object:
    """Return what of a role matters to whoever holds it."""
    return role and (role.allowances, role.parents, role.is_retired, role.is_parked)


def gives(role: Role) -> bool:
    """Say whether a role gives what it has, and passes it on."""
    return not (role.is_retired or role.is_parked)


def _own(name: str, allowance: RoleAllowance) -> Allowance:
    more = None if allowance.condition is None else more_of(conditions=(allowance.condition,))
    return Allowance(allowance.scope, allowance.clearance, name, more)
