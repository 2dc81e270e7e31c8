"""The least that a decision can be: dictionaries, the same gates, the same answer."""

from collections import defaultdict
from typing import Final

from bench.policy_sample import CLEARANCES, SCOPES, PolicySample
from shared.authorization.questions import Record
from shared.authorization.state import ALWAYS, FOREVER

Way = tuple[int, int, int, int, str]
"""Scope, clearance, from, until, the grant's id."""
ALL: Final = SCOPES.index("all")
TEAM: Final = SCOPES.index("team")
DEPARTMENT: Final = SCOPES.index("department")
LIMIT: Final = 30.0
Answer = tuple[bool, str, str | None, int, float]


class BareDecisions:
    """Every way of everybody by (subject, permission)."""

    def __init__(self, sample: PolicySample, position: int) -> None:
        self.position = position
        self.limits = {permission: LIMIT for ways in sample.roles.values() for permission in ways}
        self.people = {
            name: (frozenset({one.team}), one.department) for name, one in sample.people.items()
        }
        self.denied: dict[str, frozenset[str]] = {}
        self.ways: dict[str, dict[str, list[Way]]] = {}
        for person in sample.people.values():
            mine: dict[str, list[Way]] = defaultdict(list)
            for grant_id, role in person.roles.items():
                for permission, (scope, clearance) in sample.roles[role].items():
                    ranks = SCOPES.index(scope), CLEARANCES.index(clearance)
                    mine[permission].append((*ranks, ALWAYS, FOREVER, grant_id))
            self.ways[person.name] = dict(mine)


def bare_decision(  # noqa: C901 - one function, because a call costs as much as a gate
    facts: BareDecisions,
    subject: str,
    permission: str,
    record: Record,
    now: int,
    age: float,
    wanted: int = 0,
) -> Answer:
    """Return the answer: stale, behind, unknown, denied, no grant, then each way by itself."""
    position = facts.position
    limit = facts.limits.get(permission)
    if limit is None or age > limit:
        return False, "stale" if limit else "unknown_permission", None, position, age
    if wanted > position:
        return False, "behind", None, position, age
    mine = facts.ways.get(subject)
    if mine is None:
        return False, "unknown_subject", None, position, age
    if facts.denied and permission in facts.denied.get(subject, ()):
        return False, "denied", None, position, age
    ways = mine.get(permission)
    if ways is None:
        return False, "no_grant", None, position, age
    owner, sensitivity = record.owner, record.sensitivity
    if sensitivity is None:
        sensitivity = 3
    code, source = "out_of_scope", ways[0][4]
    for scope, clearance, since, until, grant_id in ways:
        if scope != ALL and owner != subject and not reaches(facts, subject, scope, owner):
            continue
        if sensitivity > clearance:
            code, source = "sensitivity", grant_id
        elif since <= now < until:
            return True, "allowed", grant_id, position, age
    return False, code, source, position, age


def reaches(facts: BareDecisions, subject: str, scope: int, owner: str | None) -> bool:
    """Say whether the owner is in reach."""
    if scope == ALL or owner == subject:
        return True
    other = facts.people.get(owner or "")
    if other is None or scope < TEAM:
        return False
    teams, department = facts.people[subject]
    if not teams.isdisjoint(other[0]):
        return True
    return scope == DEPARTMENT and (other[1] == department or other[1].startswith(f"{department}/"))
