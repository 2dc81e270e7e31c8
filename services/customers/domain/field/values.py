"""A value of a custom field is stored only in the one form that its declaration allows."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.customers.domain.field.events import FieldType
from services.customers.domain.field.rules import Field, Fields
from shared.errors import WrongField
from shared.given import Lines

LONGEST_TEXT: Final = 2_000
MOST_DIGITS: Final = 38
# A JSON number with more digits may have lost some on its way; as text it has not.
EXACT_DIGITS: Final = 15
NUMBER = re.compile(r"[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LINES: Final = TypeAdapter(Lines)

Value = str | bool | tuple[str, ...]
"""text, number (decimal text), date (ISO 8601), choice · boolean · choices."""
Given = Mapping[str, object]


class ValueRefusedError(ValueError):
    """One value that its field cannot have."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True, slots=True)
class CheckedValues:
    """The values as they are stored (None: cleared), or everything that is wrong with them."""

    values: Mapping[str, Value | None]
    problems: tuple[WrongField, ...]


def check_values(
    declarations: Fields,
    given: Given,
    *,
    registering: bool,
    present: Mapping[str, object] | None = None,
) -> CheckedValues:
    """Return the values in their stored form, or every problem with the field and its fix.

    Args:
        declarations: every declared field.
        given: what the caller sent, by the field's name; null clears a value.
        registering: whether a required field that is not given is missing.
        present: what the customer has now. The same again is never refused, so that a customer
            can be sent back whole although a field was retired or a choice taken away.
    """
    values: dict[str, Value | None] = {}
    problems: list[WrongField] = []
    for name, value in given.items():
        where = f"custom.{name[:60]}"
        try:
            values[name] = _checked(declarations.get(name), value, (present or {}).get(name))
        except ValueRefusedError as error:
            problems.append(WrongField(where, error.problem, error.fix))
    if registering:
        problems += [
            WrongField(f"custom.{field.name}", "is missing", f"Add it ({_like(field)}).")
            for field in declarations.values()
            if field.is_required and not field.is_retired and given.get(field.name) is None
        ]
    return CheckedValues(values, tuple(dict.fromkeys(problems)))


def _checked(field: Field | None, value: object, present: object) -> Value | None:
    if field is None:
        raise ValueRefusedError("is not declared", "See `daybook fields list` (GET /v1/fields).")
    if value is None:
        if field.is_required and not field.is_retired:
            raise ValueRefusedError("is missing", f"Add it ({_like(field)}).")
        return None
    if present is not None and _is_same(value, present):
        return tuple(present) if isinstance(present, list | tuple) else present  # type: ignore[return-value]
    if field.is_retired:
        raise ValueRefusedError("is retired", "Leave it out, or have the field reinstated.")
    return _CHECKS[field.type](field, value)


def _is_same(value: object, present: object) -> bool:
    if isinstance(value, list | tuple) and isinstance(present, list | tuple):
        return list(value) == list(present)
    return type(value) is type(present) and value == present


def _text(_field: Field, value: object) -> str:
    try:
        text = LINES.validate_python(value)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False)[0].get("ctx", {})
        raise ValueRefusedError(
            told.get("problem", "must be text"), told.get("fix", "Send it in quotation marks.")
        ) from None
    if not text:
        raise ValueRefusedError("is blank", "Send null to clear it.")
    if len(text) > LONGEST_TEXT:
        raise ValueRefusedError("is too long", f"Send at most {LONGEST_TEXT} characters.")
    return text


def _number(field: Field, value: object) -> str:
    """Return a number as decimal text without exponent, leading zeros and trailing ones."""
    written = _written(value)
    if written is None or not NUMBER.fullmatch(written):
        raise ValueRefusedError("is not a number", f"Send it like {_like(field)}.")
    sign, digits = ("-" if written[0] == "-" else ""), written.lstrip("+-")
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    if len(whole) + len(fraction) > MOST_DIGITS:
        raise ValueRefusedError("has too many digits", f"Send at most {MOST_DIGITS}.")
    number = (whole or "0") + ("." + fraction if fraction else "")
    return number if number == "0" else sign + number


def _written(value: object) -> str | None:
    match value:
        case bool():
            return None
        case int():
            # Python refuses to write out a number of thousands of digits, and so do we.
            return str(value) if abs(value) < 10 ** (MOST_DIGITS + 1) else "9" * (MOST_DIGITS + 1)
        case float():
            return _exactly(value)
        case str():
            return value.strip()
        case _:
            return None


def _exactly(value: float) -> str | None:
    """Return a JSON number with a fraction as its sender wrote it."""
    number = Decimal(repr(value))
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        return None
    if len(number.as_tuple().digits) > EXACT_DIGITS:
        raise ValueRefusedError(
            "may have lost digits on its way", "Send it as text, in quotation marks."
        )
    return format(number, "f")


def _date(field: Field, value: object) -> str:
    if isinstance(value, str) and DATE.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            pass  # It has the form of a day, and there is none of that name.
    raise ValueRefusedError("is not a day", f"Send it like {_like(field)}.")


def _boolean(field: Field, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueRefusedError("must be true or false", f"Send {_like(field)}.")
    return value


def _choice(field: Field, value: object) -> str:
    if not isinstance(value, str) or value not in field.choices:
        raise ValueRefusedError("is not one of the choices", f"Send {_like(field)}.")
    return value


def _choices(field: Field, value: object) -> tuple[str, ...]:
    """Return the chosen ones, each once, in the order of the declaration."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueRefusedError("must be a list", "Send a JSON list: […], or null to clear it.")
    if any(not isinstance(one, str) or one not in field.choices for one in value):
        raise ValueRefusedError("holds what is none of the choices", f"Send of {_like(field)}.")
    return tuple(choice for choice in field.choices if choice in value)


def _like(field: Field) -> str:
    """Return what a value looks like; a choice is part of the declaration and may be shown."""
    if field.choices:
        few, more = field.choices[:10], len(field.choices) > 10  # noqa: PLR2004 - a sentence's
        return ", ".join(few) + (", …" if more else "")
    return _EXAMPLES[field.type]


_EXAMPLES: Final[Mapping[FieldType, str]] = {
    "text": "text",
    "number": '"12.5"',
    "date": "2026-01-31",
    "boolean": "true or false",
}
_CHECKS: Final[Mapping[FieldType, Callable[[Field, object], Value]]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
}
