"""What an event says is read tolerantly: unknown members are ignored, a wrong one parks the event.

Everything here raises ValueError, KeyError or TypeError (or InvalidInputError, for a condition)
for what cannot be read; the fold then makes the subject or role deny.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal

from shared.authorization.conditions import parse_condition
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.authorization.state import (
    ALWAYS,
    FOREVER,
    PLAIN,
    FieldClass,
    RoleAllowance,
    Rule,
    Shape,
)

Data = Mapping[str, Any]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SCOPES: Final = {scope.value: scope.rank for scope in Scope}
_CLEARANCES: Final = {clearance.value: clearance.rank for clearance in Clearance}
_RISKS: Final = frozenset(risk.value for risk in Risk)


def moment(when: datetime) -> int:
    """Return microseconds since 1970 of an aware time, exactly."""
    return (when - _EPOCH) // _MICROSECOND


def moment_of(text: object, absent: int) -> int:
    """Return the moment that ISO 8601 text with an offset says; None says `absent`."""
    if text is None:
        return absent
    when = datetime.fromisoformat(_text(text))
    if when.tzinfo is None:
        raise ValueError("a moment without an offset")
    return moment(when)


def scope_of(word: object) -> int:
    """Return the rank of a scope's name."""
    return _SCOPES[_text(word)]


def clearance_of(word: object) -> int:
    """Return the rank of a clearance's or data class's name."""
    return _CLEARANCES[_text(word)]


def risk_of(word: object) -> str:
    """Return the risk's name if it is one."""
    if word not in _RISKS:
        raise ValueError("no such risk")
    return _text(word)


def text_in(data: Data, name: str) -> str:
    """Return a member that must be there and must be text."""
    return _text(data[name])


def optional_text(value: object) -> str | None:
    """Return text or None, nothing else."""
    return None if value is None else _text(value)


def texts(value: object) -> tuple[str, ...]:
    """Return a list of texts."""
    if not isinstance(value, list | tuple):
        raise TypeError("not a list")
    return tuple(_text(one) for one in value)


def members(value: object) -> Data:
    """Return an object's members; none where it is absent."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return value


def shape_of(data: Data) -> Shape:
    """Return what a grant is, whether of a role or of a permission."""
    is_role = "role" in data and data["role"] is not None
    effect = data.get("effect", "allow")
    if effect not in {"allow", "deny"}:
        raise ValueError("no such effect")
    scope, clearance = data.get("scope"), data.get("clearance")
    records, condition = data.get("records"), data.get("condition")
    return same(
        Shape(
            is_role,
            effect == "deny",
            None if scope is None else scope_of(scope),
            None if clearance is None else clearance_of(clearance),
            None if records is None else frozenset(texts(records)),
            moment_of(data.get("from"), ALWAYS),
            moment_of(data.get("until"), FOREVER),
            None if condition is None else parse_condition(condition),
        )
    )


@lru_cache(maxsize=65_536)
def same(shape: Shape) -> Shape:
    """Return the one object that stands for all shapes equal to this."""
    return PLAIN if shape == PLAIN else shape


def role_allowance(data: object) -> RoleAllowance:
    """Return one allowance of a role."""
    given = members(data)
    condition = given.get("condition")
    return RoleAllowance(
        scope_of(given["scope"]),
        clearance_of(given["clearance"]),
        None if condition is None else parse_condition(condition),
    )


def field_class(data: Data) -> FieldClass:
    """Return how a field is classed; without a word, what is withheld is left out."""
    otherwise: Literal["mask", "omit"] = "mask" if data.get("otherwise") == "mask" else "omit"
    return FieldClass(clearance_of(data["data_class"]), otherwise)


def rule_of(data: Data) -> Rule:
    """Return a rule of separation of duties."""
    kind = text_in(data, "kind")
    if kind not in {"static", "dynamic"}:
        raise ValueError("no such kind of rule")
    return Rule(kind, texts(data["first"]), texts(data["second"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
