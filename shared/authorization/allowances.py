"""One way in which somebody is allowed something, and which ways say nothing that others do not.

A way allows only what it satisfies alone: never one way's scope with another's clearance.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from shared.authorization.conditions import AllOf, Condition
from shared.authorization.state import ALWAYS, FOREVER
from shared.authorization.truth import Predicate, predicate_of


class More(NamedTuple):
    """What else must hold; most ways have none of it."""

    since: int
    until: int
    records: frozenset[str] | None
    conditions: tuple[Condition, ...]
    predicate: Predicate | None


class Allowance(NamedTuple):
    """So far, so secret, by this source (a role given plainly, or a grant's id), and no more."""

    scope: int
    clearance: int
    source: str
    more: More | None


Allowances = tuple[Allowance, ...]


@lru_cache(maxsize=65_536)
def more_of(
    since: int = ALWAYS,
    until: int = FOREVER,
    records: frozenset[str] | None = None,
    conditions: tuple[Condition, ...] = (),
) -> More | None:
    """Return what else must hold, one object for all that say the same; None if nothing must."""
    if since == ALWAYS and until == FOREVER and records is None and not conditions:
        return None
    return More(since, until, records, conditions, _together(conditions))


def pareto(ways: Iterable[Allowance]) -> Allowances:
    """Return the ways without those that another, or an earlier equal one, implies in full."""
    kept: list[Allowance] = []
    for way in ways:
        if not any(_implies(one, way) for one in kept):
            kept = [one for one in kept if not _implies(way, one)]
            kept.append(way)
    return tuple(kept)


def merged(one: Allowances, other: Allowances) -> Allowances:
    """Return the ways of both, as an object that is shared with others wherever it can be."""
    if len(one) == len(other) == 1:
        if _implies(one[0], other[0]):
            return one
        if _implies(other[0], one[0]):
            return other
    return _merged(one, other)


@lru_cache(maxsize=65_536)
def _merged(one: Allowances, other: Allowances) -> Allowances:
    both = pareto((*one, *other))
    return next((ways for ways in (one, other) if ways == both), both)


def _implies(one: Allowance, other: Allowance) -> bool:
    if one.scope < other.scope or one.clearance < other.clearance:
        return False
    mine, its = one.more, other.more
    if mine is None:
        return True
    if its is None:
        return False
    return (
        mine.since <= its.since
        and mine.until >= its.until
        and (mine.records is None or (its.records is not None and mine.records >= its.records))
        and set(mine.conditions) <= set(its.conditions)
    )


@lru_cache(maxsize=4_096)
def _together(conditions: tuple[Condition, ...]) -> Predicate | None:
    if not conditions:
        return None
    return predicate_of(conditions[0] if len(conditions) == 1 else AllOf(conditions))
