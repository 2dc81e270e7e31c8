"""What is told of the rows of an import is what its reader may see now of such customers.

Whoever handed the file in sees its cells, for as long as they may import; of what was stored
before, and of somebody else's file, they see what the class of each field lets them. A column that
is no field of a customer is not classed, and so restricted.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.customers.api.sight import UNSEEN, Sight, Sights, outcome_of, seen_changes
from services.customers.application.customer_records import CUSTOM, TYPE
from services.customers.application.importing.desk import Note, Told
from services.customers.domain.customer.fields import Change
from shared.authorization.fields import FieldView, Outcome
from shared.authorization.permissions import Permission
from shared.errors import NotFoundError
from shared.web.callers import Caller

UNCLASSED: Final = "-"
_FIELD_OF: Final[Mapping[str, str]] = {
    "given_name": "name", "family_name": "name", "email": "emails", "phone": "phones",
    "address": "addresses", "note": "notes", "custom": UNCLASSED,
}  # fmt: skip
_OF_THE_ROW: Final = frozenset({"", "id", "version", "key"})
"""What a problem may be about that says nothing of a customer."""


class RowSight:
    """What one caller sees now of the rows of one import; made for one answer or piece of it."""

    def __init__(self, sight: Sight, told: Told) -> None:
        """Look at an import.

        Raises:
            NotPermittedError: the caller may not see it any more.
            UndecidedError: it cannot be decided now.
        """
        may, rights = Permission.CUSTOMERS_IMPORT, sight.rights
        self._sight = sight
        self._job = told.job
        self._columns = (told.about or {}).get("columns") or {}
        record = rights.record(TYPE, str(told.job.id), told.job.actor)
        rights.require(may, record)
        self._imports = sight.view(may, record) or UNSEEN
        self._is_own = rights.subject == told.job.actor
        self._view = self._of_owner(told.job.actor)

    def cells(self, note: Note) -> Mapping[str, str]:
        """Return the cells of a row that are shown."""
        if self._is_own:
            return note.cells
        return {name: cell for name, cell in note.cells.items() if self._shows(self._field(name))}

    def problem(self, note: Note) -> dict[str, Any]:
        """Return what is wrong with a row, without what is said of fields that are not shown."""
        its = {name: note.told.get(name) for name in ("field", "problem", "fix")}
        named = str(its["field"] or "").split(", ")
        shown = [name for name in named if self._is_own or self._shows(self._field(name, name))]
        if len(shown) == len(named):
            return its
        return {"field": ", ".join(shown), "problem": "", "fix": ""}

    def preview(self, note: Note, stored: FieldView | None) -> dict[str, Any]:
        """Return what a row would do; `stored` is what is seen of whom it would change."""
        its = {**note.told, "cells": self.cells(note)}
        changes = [Change(**change) for change in its.pop("changes", ())]
        if its.get("customer_id") is None:
            owner = next((one.after for one in changes if one.field == "owner"), self._job.actor)
            view = self._of_owner(owner)
        else:
            view = self._at_most(stored or UNSEEN)
            its["customer_id"] = None if stored is None else its["customer_id"]
        its["changes"] = _told(seen_changes(view, changes))
        return {"row": note.number, "what": note.what, **its}

    def _of_owner(self, owner: str | None) -> FieldView:
        record = self._sight.rights.record(TYPE, str(self._job.id), owner)
        return self._at_most(self._sight.view(Permission.CUSTOMERS_READ, record) or UNSEEN)

    def _at_most(self, view: FieldView) -> FieldView:
        return FieldView(self._imports.classes, min(view.clearance, self._imports.clearance))

    def _field(self, column: str, otherwise: str = UNCLASSED) -> str:
        """Return the field of a customer that a column, or a problem, is about."""
        of_none = column if self._job.undoes is not None else otherwise
        meant = self._columns.get(column, of_none) or UNCLASSED
        if meant.startswith(f"{CUSTOM}."):
            return meant
        field = meant.partition(".")[0]
        return _FIELD_OF.get(field, field)

    def _shows(self, field: str) -> bool:
        return field in _OF_THE_ROW or outcome_of(self._view, field) is Outcome.SHOW


async def previewed(
    notes: AsyncIterator[Note], told: Told, sights: Sights, caller: Caller
) -> list[dict[str, Any]]:
    """Return what the rows of a dry run would do, each as the caller may see it now."""
    found = []
    async for note in notes:
        stored = await _stored(sights, caller, note.told.get("customer_id"))
        found.append(RowSight(await sights.of(caller), told).preview(note, stored))
    return found


async def _stored(sights: Sights, caller: Caller, customer_id: str | None) -> FieldView | None:
    """Return what the caller sees of whom a row would change; None: nothing."""
    if customer_id is None:
        return None
    try:
        _, view, _ = await sights.of_customer(caller, Permission.CUSTOMERS_READ, UUID(customer_id))
    except NotFoundError:
        return None
    return view


def _told(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [{"field": one.field, "before": one.before, "after": one.after} for one in changes]
