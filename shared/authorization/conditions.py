"""A condition on a grant is one of a small closed set of comparisons, and can always be decided.

As JSON: {"all": […]}, {"any": […]}, {"not": …}, or one comparison {"attribute":
"resource.status", "is": "eq", "value": "open"}, with "to": "subject.email" instead of a value.
It is bounded in depth and size, so that no grant can make a check slow.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from shared.errors import InvalidInputError

Relation = Literal[
    "eq", "ne", "in", "not_in", "lt", "le", "gt", "ge", "present", "absent", "contains"
]
Literally = str | int | bool
"""What is compared with: text, a whole number, true or false; never one with another type."""
ROOTS: Final = ("subject", "resource", "action", "context")
RELATIONS: Final = frozenset(get_args(Relation))
ORDERED: Final = frozenset({"lt", "le", "gt", "ge"})
LISTED: Final = frozenset({"in", "not_in"})
ALONE: Final = frozenset({"present", "absent"})

DEEPEST: Final = 8
MOST_COMPARISONS: Final = 50
LONGEST_LIST: Final = 100
LONGEST_TEXT: Final = 200
LARGEST_NUMBER: Final = 2**63 - 1
_ATTRIBUTE: Final = re.compile(r"(subject|resource|action|context)\.[A-Za-z_][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One attribute beside a literal, a list of literals or another attribute (`to`).

    Two are equal when their values are, type and all: Python alone holds 1 and True equal.
    """

    attribute: str
    relation: Relation
    value: Literally | tuple[Literally, ...] | None = None
    to: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Comparison) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every one is; of none, true."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one is; of none, false."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """True when the other is false; unknown stays unknown."""

    condition: "Condition"


Condition = Comparison | AllOf | AnyOf | Not


def parse_condition(document: object, field: str = "condition") -> Condition:
    """Return the condition that the JSON document says.

    Args:
        document: as it comes from JSON.
        field: where the document stands, for the error.

    Raises:
        InvalidInputError: it says something else, too deep or too much; names the place and the
            fix.
    """
    comparisons = [0]
    condition = _condition(document, field, 1, comparisons)
    if comparisons[0] > MOST_COMPARISONS:
        raise _refused(
            f"has {comparisons[0]} comparisons", f"use at most {MOST_COMPARISONS}", field
        )
    return condition


def condition_document(condition: Condition) -> dict[str, object]:
    """Return the JSON document of a condition; parsed again, it is equal."""
    match condition:
        case AllOf(conditions):
            return {"all": [condition_document(one) for one in conditions]}
        case AnyOf(conditions):
            return {"any": [condition_document(one) for one in conditions]}
        case Not(one):
            return {"not": condition_document(one)}
        case Comparison(attribute, relation, value, to):
            compared: dict[str, object] = {"attribute": attribute, "is": relation}
            if to is not None:
                compared["to"] = to
            elif value is not None:
                compared["value"] = list(value) if isinstance(value, tuple) else value
            return compared


def attributes_of(condition: Condition) -> frozenset[str]:
    """Return every attribute that the condition looks at, for example resource.status."""
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            return frozenset().union(*(attributes_of(one) for one in conditions))
        case Not(one):
            return attributes_of(one)
        case Comparison(attribute, _, _, to):
            return frozenset({attribute} if to is None else {attribute, to})


def _condition(document: object, at: str, depth: int, comparisons: list[int]) -> Condition:
    if depth > DEEPEST:
        raise _refused("is nested too deep", f"use at most {DEEPEST} levels", at)
    if not isinstance(document, Mapping):
        raise _refused("is not an object", 'give {"attribute": …, "is": …, "value": …}', at)
    for word in ("all", "any", "not"):
        if word in document:
            _only(document, {word}, at)
            return _combined(word, document[word], f"{at}.{word}", depth, comparisons)
    comparisons[0] += 1
    return _comparison(document, at)


def _combined(word: str, inner: object, at: str, depth: int, comparisons: list[int]) -> Condition:
    if word == "not":
        return Not(_condition(inner, at, depth + 1, comparisons))
    if not isinstance(inner, Sequence) or isinstance(inner, str) or not inner:
        raise _refused("is not a list of conditions", "give at least one condition", at)
    if len(inner) > MOST_COMPARISONS:
        raise _refused("is too long", f"use at most {MOST_COMPARISONS}", at)
    each = tuple(
        _condition(one, f"{at}[{number}]", depth + 1, comparisons)
        for number, one in enumerate(inner)
    )
    return AllOf(each) if word == "all" else AnyOf(each)


def _comparison(document: Mapping[object, object], at: str) -> Comparison:
    _only(document, {"attribute", "is", "value", "to"}, at)
    attribute = _attribute(document.get("attribute"), f"{at}.attribute")
    relation = document.get("is")
    if not isinstance(relation, str) or relation not in RELATIONS:
        raise _refused(
            "is no comparison", f"use one of {', '.join(get_args(Relation))}", f"{at}.is"
        )
    compared_with = [name for name in ("value", "to") if name in document]
    if relation in ALONE:
        if compared_with:
            raise _refused(f"says more than {relation}", "leave value and to out", at)
        return Comparison(attribute, relation)  # type: ignore[arg-type]
    if len(compared_with) != 1:
        raise _refused("does not say what it compares with", "give either value or to", at)
    if "to" in document:
        to = _attribute(document["to"], f"{at}.to")
        return Comparison(attribute, relation, to=to)  # type: ignore[arg-type]
    value = _value(relation, document["value"], f"{at}.value")
    return Comparison(attribute, relation, value)  # type: ignore[arg-type]


def _attribute(given: object, at: str) -> str:
    if isinstance(given, str) and _ATTRIBUTE.fullmatch(given):
        return given
    raise _refused(
        "is no attribute", f"give one of {', '.join(ROOTS)}, a dot and a name: resource.status", at
    )


def _value(relation: str, given: object, at: str) -> Literally | tuple[Literally, ...]:
    if relation not in LISTED:
        literal = _literal(given, at)
        if relation in ORDERED and isinstance(literal, bool):
            raise _refused("has no order", "compare true and false with eq or ne", at)
        return literal
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise _refused("is not a list", f"give a list of values for {relation}", at)
    if len(given) > LONGEST_LIST:
        raise _refused("is too long", f"use at most {LONGEST_LIST} values", at)
    values = tuple(_literal(one, f"{at}[{number}]") for number, one in enumerate(given))
    if len({type(one) for one in values}) > 1:
        raise _refused("mixes types", "give values of one type", at)
    return values


def _literal(given: object, at: str) -> Literally:
    match given:
        case bool():
            return given
        case int() if abs(given) <= LARGEST_NUMBER:
            return given
        case str() if len(given) <= LONGEST_TEXT and can_be_stored(given):
            return given
        case _:
            raise _refused(
                "is no value to compare with",
                f"give a text of at most {LONGEST_TEXT} characters, a whole number, true or false",
                at,
            )


def can_be_stored(text: str) -> bool:
    """Say whether PostgreSQL can hold it: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _only(document: Mapping[object, object], known: set[str], at: str) -> None:
    more = sorted(str(name) for name in document if name not in known)
    if more:
        raise _refused(
            f"has members that mean nothing here: {', '.join(more)[:LONGEST_TEXT]}",
            "leave them out",
            at,
        )


def _refused(problem: str, fix: str, at: str) -> InvalidInputError:
    return InvalidInputError(
        f"The condition {problem}.", field=at, fix=f"{fix[0].upper()}{fix[1:]}."
    )
