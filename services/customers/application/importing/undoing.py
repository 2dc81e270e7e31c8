"""An import is undone customer by customer, the last row first, except what was touched since."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from services.customers.application.importing.customers import ManyCustomers, WholeCustomer
from services.customers.application.importing.jobs import DoneRow, Job, Jobs, tag_of
from services.customers.application.importing.planned import Target
from services.customers.application.importing.reverting import Reverting
from services.customers.application.importing.sealing import FileSeal
from services.customers.application.importing.steps import NoteRow, Step, append_of, note_name
from services.customers.application.permitting import Writing
from services.customers.domain.customer.commands import CustomerCommand, WithdrawCustomer
from services.customers.domain.customer.events import CustomerEvent
from services.customers.domain.customer.fields import changes
from services.customers.domain.customer.rules import decide_all, evolve_all
from services.customers.domain.field.rules import Fields
from shared.authorization.permissions import Permission
from shared.authorization.rights import Rights
from shared.errors import YOURSELF, NotFoundError, NotPermittedError, RuleBrokenError

AT_ONCE: Final = 100
FROM_THE_END: Final = 2**62
TOUCHED: Final = "was touched since the import, and is left as it is"
LOOK: Final = "look at its history, and change by hand what should not stay"


class UndoSource:
    """The steps of undoing an import."""

    def __init__(
        self, job: Job, jobs: Jobs, customers: ManyCustomers, seal: FileSeal, fields: Fields
    ) -> None:
        self._fields = fields
        self._job = job
        self._jobs = jobs
        self._customers = customers
        self._seal = seal
        self._reached = job.reached or FROM_THE_END
        self._next = self._reached
        self._tags = {tag_of(job.id), *([tag_of(job.undoes)] if job.undoes else [])}

    async def next_step(self, rights: Rights, at_most: int) -> Step | None:
        """Return what undoes the next rows, as the customers are now."""
        assert self._job.undoes is not None  # noqa: S101 - such a job is made for nothing else
        rows = await self._jobs.done_rows(self._job.undoes, self._reached, min(at_most, AT_ONCE))
        # A customer is written to once in a step: what another row did to it comes in the next.
        rows = rows[: _until_twice(rows)]
        if not rows:
            return None
        self._next = rows[-1].number
        customers = await self._customers.load([row.customer_id for row in rows])
        step = Step(len(rows), self._next, Counter(), [], [], [], [], [], [])
        writing = Writing(rights, Permission.CUSTOMERS_IMPORT, self._fields)
        for row in rows:
            self._undo(step, row, customers[row.customer_id], writing)
        return step

    def _undo(self, step: Step, row: DoneRow, its: WholeCustomer, writing: Writing) -> None:
        """Add to the step what undoes one row, and what is left of it."""
        commands, touched = self._commands(row, its)
        problem = TOUCHED
        try:
            events = self._permitted(its, commands, writing)
        except RuleBrokenError as error:
            events, touched = [], [error.detail]
        except (NotFoundError, NotPermittedError) as error:
            events, touched, problem = [], [error.field or "version"], error.detail
        if touched:
            step.counts["refused"] += 1
            step.notes.append(self._left(row, touched, problem))
        if not events or its.key is None:
            step.counts["unchanged"] += not touched
            return
        target = Target(its.id, its.now, its.version, its.key)
        target.take(events)
        step.appends.append(append_of(target))
        step.undone.append(its.id)
        if row.before == 0:
            step.withdrawn.append(its.id)
        step.counts["changed" if row.before else "created"] += 1

    def _permitted(
        self, its: WholeCustomer, commands: Sequence[CustomerCommand], writing: Writing
    ) -> Sequence[CustomerEvent]:
        """Return what the commands cause; refused unless all of it may be written."""
        if not commands:
            return []
        view = writing.require(its.id, its.now)
        for command in commands:
            writing.refuse_unseen(view, command)
        events = decide_all(its.now, commands)
        writing.require_change(its.id, its.now, evolve_all(its.now, events))
        return events

    def _commands(
        self, row: DoneRow, its: WholeCustomer
    ) -> tuple[Sequence[CustomerCommand], list[str]]:
        """Return what brings the customer back, and what somebody touched since."""
        if its.now.is_erased or its.now.is_withdrawn:
            return [], []
        if row.before:
            back = Reverting(its.at(row.before), its.at(row.after), its.now)
            return back.commands, back.touched
        others = [e for e in its.events if e.origin.connection not in self._tags]
        if others:
            since = its.at(others[0].version - 1)
            return [], sorted({change.field for change in changes(since, its.now)}) or ["version"]
        return [WithdrawCustomer()], []

    def _left(self, row: DoneRow, touched: Sequence[str], problem: str) -> NoteRow:
        told = {
            "line": row.number,
            "customer_id": str(row.customer_id),
            "field": ", ".join(touched),
            "problem": problem,
            "fix": LOOK,
            "cells": {"id": str(row.customer_id)},
        }
        sealed = self._seal.seal_json(told, note_name(row.number, 0))
        return row.number, 0, "left", sealed, ()

    def written(self) -> None:
        """Go on to the rows before."""
        self._reached = self._next

    async def close(self) -> None:
        """Leave nothing running: nothing is."""


def refuse_undoing(job: Job) -> None:
    """Raise RuleBrokenError if the import goes on, or changed nothing that could be undone."""
    if job.state in {"uploading", "waiting", "running"}:
        raise RuleBrokenError(
            "this import goes on",
            code="import-goes-on",
            fix="wait for its end, or cancel it first",
            who_can_help=YOURSELF,
        )
    if job.is_dry_run or job.undoes is not None:
        raise RuleBrokenError(
            "this is a dry run, or undid an import itself: there is nothing to undo",
            code="import-not-undoable",
            fix="undo an import that registered or changed customers",
            who_can_help=YOURSELF,
        )


def _until_twice(rows: Sequence[DoneRow]) -> int:
    """Return how many of the rows are of customers that differ."""
    seen = set()
    for place, row in enumerate(rows):
        if row.customer_id in seen:
            return place
        seen.add(row.customer_id)
    return len(rows)
