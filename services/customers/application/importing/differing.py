"""What a row's contact points and custom values change about a customer that has some already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from services.customers.application.importing.rows import RowProblem
from services.customers.domain.customer.commands import (
    AddContactPoint,
    ChangeContactPoint,
    ContactCommand,
    RemoveContactPoint,
)
from services.customers.domain.customer.contact_points import (
    KINDS,
    ContactKind,
    identity,
    points_of,
)
from services.customers.domain.customer.events import CustomValue
from services.customers.domain.customer.state import ContactPoint, Customer
from services.customers.domain.field.rules import CHOOSING, Field, Fields
from services.customers.domain.field.values import check_values
from shared.errors import RuleBrokenError

_TRUE: Final = frozenset({"true", "yes", "ja", "1", "是"})
_FALSE: Final = frozenset({"false", "no", "nein", "0", "否"})


@dataclass(frozen=True, slots=True)
class Custom:
    """Custom values that fit and change something, and the cells that do not fit."""

    values: Mapping[str, CustomValue]
    kept: list[tuple[str, str]]
    odd: list[RowProblem]


def custom_of(fields: Fields, given: Mapping[str, object], customer: Customer) -> Custom:
    """Return which values fit their declarations; the others are kept beside the customer.

    Raises:
        RuleBrokenError: the row would make a customer that lacks a required value.
    """
    values: dict[str, CustomValue] = {}
    kept, odd = [], []
    for name, value in given.items():
        present = customer.custom
        typed = _typed(fields.get(name), value)
        checked = check_values(fields, {name: typed}, registering=False, present=present)
        for problem in checked.problems:
            kept.append((name, value if isinstance(value, str) else orjson.dumps(value).decode()))
            odd.append(RowProblem(problem.field, problem.problem, problem.fix))
        values |= {n: v for n, v in checked.values.items() if v is not None and v != present.get(n)}
    if customer.kind is None:
        missing = check_values(fields, values, registering=True).problems
        if missing:
            raise RuleBrokenError(
                f"{missing[0].field} {missing[0].problem}",
                field=missing[0].field,
                fix=missing[0].fix,
                who_can_help="whoever made the file",
            )
    return Custom(values, kept, odd)


def contact_commands(
    customer: Customer, kind: ContactKind, given: Sequence[ContactPoint], *, is_whole: bool
) -> list[ContactCommand]:
    """Return the commands for the contact points of one kind; a row that gives none says nothing.

    One for one is a correction; otherwise what is new is added, and only a whole row takes away.
    """
    listed = points_of(customer, kind)
    there = {identity(point): point for point in listed}
    wanted = {identity(point) for point in given}
    if len(listed) == len(given) == 1 and wanted != there.keys():
        return [ChangeContactPoint(replace(given[0], id=listed[0].id))]
    commands: list[ContactCommand] = []
    if is_whole and given:
        surplus = [point for point in listed if identity(point) not in wanted]
        commands += [RemoveContactPoint(kind, point.id) for point in surplus]
    primary = getattr(customer, KINDS[kind].primary)
    for place, point in enumerate(given):
        before = there.get(identity(point))
        is_first = is_whole and place == 0
        if before is None:
            commands.append(AddContactPoint(point, make_primary=is_first))
            continue
        # How it was first written stays.
        after = replace(before, type=point.type or before.type)
        if after != before or (is_first and before.id != primary):
            commands.append(ChangeContactPoint(after, make_primary=is_first))
    return commands


def _typed(field: Field | None, value: object) -> Any:  # noqa: ANN401 - what JSON can say
    """Return the text of a cell as what its field takes."""
    if field is None or not isinstance(value, str):
        return value
    folded = value.strip().casefold()
    if field.type == "boolean":
        return True if folded in _TRUE else False if folded in _FALSE else value
    if field.type in CHOOSING and field.type != "choice":
        return [one.strip() for one in value.split(";") if one.strip()]
    return value
