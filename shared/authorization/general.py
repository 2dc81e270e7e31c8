"""What a condition is worth before any record is looked at: whether some record could meet it.

Only comparisons with the record are left open; what is missing elsewhere stays unknown, so that
no check without a record goes around a condition on the subject or the circumstances.
"""

from functools import lru_cache

from shared.authorization.conditions import AllOf, AnyOf, Comparison, Condition, Not
from shared.authorization.truth import Facts, Predicate, predicate_of

_RECORD = "resource."
_TRUE = AllOf(())
_FALSE = AnyOf(())


def could_hold(conditions: tuple[Condition, ...], facts: Facts) -> bool:
    """Say whether the conditions hold for some record."""
    return _open_for(conditions, wanted=True)(facts) is True


def must_hold(conditions: tuple[Condition, ...], facts: Facts) -> bool | None:
    """Say whether the conditions hold whatever the record is; None: unknown."""
    return _open_for(conditions, wanted=False)(facts)


def may_hold(conditions: tuple[Condition, ...], facts: Facts) -> bool:
    """Say whether the conditions may hold for some record; what is unknown may."""
    return _open_for(conditions, wanted=True)(facts) is not False


@lru_cache(maxsize=4_096)
def _open_for(conditions: tuple[Condition, ...], *, wanted: bool) -> Predicate:
    return predicate_of(AllOf(tuple(_opened(one, wanted) for one in conditions)))


def _opened(condition: Condition, wanted: bool) -> Condition:
    match condition:
        case AllOf(conditions):
            return AllOf(tuple(_opened(one, wanted) for one in conditions))
        case AnyOf(conditions):
            return AnyOf(tuple(_opened(one, wanted) for one in conditions))
        case Not(one):
            return Not(_opened(one, not wanted))
        case Comparison(attribute, _, _, to):
            is_of_record = attribute.startswith(_RECORD) or (to or "").startswith(_RECORD)
            return (_TRUE if wanted else _FALSE) if is_of_record else condition
