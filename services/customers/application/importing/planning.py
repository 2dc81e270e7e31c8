"""What a batch of rows does is decided whole before anything of it is written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from uuid6 import uuid7

from services.customers.application.importing.given_rows import CheckedRow, lacks_name
from services.customers.application.importing.planned import (
    Known,
    KnownKey,
    Noted,
    Plan,
    PlannedKey,
    PlannedRow,
    Target,
    What,
)
from services.customers.application.importing.reading import ReadRow
from services.customers.application.importing.rows import RowProblem
from services.customers.application.permitting import Writing
from services.customers.domain.customer.events import CustomerEvent
from services.customers.domain.customer.fields import changes
from services.customers.domain.customer.rules import decide_all, evolve_all
from services.customers.domain.customer.state import NOBODY
from services.customers.domain.field.rules import Fields
from shared.errors import (
    DaybookError,
    EventTooLargeError,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    RuleBrokenError,
)
from shared.security.subject_keys import SubjectKey

_TWICE: Final = RowProblem(
    "key", "An earlier row of this file has the same key.", "make one row of the two"
)
_NOT_AN_ID: Final = RowProblem(
    "id", "There is no customer with this id.", "take the id from an export, or leave it out"
)
PREVIEW_ROWS: Final = 50
REFUSALS: Final = (
    RuleBrokenError, NotFoundError, EventTooLargeError, NotPermittedError, InvalidInputError
)  # fmt: skip
GONE_CODES: Final = frozenset({"customer-erased", "customer-withdrawn"})


class Planner:
    """Plans batches of one import, one after the other."""

    def __init__(self, import_id: UUID, fields: Fields, *, is_dry_run: bool) -> None:
        self._import_id = import_id
        self._fields = fields
        self._is_dry_run = is_dry_run
        # A dry run leaves no marks behind by which it would know what it has seen.
        self._seen: Counter[bytes] = Counter()
        self._shown = 0

    def places(
        self, batch: Sequence[ReadRow], known: Mapping[tuple[bytes, int], KnownKey]
    ) -> list[int]:
        """Return for each row which one of those with its mark it is in this file, from 1.

        To be asked once for each batch of a dry run.
        """
        seen = self._seen if self._is_dry_run else Counter[bytes]()
        if not self._is_dry_run:
            for (key, _), its in known.items():
                seen[key] += its.import_id == self._import_id
        places = []
        for row in batch:
            seen[row.key] += 1
            places.append(seen[row.key])
        return places

    def plan(
        self,
        batch: Sequence[ReadRow],
        places: Sequence[int],
        known: Known,
        keys: list[SubjectKey],
        writing: Writing,
    ) -> Plan:
        """Return what the batch does; `keys` are fresh ones, one for each row with a new mark.

        A row that would write what the importer may not is refused, and stops no other.
        """
        plan = Plan(writing)
        for row, nth in zip(batch, places, strict=True):
            try:
                problem = self._plan_row(plan, row, nth, known, keys)
                refused = None if problem is None else Noted(row, "refused", problem)
            except REFUSALS as error:
                refused = _refusal(row, error)
            if refused is not None:
                plan.counts["refused"] += 1
                plan.notes.append(refused)
        return plan

    def _plan_row(
        self, plan: Plan, row: ReadRow, nth: int, known: Known, keys: list[SubjectKey]
    ) -> RowProblem | None:
        given = row.given
        if isinstance(given, RowProblem):
            return given
        if row.is_known_by_key and nth > 1:
            return _TWICE
        mark = known.keys.get((row.key, nth))
        if row.entry.id is not None:
            target = _target(plan, known, _uuid(row.entry.id))
            if target is None:
                return _NOT_AN_ID
            self._change(plan, row, given, target, is_whole=True)
            return None
        if mark is None:
            return self._create(plan, row, given, nth, keys)
        if mark.content != row.content:
            target = _target(plan, known, mark.customer_id)
            if target is None:
                return _NOT_AN_ID
            self._change(plan, row, given, target, is_whole=False)
        else:
            plan.counts["unchanged"] += 1
        kept = PlannedKey(row.key, nth, mark.customer_id, row.content, is_new=False)
        plan.keys[row.key, nth] = kept
        return None

    def _create(
        self, plan: Plan, row: ReadRow, given: CheckedRow, nth: int, keys: list[SubjectKey]
    ) -> RowProblem | None:
        problem = lacks_name(given)
        if problem is not None:
            return problem
        key = keys[-1]
        target = Target(uuid7(), NOBODY, 0, key)
        owner = plan.writing.owner_of_new(given.given.owner)
        if given.custom:
            _refuse_hidden(plan.writing, target, given, owner)
        register, more, odd = given.registration(self._fields, key.commitment)
        register = replace(register, owner=owner)
        events = decide_all(NOBODY, [register, *more])
        view = plan.writing.require_new(target.id, evolve_all(NOBODY, events))
        for command in (register, *more):
            plan.writing.refuse_unseen(view, command)
        keys.pop()
        plan.targets[target.id] = target
        plan.keys[row.key, nth] = PlannedKey(row.key, nth, target.id, row.content, is_new=True)
        self._note(plan, row, target, events, odd)
        return None

    def _change(
        self, plan: Plan, row: ReadRow, given: CheckedRow, target: Target, *, is_whole: bool
    ) -> None:
        writing, before = plan.writing, target.customer
        view = writing.require(target.id, before)
        # Also what would change nothing: else a row would tell whether a guess is right.
        writing.refuse_given(view, given.fields())
        commands, odd = given.change(self._fields, before, is_whole=is_whole)
        for command in commands:
            writing.refuse_unseen(view, command)
        events = decide_all(before, commands)
        writing.require_change(target.id, before, evolve_all(before, events))
        if events:
            plan.targets[target.id] = target
            self._note(plan, row, target, events, odd)
        else:
            plan.counts["unchanged"] += 1

    def _note(
        self,
        plan: Plan,
        row: ReadRow,
        target: Target,
        events: Sequence[CustomerEvent],
        odd: Sequence[RowProblem],
    ) -> None:
        """Take the events over, and tell what is to be told of them."""
        before, version = target.customer, target.new_version
        target.take(events)
        what: What = "changed" if version else "created"
        plan.counts[what] += 1
        plan.rows.append(PlannedRow(row.entry.row.number, target, version, target.new_version))
        odd = [*row.odd, *odd]
        plan.counts["kept"] += len(odd)
        plan.notes += [Noted(row, "kept", problem) for problem in odd]
        if self._is_dry_run and self._shown < PREVIEW_ROWS:
            self._shown += 1
            told = [
                {"field": one.field, "before": one.before, "after": one.after}
                for one in changes(before, target.customer)
            ]
            about = {"customer_id": str(target.id) if version else None, "changes": told}
            plan.notes.append(Noted(row, what, about=about))


def _refuse_hidden(writing: Writing, target: Target, given: CheckedRow, owner: UUID | None) -> None:
    """Refuse fields that are not shown, before it is told whether a value fits its declaration."""
    view = writing.require_new(target.id, given.without_custom(owner))
    writing.refuse_given(view, given.fields())


def _target(plan: Plan, known: Known, customer_id: UUID | None) -> Target | None:
    """Return the customer as the batch has made it until now; None if there is none to see.

    Raises:
        RuleBrokenError: it was erased.
    """
    if customer_id in plan.targets:
        return plan.targets[customer_id]
    loaded = None if customer_id is None else known.customers.get(customer_id)
    if loaded is None or not plan.writing.sees(loaded.id, loaded.now):
        return None
    if loaded.key is None:
        raise RuleBrokenError(
            "this customer was erased",
            code="customer-erased",
            fix="leave the row out",
            who_can_help="data protection",
        )
    return Target(loaded.id, loaded.now, loaded.version, loaded.key)


def _refusal(row: ReadRow, error: DaybookError) -> Noted:
    told = error.detail.removesuffix(".")
    problem = RowProblem(error.field or "", f"{told[:1].upper()}{told[1:]}.", error.fix or "")
    return Noted(row, "refused", problem, is_bare=error.problem_code in GONE_CODES)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
