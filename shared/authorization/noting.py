"""A decision is told with all that it was made of, so that it can be asked again.

Of what it looked at only ids, true and false, and values that the policy itself names are told.
Whatever else a condition compared is left out by name, and such a decision is not asked again.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

from shared.authorization.codes import Code
from shared.authorization.compiling import Entry, ways_of
from shared.authorization.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Literally,
    Not,
    attributes_of,
)
from shared.authorization.deciding import Answer
from shared.authorization.permissions import Permission
from shared.authorization.policy import Policy
from shared.authorization.questions import Circumstances, Record, facts_of
from shared.authorization.scopes import Clearance
from shared.authorization.state import Grant
from shared.authorization.world import World
from shared.eventstore.decision_types import DecisionRecorded, Plain

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
ALWAYS_ON_RECORD: Final = frozenset({
    "resource.id", "resource.type", "resource.owner",
    "subject.id", "subject.kind", "subject.department", "subject.manager", "subject.teams",
})  # fmt: skip
"""Attributes that stand in the decision by themselves, or in the permissions of the time."""
ONE_CANNOT_TELL: Final = "*"
UNDEFINED: Final = "*:*"
"""What is told of a permission that nobody defined: whoever asks may have made it up."""
NOBODY: Final = "-"
"""The subject of a decision about somebody whom nobody knows."""
MOST_TOLD: Final = 100
"""A longer list is left out."""
NOTHING_LOOKED_AT: Final = frozenset({
    Code.STALE, Code.BEHIND, Code.UNKNOWN_SUBJECT, Code.INACTIVE_SUBJECT, Code.UNKNOWN_PERMISSION,
    Code.ACTING_OVER, Code.ABOVE_ACTOR, Code.IN_THE_OWN_NAME,
})  # fmt: skip
"""What refuses before any condition is looked at."""
_OURS: Final = frozenset(map(str, Permission))
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OPAQUE: Final = re.compile(r"[A-Za-z0-9_.:-]{0,64}")
_CLEARANCES: Final = dict(enumerate(one.value for one in Clearance))


def decision_of(
    world: World,
    epoch: int,
    now: int,
    subject: str,
    permission: str,
    record: Record | None,
    around: Circumstances,
    answer: Answer,
    operation: str | None = None,
    process: str | None = None,
    asked_by: str | None = None,
    request_id: str | None = None,
) -> DecisionRecorded:
    """Return a decision as it is written down; arguments as in `decide`, which gave the answer."""
    if permission_told(world, permission) == UNDEFINED:
        # Undefined ones are answered alike, whatever is asked about.
        permission, record = UNDEFINED, None
    allowed, code, _, position, age = answer
    attributes, left_out = _looked_at(world, subject, permission, record, around, code)
    told: dict[str, Any] = {"operation": operation, "process": process, "deeds": None}
    told["actor"] = around.actor
    if record is not None:
        told |= _of_record(record, left_out)
        told["deeds"] = _deeds(world, subject, permission, around)
    return DecisionRecorded(
        subject=subject,
        kind=kind_of(world, subject),
        permission=permission,
        is_allowed=allowed,
        code=code.value,
        **source_of(answer),
        epoch=epoch,
        position=position,
        age_seconds=age if isfinite(age) else None,
        decided_at=BEGINNING + timedelta(microseconds=now),
        wanted=around.wanted,
        asked_by=asked_by,
        request_id=request_id,
        attributes=attributes,
        left_out=tuple(sorted(left_out)),
        **told,
    )


def permission_told(world: World, permission: str) -> str:
    """Return the id of a permission, unless nobody defined it: then it may be any text."""
    return permission if permission in world.limits or permission in _OURS else UNDEFINED


def record_told(record: Record) -> str | None:
    """Return the id of a record, unless it is none of the opaque ones: then it may be any text."""
    return record.id if _OPAQUE.fullmatch(record.id) else None


def kind_of(world: World, subject: str) -> str | None:
    """Return whether somebody is a person or a service; None of somebody unknown."""
    known = world.subjects.get(subject)
    return None if known is None else known.kind


def source_of(answer: Answer) -> dict[str, str | None]:
    """Return by what it was decided: a grant, its role if it gives one, or a rule."""
    source = answer[2]
    if isinstance(source, Grant):
        return {
            "grant_id": source.grant_id,
            "role": source.target if source.shape.is_role else None,
        }
    return {"rule": source}


def _of_record(record: Record, left_out: set[str]) -> dict[str, str | None]:
    sensitivity = None if record.sensitivity is None else _CLEARANCES.get(record.sensitivity)
    may_be_told = {
        "resource.id": record_told(record) is not None,
        "resource.owner": record.owner is None or _UUID.fullmatch(record.owner) is not None,
        "resource.sensitivity": (sensitivity is None) is (record.sensitivity is None),
    }
    left_out.update(name for name, may in may_be_told.items() if not may)
    return {
        "resource_type": record.type,
        "resource_id": record.id if may_be_told["resource.id"] else None,
        "owner": record.owner if may_be_told["resource.owner"] else None,
        "sensitivity": sensitivity,
    }


def _deeds(
    world: World, subject: str, permission: str, around: Circumstances
) -> dict[str, tuple[str, ...]] | None:
    """Return which of these hands did what a rule keeps apart from this; None: not known."""
    if around.deeds is None:
        return None
    hands = {subject, around.actor}
    others = {one for _, each in world.policy.duties.get(permission, ()) for one in each}
    return {
        one: tuple(sorted(hand for hand in around.deeds[one] if hand in hands))
        for one in sorted(others & around.deeds.keys())
    }


def _looked_at(
    world: World, subject: str, permission: str, record: Record | None, around: Circumstances,
    code: Code,
) -> tuple[dict[str, Plain | tuple[Plain, ...]], set[str]]:  # fmt: skip
    """Return what conditions look at: what may be told, and the names of what may not."""
    if code is Code.ERROR:
        return {}, {ONE_CANNOT_TELL}
    entry = None if code in NOTHING_LOOKED_AT else world.entry(subject)
    conditions = () if entry is None else _conditions(world.policy, entry, permission)
    if entry is None or not conditions:
        return {}, set()
    named = {literal for one in conditions for literal in _literals(one)}
    facts = facts_of(subject, entry.subject, record, around)
    told: dict[str, Plain | tuple[Plain, ...]] = {}
    left_out: set[str] = set()
    for attribute in frozenset().union(*map(attributes_of, conditions)) - ALWAYS_ON_RECORD:
        root, _, name = attribute.partition(".")
        if root == "subject" and name not in around.subject:
            continue  # It stands in the permissions as of the position.
        value = facts[root].get(name)
        plain = _plain(value, named)
        if plain is not None:
            told[attribute] = plain
        elif value is not None or root == "subject":
            left_out.add(attribute)
    return told, left_out


def _conditions(policy: Policy, entry: Entry, permission: str) -> tuple[Condition, ...]:
    mores = [way.more for way in ways_of(policy, entry, permission)]
    mores += [denial.more for denial in entry.denied.get(permission, ())]
    return tuple(one for more in mores if more is not None for one in more.conditions)


def _literals(condition: Condition) -> Iterable[tuple[type, Literally]]:
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            for one in conditions:
                yield from _literals(one)
        case Not(one):
            yield from _literals(one)
        case Comparison(_, _, value):
            values = value if isinstance(value, tuple) else () if value is None else (value,)
            yield from ((type(one), one) for one in values)


def _plain(
    value: object, named: Collection[tuple[type, Literally]]
) -> Plain | tuple[Plain, ...] | None:
    """Return what may be told of a value as it is; None: it may be anything."""
    if isinstance(value, list | tuple):
        if len(value) > MOST_TOLD:
            return None
        each = [_plain(one, named) for one in value]
        plain = tuple(one for one in each if isinstance(one, bool | int | str))
        return plain if len(plain) == len(each) else None
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str) and (type(value), value) in named:
        return value
    return value if isinstance(value, str) and _UUID.fullmatch(value) else None
