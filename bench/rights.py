"""Who may do what while rows are measured: everybody everything, but for two who see little.

leo sees what three of the two hundred owners have, as a sales representative sees the own team;
bob what fifty have, as a manager sees a department.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import asyncpg

from bench.people import OWNERS
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permission_copy import KEEP
from shared.authorization.permissions import Permission
from shared.authorization.reading import moment
from shared.authorization.replica import Snapshot
from shared.authorization.rights import Basis
from shared.authorization.snapshot_lines import lines_of
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from shared.clock import SystemClock
from shared.eventstore.tokens import TokenPart
from shared.postgres.dsn import dsn_for

A_DAY: Final = 86_400
IMPORTER: Final = DEMO_PEOPLE["alice"].subject
TEAM: Final = "00000000-0000-4000-8000-00000000b001"
IN_TEAM, IN_DEPARTMENT = OWNERS[:3], OWNERS[:50]
READ: Final = Permission.CUSTOMERS_READ
FEW: Final[Mapping[str, tuple[Mapping[str, str], ...]]] = {
    "leo": (
        {"scope": "own", "clearance": "confidential"},
        {"scope": "team", "clearance": "internal"},
    ),
    "bob": ({"scope": "department", "clearance": "confidential"},),
}
CLASSES: Final = {
    **dict.fromkeys(("*", "kind", "name", "stage", "owner", "tags", "archived"), "internal"),
    **dict.fromkeys(("links", "withdrawn", "custom"), "internal"),
    **dict.fromkeys(("emails", "phones", "addresses", "notes", "legal_hold"), "confidential"),
}

Event = tuple[str, str, Mapping[str, object]]


def _events() -> Iterator[Event]:
    for risk in ("low", "normal", "high", "critical"):
        yield "policy", "FreshnessLimitSet", {"risk": risk, "seconds": A_DAY}
    for field, data_class in CLASSES.items():
        its = {"resource_type": "customer", "field": field, "data_class": data_class}
        yield "policy", "DataClassSet", {**its, "otherwise": "mask"}
    everything = [{"scope": "all", "clearance": "restricted"}]
    for role in ("everything", *FEW):
        yield "policy", "RoleDefined", {"role": role, "level": 1, "title": {"en": role}}
    for one in Permission:
        facts = {"permission": one.value, "risk": "normal", "title": {"en": one.value}}
        yield "policy", "PermissionDefined", facts
        for role in ("everything", *FEW):
            ways = FEW[role] if role in FEW and one is READ else everything
            data = {"role": role, "permission": one.value, "allowances": ways}
            yield "policy", "RolePermissionSet", data
    for name, person in DEMO_PEOPLE.items():
        stream = f"subject-{person.subject}"
        department = "sales" if name == "bob" else None
        joined = {"kind": person.kind, "department": department}
        yield stream, "SubjectJoined", {**joined, "teams": [TEAM] if name == "leo" else []}
        role = name if name in FEW else "everything"
        yield stream, "GrantGiven", {"grant_id": name, "effect": "allow", "role": role}
    for owner in IN_DEPARTMENT:
        place = {"department": "sales/north", "teams": [TEAM] if owner in IN_TEAM else []}
        yield f"subject-{owner}", "SubjectJoined", {"kind": "person", **place}


def world() -> World:
    """Return what is known of everybody."""
    return World().after(PermissionEvent(n, *event) for n, event in enumerate(_events(), start=1))


class Everything:
    """Decisions by that world, which is never old."""

    def __init__(self) -> None:
        self._world = world()

    def basis(self) -> Basis:
        """Return the world, as of now."""
        return Basis(self._world, 1, moment(SystemClock().now()), 0.0)

    async def has_reached(self, _seen: Sequence[TokenPart]) -> bool:
        """Have seen everything."""
        return True


async def keep_rights(views_dsn: str) -> None:
    """Let processes of the service decide by it: they find it where they keep their own copy."""
    api = await asyncpg.connect(dsn_for(views_dsn, "api"))
    its = world()
    await api.execute(KEEP, 1, its.position, SystemClock().now(), lines_of(Snapshot(1, its)))
    await api.close()
