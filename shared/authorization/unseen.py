"""What is told about a record that whoever asks may not see: the same whether it is there or not.

Of the record only the id counts, which the asker sent, and how secret the policy says its type is.
Whose it is and what it is like stay open; where they would decide, the answer is that they do.
"""

from dataclasses import replace
from typing import Final

from shared.authorization.allowances import Allowance
from shared.authorization.codes import NEAREST, Code
from shared.authorization.compiling import Denial, ways_of
from shared.authorization.deciding import Answer, Source, gate, met_duty
from shared.authorization.explaining import Explanation, Fix, considered_way, to_mend
from shared.authorization.general import could_hold, may_hold, must_hold
from shared.authorization.questions import PLAINLY, Circumstances, Record, facts_of
from shared.authorization.state import ALL
from shared.authorization.truth import Facts
from shared.authorization.world import World

_CLEARLY: Final = None
"""It allows, whatever the record is; or it denies nothing."""
_OPEN: Final = frozenset({_CLEARLY, Code.WITHHELD})
"""It allows, or the record would say whether it does."""


def decide_unseen(
    world: World,
    subject: str,
    permission: str,
    record: Record,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> Answer:
    """Return what holds whatever the record is, else WITHHELD; arguments as in `decide`.

    Of the record only type, id and sensitivity are looked at.
    """
    code, source = _judged(world, subject, permission, record, now, age, around)
    return code is Code.ALLOWED, code, source, world.position, age


def explain_unseen(
    world: World,
    subject: str,
    permission: str,
    record: Record,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> Explanation:
    """Return why, as far as it is sure whatever the record is; arguments as in `decide_unseen`."""
    answer = decide_unseen(world, subject, permission, record, now, age, around)
    entry = world.entry(subject)
    if entry is None:
        return to_mend(world, subject, permission, record, answer, ())
    facts = facts_of(subject, entry.subject, None, around)
    considered = tuple(
        considered_way(entry, way, _miss(way, record, now, facts))
        for way in ways_of(world.policy, entry, permission)
    )
    if answer[1] is Code.WITHHELD:
        return Explanation(answer, considered, (Fix("ask_who_may_see_it"),))
    return to_mend(world, subject, permission, record, answer, considered)


def as_refused(
    world: World, subject: str, permission: str, record: Record, told: Explanation
) -> Explanation:
    """Return what is told to somebody of whom it is known that nothing they have reaches it."""
    if told.answer[1] is not Code.WITHHELD:
        return told
    considered = tuple(
        replace(one, code=Code.OUT_OF_SCOPE) if one.code in _OPEN else one
        for one in told.considered
    )
    answer = (False, Code.OUT_OF_SCOPE, None, *told.answer[3:])
    return to_mend(world, subject, permission, record, answer, considered)


def _judged(
    world: World, subject: str, permission: str, record: Record, now: int, age: float,
    around: Circumstances,
) -> tuple[Code, Source]:  # fmt: skip
    refused, entry = gate(world, subject, permission, now, age, around)
    if refused is not None or entry is None:
        return refused or Code.ERROR, None
    facts = facts_of(subject, entry.subject, None, around)
    denials = [
        (_denies(one, record, now, facts), one.grant) for one in entry.denied.get(permission, ())
    ]
    denied = next((grant for code, grant in denials if code is Code.DENIED), None)
    if denied is not None:
        return Code.DENIED, denied
    is_sure = all(code is _CLEARLY for code, _ in denials)
    ways = [
        (_miss(one, record, now, facts), one) for one in ways_of(world.policy, entry, permission)
    ]
    if not ways:
        return (Code.PARKED if entry.has_parked_role else Code.NO_GRANT), None
    by = next((way for code, way in ways if code is _CLEARLY), None)
    if by is not None and is_sure:
        rule = met_duty(world, entry, subject, permission, record, now, around)
        found = entry.grant_of(by)
        return (Code.ALLOWED, found) if rule is None else (Code.SEPARATION_OF_DUTIES, rule)
    if any(code in _OPEN for code, _ in ways):
        return Code.WITHHELD, None
    nearest, by = min(ways, key=lambda one: NEAREST[one[0] or Code.OUT_OF_SCOPE])
    return nearest or Code.ERROR, entry.grant_of(by)


def _denies(denial: Denial, record: Record, now: int, facts: Facts) -> Code | None:
    more = denial.more
    if more is None:
        return Code.DENIED
    if not more.since <= now < more.until:
        return _CLEARLY
    if more.records is not None and record.id not in more.records:
        return _CLEARLY
    if must_hold(more.conditions, facts) is not False:
        return Code.DENIED
    return Code.WITHHELD if may_hold(more.conditions, facts) else _CLEARLY


def _miss(way: Allowance, record: Record, now: int, facts: Facts) -> Code | None:
    more = way.more
    if more is not None and more.records is not None and record.id not in more.records:
        return Code.OUT_OF_SCOPE
    if record.rank > way.clearance:
        return Code.SENSITIVITY
    if more is not None:
        if not could_hold(more.conditions, facts):
            return Code.CONDITION
        if now < more.since:
            return Code.NOT_YET_VALID
        if now >= more.until:
            return Code.EXPIRED
        if must_hold(more.conditions, facts) is not True:
            return Code.WITHHELD
    return _CLEARLY if way.scope == ALL else Code.WITHHELD
