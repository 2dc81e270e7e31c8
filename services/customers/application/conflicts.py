"""Whoever comes second is shown both versions, field by field, and loses nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.customers.application.customer_records import CUSTOM
from services.customers.application.loading import CustomerReader, LoadedCustomer
from services.customers.domain.customer.commands import CustomerCommand
from services.customers.domain.customer.fields import fields_of
from services.customers.domain.customer.rules import decide_all, evolve_all
from services.customers.domain.customer.state import Customer
from shared.authorization.fields import FieldView, Outcome
from shared.errors import DaybookError, VersionConflictError


async def version_conflict(
    reader: CustomerReader,
    now: LoadedCustomer,
    read_version: int,
    commands: Sequence[CustomerCommand],
    view: FieldView | None = None,
) -> VersionConflictError:
    """Return what to tell somebody who read one version and wants to change another.

    Of fields that the `view` does not show nothing is told; without one all is.
    """
    conflicts = None
    if 1 <= read_version < now.version:
        read = await reader.load(now.id, version=read_version)
        conflicts = _conflicts(read.customer, now.customer, commands)
        if view is not None:
            conflicts = [_shown(one, view) for one in conflicts if _is_shown(one["field"], view)]
    return VersionConflictError(
        f"you read version {read_version}, the customer is at {now.version}",
        current_version=now.version,
        conflicts=conflicts,
        field="If-Match",
        fix="look at `conflicts`: what you read, what it is now, what you want; "
        "then send the change again with the new version as If-Match",
    )


def _conflicts(
    read: Customer, now: Customer, commands: Sequence[CustomerCommand]
) -> list[Mapping[str, Any]]:
    """Return each field that others changed or that the commands change."""
    was, is_now = fields_of(read), fields_of(now)
    wanted = _wanted(read, commands)
    return [
        {"field": field, "read": was[field], "now": is_now[field], "yours": wanted[field]}
        for field in was
        if not was[field] == is_now[field] == wanted[field]
    ]


def _is_shown(field: str, view: FieldView) -> bool:
    return view.outcome(field) is Outcome.SHOW


def _shown(conflict: Mapping[str, Any], view: FieldView) -> Mapping[str, Any]:
    """Return a conflict without the custom values that are not shown."""
    if conflict["field"] != CUSTOM:
        return conflict
    return {
        side: {n: v for n, v in its.items() if _is_shown(f"{CUSTOM}.{n}", view)}
        if isinstance(its, Mapping)
        else its
        for side, its in conflict.items()
    }


def _wanted(read: Customer, commands: Sequence[CustomerCommand]) -> dict[str, Any]:
    """Return the fields as the commands would have made them of what was read."""
    try:
        return fields_of(evolve_all(read, decide_all(read, commands)))
    except DaybookError:
        # Refused even then: what was asked shows nothing beside what was read.
        return fields_of(read)
