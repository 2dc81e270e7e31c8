"""Small worlds of every kind, told as events and as plain facts that an oracle can read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any
from uuid import UUID

from shared.authorization.questions import Record
from shared.authorization.scopes import Clearance, Scope
from shared.authorization.world import World
from tests.shared.authorization.story import NOON, Story

SCOPES = [one.value for one in Scope]
CLEARANCES = [one.value for one in Clearance]
PERMISSIONS = ["customer:read", "customer:write", "customer:approve"]
STATUSES = ["open", "Open", "новый", "x' or true --"]
TAGS = ["a", "b", "ä"]


@dataclass
class Known:
    """The same world as plain facts: what was given, nothing derived."""

    roles: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    subjects: dict[str, dict[str, Any]] = field(default_factory=dict)
    grants: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    duties: list[tuple[str, str]] = field(default_factory=list)
    story: Story = field(default_factory=Story)

    @cached_property
    def world(self) -> World:
        """The world that all of it leads to."""
        return self.story.world


def an_id(dice: Random) -> str:
    return str(UUID(int=dice.getrandbits(128), version=4))


def a_world(dice: Random, story: Story | None = None) -> Known:
    """Return a world of ten subjects with up to six grants each; it may come into a story."""
    known = Known(story=story or Story())
    for permission in PERMISSIONS:
        known.story.permission(permission)
    names = [f"role-{number}" for number in range(6)]
    for number, name in enumerate(names):
        _role(dice, known, name, names[:number])
    for name in dice.sample(names, dice.randrange(2)):
        known.retired.add(name)
        known.story.policy("RoleRetired", role=name)
    if dice.random() < 0.3:
        known.duties = [("customer:write", "customer:approve")]
        first, second = (["customer:write"], ["customer:approve"])
        known.story.policy("SodRuleDefined", rule="r", kind="dynamic", first=first, second=second)
    subjects = [an_id(dice) for _ in range(10)]
    for subject in subjects:
        _subject(dice, known, subject, subjects)
        for _ in range(dice.randrange(7)):
            a_grant(dice, known, subject, names)
    return known


def some_records(dice: Random, known: Known, count: int) -> list[Record]:
    """Return records of everybody, of nobody and of strangers, with and without attributes."""
    owners = [*known.subjects, *known.subjects, None, an_id(dice)]
    return [
        Record(
            "customer",
            f"00000000-0000-4000-8000-{number:012d}",
            dice.choice(owners),
            dice.choice([None, 0, 0, 1, 2, 3]),
            {
                "status": dice.choice([None, *STATUSES]),
                "size": dice.choice([None, 0, 1, 5, 2**40]),
                "vip": dice.choice([None, True, False]),
                "tags": dice.choice([None, [], ["a"], ["a", "b", "ä"]]),
            },
        )
        for number in range(count)
    ]


def _role(dice: Random, known: Known, name: str, before: list[str]) -> None:
    known.story.role(name)
    known.roles[name], known.parents[name] = {}, []
    for permission in dice.sample(PERMISSIONS, dice.randrange(1, 3)):
        allowances = [_allowance(dice) for _ in range(dice.randrange(1, 3))]
        known.roles[name][permission] = allowances
        known.story.policy(
            "RolePermissionSet", role=name, permission=permission, allowances=allowances
        )
    for parent in dice.sample(before, min(len(before), dice.randrange(3))):
        known.parents[name].append(parent)
        known.story.policy("RoleParentAdded", role=name, parent=parent)


def _allowance(dice: Random) -> dict[str, Any]:
    allowance: dict[str, Any] = {
        "scope": dice.choice(SCOPES),
        "clearance": dice.choice(CLEARANCES),
    }
    if dice.random() < 0.15:
        allowance["condition"] = a_condition(dice)
    return allowance


def _subject(dice: Random, known: Known, subject: str, everybody: list[str]) -> None:
    facts: dict[str, Any] = {
        "kind": dice.choice(["person", "person", "person", "service"]),
        "owner": None,
        "department": dice.choice([None, "sales", "sales/emea", "sales/emea/alps", "salesforce"]),
        "teams": dice.sample(["north", "south", "west"], dice.randrange(3)),
        "attributes": {"status": dice.choice(STATUSES), "level": dice.randrange(6)},
    }
    if facts["kind"] == "service" and dice.random() < 0.5:
        facts["owner"] = dice.choice(everybody)
    known.subjects[subject] = {**facts, "state": "active"}
    known.grants[subject] = []
    known.story.of(subject, "SubjectJoined", **facts)
    if dice.random() < 0.1:
        known.subjects[subject]["state"] = "suspended"
        known.story.of(subject, "SubjectSuspended")


def a_grant(dice: Random, known: Known, subject: str, roles: list[str]) -> None:
    """Give somebody a role or a permission, or withhold one."""
    grant: dict[str, Any] = {"effect": "deny" if dice.random() < 0.2 else "allow"}
    if dice.random() < 0.7:
        grant["role"] = dice.choice(roles)
    else:
        grant["permission"] = dice.choice(PERMISSIONS)
    for name, choices in (("scope", SCOPES), ("clearance", CLEARANCES)):
        if dice.random() < (0.2 if "role" in grant else 0.9):
            grant[name] = dice.choice(choices)
    for name in ("from", "until"):
        if dice.random() < 0.2:
            grant[name] = _when(dice).isoformat()
    if dice.random() < (0.5 if grant["effect"] == "deny" else 0.15):
        grant["condition"] = a_condition(dice)
    if dice.random() < (0.5 if grant["effect"] == "deny" else 0.15):
        grant["records"] = [f"00000000-0000-4000-8000-{dice.randrange(99):012d}" for _ in range(40)]
        grant["records"] += ["' or true --", "00000000-0000-4000-8000-00000000000A"]
    known.grants[subject].append(grant)
    known.story.give(subject, **grant)


def _when(dice: Random) -> datetime:
    return NOON + timedelta(microseconds=dice.choice([-(10**9), -1, 0, 0, 1, 10**9]))


def a_condition(dice: Random, depth: int = 0) -> dict[str, Any]:
    """Return a condition of any form, on attributes with and without a column."""
    form = dice.random()
    if depth < 3 and form < 0.4:
        word = dice.choice(["all", "any"])
        return {word: [a_condition(dice, depth + 1) for _ in range(dice.randrange(1, 4))]}
    if depth < 3 and form < 0.6:
        return {"not": a_condition(dice, depth + 1)}
    return _comparison(dice)


def _comparison(dice: Random) -> dict[str, Any]:
    attribute = dice.choice(
        ["status", "size", "vip", "tags", "nowhere", "owner", "id", "type"]
    )  # fmt: skip
    compared = {"attribute": f"resource.{attribute}"}
    relation = dice.choice(
        ["eq", "ne", "in", "not_in", "lt", "le", "gt", "ge", "present", "absent", "contains"]
    )
    literals: list[Any] = [dice.choice([*STATUSES, *TAGS]), dice.choice([0, 1, 5]), True]
    if relation in {"present", "absent"}:
        return {**compared, "is": relation}
    if dice.random() < 0.3:
        other = dice.choice(
            ["subject.status", "subject.level", "subject.id", "subject.teams", "subject.gone",
             "resource.status", "resource.tags", "resource.vip", "context.tags", "context.hour"]
        )  # fmt: skip
        return {**compared, "is": relation, "to": other}
    if relation in {"in", "not_in"}:
        values = dice.choice([STATUSES[:2], [0, 5], [True], TAGS])
        return {**compared, "is": relation, "value": values}
    if relation in {"lt", "le", "gt", "ge"}:
        literals.pop()
    return {**compared, "is": relation, "value": dice.choice(literals)}
