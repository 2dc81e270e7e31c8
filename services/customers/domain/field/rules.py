"""Custom fields: what may be declared and changed, and what each fact does to the declarations."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, assert_never

from services.customers.domain.field.commands import (
    ChangeField,
    DeclareField,
    FieldCommand,
    ReinstateField,
    RetireField,
)
from services.customers.domain.field.events import (
    FieldChanged,
    FieldDeclared,
    FieldEvent,
    FieldLabel,
    FieldReinstated,
    FieldRetired,
    FieldType,
    Sensitivity,
)
from shared.errors import InvalidInputError, NotFoundError, RuleBrokenError

MAX_FIELDS: Final = 100
MAX_CHOICES: Final = 100
LONGEST_NAME: Final = 40
NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}")
DECLARERS: Final = "whoever has the permission field:declare"
CHOOSING: Final[frozenset[FieldType]] = frozenset(("choice", "choices"))
CHANGEABLE: Final = ("label", "is_required", "choices", "sensitivity")


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field."""

    name: str
    label: FieldLabel
    type: FieldType
    is_required: bool = False
    choices: tuple[str, ...] = ()
    sensitivity: Sensitivity = "internal"
    is_retired: bool = False


Fields = Mapping[str, Field]
"""Every field that was ever declared, by name, in the order of declaring."""
NO_FIELDS: Final[Fields] = MappingProxyType({})


def decide(fields: Fields, command: FieldCommand) -> list[FieldEvent]:
    """Return the events that the command causes; none when it changes nothing.

    Raises:
        InvalidInputError: what is declared is no field that could be used.
        RuleBrokenError: there is such a field already, or it is retired, or there are too many.
        NotFoundError: the command names a field that is not there.
    """
    match command:
        case DeclareField():
            return [_declare(fields, command)]
        case ChangeField():
            return _change(_known(fields, command.name), command)
        case RetireField(name=name):
            return [] if _known(fields, name).is_retired else [FieldRetired(name=name)]
        case ReinstateField(name=name):
            return [FieldReinstated(name=name)] if _known(fields, name).is_retired else []
        case _:
            assert_never(command)


def evolve(fields: Fields, event: FieldEvent) -> Fields:
    """Return the declarations after one more event."""
    match event:
        case FieldDeclared():
            field = Field(
                event.name, event.label, event.type, event.is_required, event.choices,
                event.sensitivity,
            )  # fmt: skip
        case FieldChanged():
            field = replace(fields[event.name], **_told(event))
        case FieldRetired():
            field = replace(fields[event.name], is_retired=True)
        case FieldReinstated():
            field = replace(fields[event.name], is_retired=False)
        case _:
            assert_never(event)
    return MappingProxyType({**fields, event.name: field})


def _declare(fields: Fields, command: DeclareField) -> FieldDeclared:
    if NAME.fullmatch(command.name) is None:
        raise InvalidInputError(
            "this is no name of a field",
            field="name",
            fix=f"use small letters, digits and _, at most {LONGEST_NAME}, a letter first",
        )
    if (known := fields.get(command.name)) is not None:
        raise RuleBrokenError(
            "a field of this name was declared already" + (" and is retired" * known.is_retired),
            code="field-already-declared",
            field="name",
            fix="reinstate it" if known.is_retired else "use it, or take another name",
            who_can_help=DECLARERS,
        )
    if len(fields) >= MAX_FIELDS:
        raise RuleBrokenError(
            f"{MAX_FIELDS} fields were declared, more there cannot be",
            code="too-many-fields",
            fix="reinstate and use one that is retired",
            who_can_help=DECLARERS,
        )
    _check_choices(command.type, command.choices)
    return FieldDeclared(
        name=command.name,
        label=command.label,
        type=command.type,
        is_required=command.is_required,
        choices=command.choices,
        sensitivity=command.sensitivity,
    )


def _change(field: Field, command: ChangeField) -> list[FieldEvent]:
    if field.is_retired:
        raise RuleBrokenError(
            "this field is retired",
            code="field-retired",
            field="name",
            fix="reinstate it first",
            who_can_help=DECLARERS,
        )
    if command.choices is not None:
        _check_choices(field.type, command.choices)
    changed = {
        name: value for name, value in _told(command).items() if value != getattr(field, name)
    }
    return [FieldChanged(name=field.name, **changed)] if changed else []


def _told(of: FieldChanged | ChangeField) -> dict[str, Any]:
    return {name: value for name in CHANGEABLE if (value := getattr(of, name)) is not None}


def _known(fields: Fields, name: str) -> Field:
    field = fields.get(name)
    if field is None:
        raise no_such_field()
    return field


def no_such_field() -> NotFoundError:
    """Return the refusal of a name that no field has."""
    return NotFoundError(
        "there is no such custom field",
        code="field-not-found",
        field="name",
        fix="see which there are with `daybook fields list` (GET /v1/fields)",
    )


def _check_choices(of: FieldType, choices: tuple[str, ...]) -> None:
    if of not in CHOOSING:
        if choices:
            raise _wrong_choices("only choice and choices have something to choose from", "[]")
        return
    if not 1 <= len(choices) <= MAX_CHOICES:
        raise _wrong_choices(f"1 to {MAX_CHOICES} are needed to choose from", '["small", "large"]')
    if len({choice.casefold() for choice in choices}) < len(choices):
        raise _wrong_choices("one is listed twice", '["small", "large"]')


def _wrong_choices(problem: str, example: str) -> InvalidInputError:
    return InvalidInputError(problem, field="choices", fix=f"send for example {example}")
