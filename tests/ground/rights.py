"""Worlds that tests decide in: as it ships, and one in which every role reaches everything.

Tests about what a service does sign in to the open world, so that they are about nothing else;
tests about who may do what use the shipped one.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import asyncpg

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.authorization.reading import moment
from shared.authorization.replica import Snapshot
from shared.authorization.rights import Basis, Rights
from shared.authorization.snapshot_lines import lines_of
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from shared.clock import Clock, SystemClock
from shared.eventstore.tokens import TokenPart
from tests.permissions.domain.files import demo, world_of

A_DAY: Final = 86_400
"""No test takes as long, so a copy of the open world is never too old."""
KEEP: Final = """insert into permission_copy (epoch, feed_position, as_of, copy)
    values (1, 0, now(), $1)"""
_RISKS: Final = ("low", "normal", "high", "critical")
_SEEN = "customer:read customer:history customer:journey customer:watch activity:read field:read"
_WORKS = f"{_SEEN} customer:change grant:request explanation:read"
_SELLS = f"{_WORKS} customer:register customer:import"
OPEN_ROLES: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(permissions.split())
    for name, permissions in {
        "sales_rep": _SELLS,
        "sales_manager": f"{_SELLS} customer:export review:read review:decide",
        "support_agent": _WORKS,
        "auditor": "activity:read customer:read customer:history customer:journey erasure:read"
        " feed:read field:read grant:read grant:request explanation:read policy:read"
        " access_record:read decision:read leaver:read subject:read role:read team:read review:read"
        " finding:read",
        "crm_admin, permission_admin": f"{_SEEN} grant:request explanation:read consumer:read"
        " customer:export customer:import field:declare grant:approve grant:give grant:read"
        " lag:read subject:change policy:change policy:read projection:operate subject:read"
        " grant:revoke subject:act_as"
        " grant:break_glass leaver:read review:decide review:read review:start finding:read"
        " role:change"
        " role:read sod:except team:change team:read"
        " what_if:ask",
        "operator": "consumer:read activity:read customer:journey customer:watch erasure:read"
        " grant:request explanation:read lag:read projection:operate",
        "data_protection": "customer:access_file customer:erase customer:history customer:hold"
        " customer:journey customer:read erasure:confirm erasure:read field:read grant:request"
        " explanation:read",
        "subscriber": "consumer:report customer:read erasure:confirm evaluation:ask feed:read"
        " field:read subject_key:read",
        "provisioner": "subject:provision subject:read",
        "service": "snapshot:read feed:read",
        "service, record_reader": "snapshot:read feed:read access_record:read lag:read",
    }.items()
}


class FixedWorld:
    """Decisions by one world that never changes, and is as old as a test says: not at all."""

    def __init__(self, world: World, clock: Clock | None = None) -> None:
        self.world = world
        self.age = 0.0
        self._clock = clock or SystemClock()

    def basis(self) -> Basis:
        """Return the world, as of now."""
        return Basis(self.world, 1, moment(self._clock.now()), self.age)

    async def has_reached(self, _seen: Sequence[TokenPart]) -> bool:
        """Have seen everything."""
        return True

    def rights(self, person: str) -> Rights:
        """Return what a demo person may do."""
        return Rights(self.basis(), DEMO_PEOPLE[person].subject)


@cache
def open_world() -> World:
    """Return a world in which whoever may do something may do it to every record and field."""
    return World().after(
        PermissionEvent(number, stream, type_, data)
        for number, (stream, type_, data) in enumerate(_open_events(), start=1)
    )


@cache
def demo_world() -> World:
    """Return the world of the default policy and the people of the demo, as they ship."""
    return world_of(demo().facts)


def open_decisions(clock: Clock | None = None) -> FixedWorld:
    """Return decisions of the open world."""
    return FixedWorld(open_world(), clock)


def demo_decisions(clock: Clock | None = None) -> FixedWorld:
    """Return decisions as a Daybook makes them that was just set up."""
    return FixedWorld(demo_world(), clock)


def decisions_after_leaving(person: str) -> FixedWorld:
    """Return decisions as Daybook ships, after a demo person left; the token still names them."""
    world = demo_world()
    stream = f"subject-{DEMO_PEOPLE[person].subject}"
    return FixedWorld(world.after([PermissionEvent(world.position + 1, stream, "SubjectLeft", {})]))


def _open_events() -> list[tuple[str, str, dict[str, Any]]]:
    events: list[tuple[str, str, dict[str, Any]]] = [
        ("policy", "FreshnessLimitSet", {"risk": risk, "seconds": A_DAY}) for risk in _RISKS
    ]
    for one in Permission:
        facts = {"permission": one.value, "risk": "normal", "title": {"en": one.value}}
        events.append(("policy", "PermissionDefined", facts))
    everything = [{"scope": "all", "clearance": "restricted"}]
    for role, permissions in OPEN_ROLES.items():
        events.append(("policy", "RoleDefined", {"role": role, "level": 1, "title": {"en": role}}))
        for name in sorted(permissions):
            data = {"role": role, "permission": name, "allowances": everything}
            events.append(("policy", "RolePermissionSet", data))
    for name, person in DEMO_PEOPLE.items():
        stream, given = f"subject-{person.subject}", {"grant_id": name, "effect": "allow"}
        events.append((stream, "SubjectJoined", {"kind": person.kind}))
        events.append((stream, "GrantGiven", {**given, "role": person.role}))
    return events


async def keep_open_copy(views_dsn: str) -> None:
    """Let processes decide by the open world: no permissions service runs beside them."""
    connection = await asyncpg.connect(views_dsn)
    try:
        await connection.execute(KEEP, lines_of(Snapshot(1, open_world())))
    finally:
        await connection.close()
