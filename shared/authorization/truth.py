"""What a condition is worth for given facts: true, false, or unknown.

A comparison with a missing attribute, or with one of another type, is unknown, also for `ne` and
`not_in` and inside `not`; `present` and `absent` know, but for what is sealed. An allowance needs
true; a denial holds unless it is false.
"""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from types import MappingProxyType
from typing import Any, Final

from shared.authorization.conditions import AllOf, AnyOf, Comparison, Condition, Not

Facts = Mapping[str, Mapping[str, object]]
"""subject, resource, action, context → its attributes by name; a missing root knows nothing."""
Predicate = Callable[[Facts], bool | None]
"""True, false, or None: unknown."""

SEALED: Final = object()
"""The value of an attribute that may be there and cannot be read here: all of it is unknown."""
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
NO_FACTS: Final[Facts] = MappingProxyType({})
"""Where no condition looks at any."""
_DIRECT: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType({"eq": eq, "ne": ne})
_ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {"lt": lt, "le": le, "gt": gt, "ge": ge}
)
_COMPARABLE: Final = (str, int, bool)
_ORDERABLE: Final = (str, int)


def evaluate(condition: Condition, facts: Facts) -> bool | None:
    """Return what the condition is worth; compile it once instead where it is asked often."""
    return predicate_of(condition)(facts)


def predicate_of(condition: Condition) -> Predicate:
    """Return the condition as a function of the facts; it raises for no facts of any type."""
    match condition:
        case AllOf(conditions):
            return _all_of(tuple(predicate_of(one) for one in conditions))
        case AnyOf(conditions):
            return _any_of(tuple(predicate_of(one) for one in conditions))
        case Not(one):
            return _not(predicate_of(one))
        case Comparison():
            return _comparison(condition)


def compared(relation: str, left: object, right: object) -> bool | None:
    """Return what one comparison of two values is worth; None among them is a missing attribute."""
    if relation in _DIRECT:
        return _same_type(_DIRECT[relation], _COMPARABLE, left, right)
    if relation in _ORDERED:
        return _same_type(_ORDERED[relation], _ORDERABLE, left, right)
    if relation == "contains":
        return _is_in(right, left)
    is_in = _is_in(left, right)
    return is_in if relation == "in" or is_in is None else not is_in


def presence(value: object, *, wanted: bool) -> bool | None:
    """Return what it is worth that a value is there, or (not `wanted`) is missing."""
    return None if value is SEALED else (value is not None) is wanted


def _all_of(predicates: tuple[Predicate, ...]) -> Predicate:
    def predicate(facts: Facts) -> bool | None:
        worth: bool | None = True
        for one in predicates:
            this = one(facts)
            if this is False:
                return False
            if this is None:
                worth = None
        return worth

    return predicate


def _any_of(predicates: tuple[Predicate, ...]) -> Predicate:
    def predicate(facts: Facts) -> bool | None:
        worth: bool | None = False
        for one in predicates:
            this = one(facts)
            if this:
                return True
            if this is None:
                worth = None
        return worth

    return predicate


def _not(inner: Predicate) -> Predicate:
    def predicate(facts: Facts) -> bool | None:
        worth = inner(facts)
        return None if worth is None else not worth

    return predicate


def _comparison(condition: Comparison) -> Predicate:
    relation, value = condition.relation, condition.value
    root, _, name = condition.attribute.partition(".")
    if relation in {"present", "absent"}:
        wanted = relation == "present"
        return lambda facts: presence(facts.get(root, _NOTHING).get(name), wanted=wanted)
    if condition.to is None:
        return lambda facts: compared(relation, facts.get(root, _NOTHING).get(name), value)
    to_root, _, to_name = condition.to.partition(".")
    return lambda facts: compared(
        relation,
        facts.get(root, _NOTHING).get(name),
        facts.get(to_root, _NOTHING).get(to_name),
    )


def _same_type(
    holds: Callable[[Any, Any], bool], types: tuple[type, ...], left: object, right: object
) -> bool | None:
    # type() and not isinstance: True would be 1.
    if type(left) is not type(right) or type(left) not in types:
        return None
    return holds(left, right)


def _is_in(one: object, many: object) -> bool | None:
    """Say whether the value is in the list; in a list of other types it is unknown."""
    if type(one) not in _COMPARABLE or not isinstance(many, list | tuple):
        return None
    there = [each for each in many if each is not None]
    alike = [each for each in there if type(each) is type(one)]
    return None if there and not alike else one in alike
