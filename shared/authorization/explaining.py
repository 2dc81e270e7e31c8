"""Why, why not, what would change it, and who could: told from the world that decided.

Codes and ids only; words in the reader's language are made of them in `reasons`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from shared.authorization.allowances import Allowance
from shared.authorization.codes import Code
from shared.authorization.compiling import Entry, ways_of
from shared.authorization.conditions import Condition
from shared.authorization.deciding import Answer, decide, miss, reaches
from shared.authorization.policy import Policy
from shared.authorization.questions import PLAINLY, Circumstances, Record, facts_of
from shared.authorization.scopes import Clearance, Scope
from shared.authorization.searching import allowed_subjects
from shared.authorization.state import ALL, RESTRICTED, Grant
from shared.authorization.world import World

GIVING: Final = "grant:give"
"""Whoever has this permission gives roles and permissions, up to the own level."""
MOST_ROLES: Final = 3
_SCOPES: Final = tuple(Scope)
_CLEARANCES: Final = tuple(Clearance)

Step = Literal[
    "extend_grant", "wait", "meet_condition", "give_role", "give_permission", "lift_denial",
    "reinstate_subject", "ask_another_person", "mend_parked_event", "wait_for_replica",
    "define_permission", "register_subject", "ask_who_may_see_it",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Considered:
    """One way of the subject, and what it misses; None: it allows."""

    grant: Grant
    scope: Scope
    clearance: Clearance
    code: Code | None


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing that would change the answer; of several the one that gives least comes first."""

    step: Step
    grant_id: str | None = None
    role: str | None = None
    scope: Scope | None = None
    clearance: Clearance | None = None
    moment: int | None = None
    """When waiting is over, in microseconds since 1970."""
    conditions: tuple[Condition, ...] = ()
    level: int = 0
    """The level that whoever gives it must have."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, what it was made of, and for a refusal what would change it."""

    answer: Answer
    considered: tuple[Considered, ...] = ()
    fixes: tuple[Fix, ...] = ()
    givers: tuple[str, ...] = ()
    """Roles whose holders could give the first fix that can be given."""


def explain(
    world: World,
    subject: str,
    permission: str,
    record: Record | None,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> Explanation:
    """Return why the answer is what it is; arguments as in `decide`, whose answer it is."""
    answer = decide(world, subject, permission, record, now, age, around)
    entry = world.entry(subject)
    if entry is None:
        return to_mend(world, subject, permission, record, answer, ())
    facts = facts_of(subject, entry.subject, record, around)
    considered = tuple(
        considered_way(entry, way, miss(world, entry, subject, way, record, now, facts))
        for way in ways_of(world.policy, entry, permission)
    )
    return to_mend(world, subject, permission, record, answer, considered)


def to_mend(
    world: World,
    subject: str,
    permission: str,
    record: Record | None,
    answer: Answer,
    considered: tuple[Considered, ...],
) -> Explanation:
    """Return an explanation with what would change a refusal, and who could give it."""
    entry = world.entry(subject)
    if entry is None:
        return Explanation(answer, fixes=(Fix(_STEPS.get(answer[1], "register_subject")),))
    fixes = () if answer[0] else _fixes(world, entry, subject, permission, record, answer)
    givers = next((who_can_give(world, fix.level) for fix in fixes if fix.level), ())
    return Explanation(answer, considered, fixes, givers)


def narrowest(world: World, entry: Entry, subject: str, record: Record) -> Scope:
    """Return the least scope by which the subject reaches a record of this owner."""
    ranks = range(len(_SCOPES))
    return _SCOPES[next(one for one in ranks if reaches(world, entry, subject, one, record.owner))]


def who_can_give(world: World, level: int) -> tuple[str, ...]:
    """Return the roles that may give, and reach the level; the lowest first."""
    policy = world.policy
    able = [
        (policy.level(name), name)
        for name, table in policy.allowed.items()
        if GIVING in table and policy.level(name) >= level
    ]
    return tuple(name for _, name in sorted(able))


def who_reaches(
    world: World,
    permission: str,
    record: Record,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> dict[str, Answer]:
    """Return everybody who may do this to the record, with the answer that says by what."""
    return {
        subject: decide(world, subject, permission, record, now, age, around)
        for subject in allowed_subjects(world, permission, record, now, age, around)
    }


def considered_way(entry: Entry, way: Allowance, code: Code | None) -> Considered:
    """Return a way with what it misses, as an explanation tells it."""
    return Considered(entry.grant_of(way), _SCOPES[way.scope], _CLEARANCES[way.clearance], code)


_STEPS: Final[dict[Code, Step]] = {
    Code.STALE: "wait_for_replica",
    Code.BEHIND: "wait_for_replica",
    Code.UNKNOWN_SUBJECT: "register_subject",
    Code.INACTIVE_SUBJECT: "reinstate_subject",
    Code.UNKNOWN_PERMISSION: "define_permission",
    Code.PARKED: "mend_parked_event",
    Code.SEPARATION_OF_DUTIES: "ask_another_person",
    Code.ACTING_OVER: "ask_another_person",
    Code.ABOVE_ACTOR: "ask_another_person",
    Code.IN_THE_OWN_NAME: "ask_another_person",
}


def _fixes(
    world: World, entry: Entry, subject: str, permission: str, record: Record | None,
    answer: Answer,
) -> tuple[Fix, ...]:  # fmt: skip
    _, code, source, *_ = answer
    step = _STEPS.get(code)
    if step is not None:
        return (Fix(step),)
    grants = _to_give(world, entry, subject, permission, record)
    if not isinstance(source, Grant):
        return grants
    level = _level_of(world, source)
    match code:
        case Code.DENIED:
            return (Fix("lift_denial", source.grant_id, level=level),)
        case Code.EXPIRED:
            return (Fix("extend_grant", source.grant_id, level=level), *grants)
        case Code.NOT_YET_VALID:
            return (Fix("wait", source.grant_id, moment=source.shape.since), *grants)
        case Code.CONDITION:
            conditions = _conditions(world.policy, entry, permission, source)
            return (Fix("meet_condition", source.grant_id, conditions=conditions), *grants)
        case _:
            return grants


def _level_of(world: World, grant: Grant) -> int:
    shape = grant.shape
    if shape.is_role:
        return world.policy.level(grant.target)
    if shape.is_denial:
        return world.policy.level_of(grant.target, 0, 0)
    scope = ALL if shape.scope is None else shape.scope
    clearance = RESTRICTED if shape.clearance is None else shape.clearance
    return world.policy.level_of(grant.target, scope, clearance)


def _conditions(
    policy: Policy, entry: Entry, permission: str, grant: Grant
) -> tuple[Condition, ...]:
    for way in ways_of(policy, entry, permission):
        if entry.grant_of(way) is grant and way.more is not None and way.more.conditions:
            return way.more.conditions
    return ()


def _to_give(
    world: World, entry: Entry, subject: str, permission: str, record: Record | None
) -> tuple[Fix, ...]:
    """Return the roles with the least power that would allow it, then the permission by itself."""
    policy = world.policy
    scope, clearance = 0, 0
    if record is not None:
        clearance = record.rank
        scope = narrowest(world, entry, subject, record).rank
    able = [
        (policy.level(name), len(table), name)
        for name, table in policy.allowed.items()
        if any(
            way.scope >= scope and way.clearance >= clearance and way.more is None
            for way in table.get(permission, ())
        )
    ]
    roles = [Fix("give_role", role=name, level=level) for level, _, name in sorted(able)]
    alone = Fix(
        "give_permission", scope=_SCOPES[scope], clearance=_CLEARANCES[clearance],
        level=policy.level_of(permission, scope, clearance),
    )  # fmt: skip
    return (*roles[:MOST_ROLES], alone)
