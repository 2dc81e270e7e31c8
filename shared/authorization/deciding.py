"""One question, one answer in microseconds: allowed or not, the reason, its source, how fresh.

The order is: whether whoever acts as the subject may, stale, behind, unknown or inactive subject,
unknown permission, parked, denied, no grant, then each way for itself, then separation of duties,
then the nearest miss. A check never raises: whatever fails is denied, and counted in the world's
troubles.
"""

from typing import Final

from shared.authorization.acting import (
    ACTING,
    acting_as,
    is_for_the_own_name,
    level_held,
    level_reached,
)
from shared.authorization.allowances import Allowance, More
from shared.authorization.codes import NEAREST, Code
from shared.authorization.compiling import Denial, Entry, ways_of
from shared.authorization.first_ways import REACHES, TO_BE_JUDGED
from shared.authorization.general import could_hold, must_hold
from shared.authorization.membership import lies_under
from shared.authorization.questions import PLAINLY, Circumstances, Record, facts_of
from shared.authorization.state import ALL, RESTRICTED, Grant
from shared.authorization.truth import NO_FACTS, Facts
from shared.authorization.world import World

Source = Grant | str | None
"""The grant that allows or denies, or the rule that keeps duties apart."""
Answer = tuple[bool, Code, Source, int, float]
"""Allowed, why, by what, and the replica's position and age in seconds."""

ALLOWED: Final = Code.ALLOWED
SEPARATED: Final = Code.SEPARATION_OF_DUTIES
_SUBJECT: Final = "subject"
_OWN: Final = 0
_TEAM: Final = 1


def decide(
    world: World,
    subject: str,
    permission: str,
    record: Record | None,
    now: int,
    age: float,
    around: Circumstances = PLAINLY,
) -> Answer:
    """Return the answer; blocks on nothing and never raises.

    Args:
        world: the replica's current world.
        subject: who asks.
        permission: `<resource type>:<action>`.
        record: on what. None asks whether there may be any at all: a way in, never a proof for
            one record; records are then looked at one by one, or by the row filter.
        now: the checker's own clock, in microseconds since 1970.
        age: how many seconds old the world may be at most, by the replica's reckoning.
        around: what else is known.
    """
    try:
        if age <= world.limits.get(permission, world.strictest) and around.wanted <= world.position:
            entry = world.entries.get(subject)
            if entry is None:
                # Compiled before it is looked into: the source told must not depend on who asked
                # first.
                entry = world.entry(subject)
            if entry is not None and record is not None and around.actor is None:
                owner, rank = record.owner, record.sensitivity
                rank = RESTRICTED if rank is None else rank
                place, row = world.places.get(permission), entry.first
                # What needs no more than a plain way is answered here; the rest is judged in full.
                if place is not None and (way := row[place]) != TO_BE_JUDGED:
                    scope, clearance = REACHES[way]
                    if rank <= clearance and (
                        scope == ALL
                        or owner == subject
                        or reaches(world, entry, subject, scope, owner)
                    ):
                        return True, ALLOWED, entry.grants[row[place + 1]], world.position, age
                    by = _by_another(world, entry, subject, permission, owner, rank)
                    if by is not None:
                        return True, ALLOWED, by, world.position, age
        code, source = _judged(world, subject, permission, record, now, age, around)
    except Exception as error:  # noqa: BLE001 - a check never raises: it denies, and is counted
        world.troubles.note(error)
        return False, Code.ERROR, None, world.position, age
    return code is ALLOWED, code, source, world.position, age


def _by_another(
    world: World, entry: Entry, subject: str, permission: str, owner: str | None, rank: int
) -> Grant | None:
    """Return the grant of the first plain way that allows it; of roles that overlap."""
    for way in entry.own.get(permission, ()):
        if (
            way.more is None
            and rank <= way.clearance
            and reaches(world, entry, subject, way.scope, owner)
        ):
            return entry.grant_of(way)
    return None


def reaches(world: World, entry: Entry, subject: str, scope: int, owner: str | None) -> bool:
    """Say whether a record of this owner lies within the subject's scope.

    A wider scope reaches all that a narrower one does, also teammates of another department:
    else a cap that takes away from a grant could add to it.
    """
    if scope == ALL:
        return True
    if owner is None:
        return False
    if owner == subject:
        return True
    other = world.subjects.get(owner) if scope != _OWN else None
    if other is None:
        return False
    mine = entry.subject
    if not mine.teams.isdisjoint(other.teams):
        return True
    if scope == _TEAM or mine.department is None or other.department is None:
        return False
    return lies_under(other.department, mine.department)


Judged = tuple[Code, Source]


def gate(
    world: World, subject: str, permission: str, now: int, age: float, around: Circumstances
) -> tuple[Code | None, Entry | None]:
    """Return why nothing at all is allowed, or the entry to look into."""
    if not age <= world.limits.get(permission, world.strictest):
        return Code.STALE, None
    if around.wanted > world.position:
        return Code.BEHIND, None
    refused = _acting_refused(world, around.actor, subject, permission, now, age)
    if refused is not None:
        return refused, None
    entry = world.entry(subject)
    if entry is None:
        return Code.UNKNOWN_SUBJECT, None
    if not entry.is_active:
        return Code.INACTIVE_SUBJECT, None
    if permission not in world.limits:
        return Code.UNKNOWN_PERMISSION, None
    if entry.is_parked:
        return Code.PARKED, None
    return None, entry


def _acting_refused(
    world: World, actor: str | None, subject: str, permission: str, now: int, age: float
) -> Code | None:
    """Return why this actor may not do this as the subject; None if it is the subject's to say."""
    if actor is None:
        return None
    whole = world.policy.classes.get(_SUBJECT, {}).get("*")
    target = Record(_SUBJECT, subject, subject, None if whole is None else whole.data_class)
    allowed, code, *_ = decide(world, actor, ACTING, target, now, age)
    if code in {Code.STALE, Code.PARKED, Code.ERROR}:  # whoever acts is not at fault
        return code
    mine, its = world.subjects.get(actor), world.subjects.get(subject)
    acting = None if mine is None else acting_as(mine, subject, now)
    if not allowed or mine is None or its is None or acting is None:
        return Code.ACTING_OVER
    if is_for_the_own_name(world.policy, permission):
        return Code.IN_THE_OWN_NAME
    level = min(acting.level, level_held(world.policy, mine, now))
    return Code.ABOVE_ACTOR if level_reached(world.policy, its, now) > level else None


def is_denied(denial: Denial, record: Record | None, now: int, facts: Facts) -> bool:
    """Say whether a denial holds; a condition that is unknown denies."""
    more = denial.more
    if more is None:
        return True
    if not more.since <= now < more.until:
        return False
    if more.records is not None and (record is None or record.id not in more.records):
        return False
    if record is None:
        return must_hold(more.conditions, facts) is not False
    return more.predicate is None or more.predicate(facts) is not False


def miss(
    world: World, entry: Entry, subject: str, way: Allowance, record: Record | None, now: int,
    facts: Facts,
) -> Code | None:  # fmt: skip
    """Return why one way does not allow it; None if it does.

    Of several reasons the one that is furthest from an allowance: whoever mends a nearer one alone
    would still be refused.
    """
    if record is not None:
        if not reaches(world, entry, subject, way.scope, record.owner):
            return Code.OUT_OF_SCOPE
        if (
            way.more is not None
            and way.more.records is not None
            and record.id not in way.more.records
        ):
            return Code.OUT_OF_SCOPE
        if record.rank > way.clearance:
            return Code.SENSITIVITY
    return None if way.more is None else _miss_of_more(way.more, record, now, facts)


def _miss_of_more(more: More, record: Record | None, now: int, facts: Facts) -> Code | None:
    if record is None:
        if not could_hold(more.conditions, facts):
            return Code.CONDITION
    elif more.predicate is not None and more.predicate(facts) is not True:
        return Code.CONDITION
    if now < more.since:
        return Code.NOT_YET_VALID
    return Code.EXPIRED if now >= more.until else None


def _judged(
    world: World, subject: str, permission: str, record: Record | None, now: int, age: float,
    around: Circumstances,
) -> Judged:  # fmt: skip
    refused, entry = gate(world, subject, permission, now, age, around)
    if refused is not None or entry is None:
        return refused or Code.ERROR, None
    ways = ways_of(world.policy, entry, permission)
    denials = entry.denied.get(permission, ())
    if denials:
        facts = facts_of(subject, entry.subject, record, around)
        for denial in denials:
            if is_denied(denial, record, now, facts):
                return Code.DENIED, denial.grant
    if not ways:
        return (Code.PARKED if entry.has_parked_role else Code.NO_GRANT), None
    return _by_ways(world, entry, subject, permission, ways, record, now, around)


def _by_ways(
    world: World,
    entry: Entry,
    subject: str,
    permission: str,
    ways: tuple[Allowance, ...],
    record: Record | None,
    now: int,
    around: Circumstances,
) -> Judged:
    nearest, by, facts = Code.OUT_OF_SCOPE, ways[0], NO_FACTS
    for way in ways:
        if way.more is not None and facts is NO_FACTS:
            facts = facts_of(subject, entry.subject, record, around)
        code = miss(world, entry, subject, way, record, now, facts)
        if code is None:
            rule = met_duty(world, entry, subject, permission, record, now, around)
            found = entry.grant_of(way)
            return (ALLOWED, found) if rule is None else (SEPARATED, rule)
        if NEAREST[code] < NEAREST[nearest]:
            nearest, by = code, way
    return nearest, entry.grant_of(by)


def met_duty(
    world: World, entry: Entry, subject: str, permission: str, record: Record | None, now: int,
    around: Circumstances,
) -> str | None:  # fmt: skip
    """Return the rule that keeps this use apart from what the same hands did on the record."""
    if record is None:
        return None
    hands = {subject, around.actor}
    for rule, others in world.policy.duties.get(permission, ()):
        if entry.subject.exceptions.get(rule, now) > now:
            continue
        deeds = around.deeds
        if deeds is None or any(not hands.isdisjoint(deeds.get(one, ())) for one in others):
            return rule
    return None
