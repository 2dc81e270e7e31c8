"""A batch is written whole or not at all: events, outcomes and progress in one transaction."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID, uuid4

from uuid6 import uuid7

from services.customers.application.importing.entries import Entry
from services.customers.application.importing.jobs import Job, tag_of
from services.customers.application.importing.planned import (
    Noted,
    Plan,
    PlannedKey,
    PlannedRow,
    Target,
)
from services.customers.application.importing.rows import RECORD
from services.customers.application.importing.sealing import FileSeal, Marks
from services.customers.application.loading import stream_of
from services.customers.storage.codec import CODEC
from shared.events import Origin
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import StreamAppend

MOST_TEXTS: Final = 2_000
_BETWEEN: Final = re.compile(r'[,;|\t\r\n":{}\[\]]+')
STEP: Final = f"select * from import_step({', '.join(f'${n}' for n in range(1, 44))})"


NoteRow = tuple[int, int, str, bytes, Sequence[bytes]]
"""Number of the row, place among its notes, what it is, sealed, marks of who may be in it."""


@dataclass(slots=True)
class Step:
    """What one transaction of an import writes."""

    rows: int
    reached: int
    counts: Counter[str]
    appends: list[StreamAppend] = field(default_factory=list)
    done: list[PlannedRow] = field(default_factory=list)
    keys: list[PlannedKey] = field(default_factory=list)
    notes: list[NoteRow] = field(default_factory=list)
    undone: list[UUID] = field(default_factory=list)
    withdrawn: list[UUID] = field(default_factory=list)


class Steps:
    """Writes the steps of one import, each behind the one before."""

    def __init__(self, store: EventStore, job: Job, owner: UUID) -> None:
        self._store = store
        self._job = job
        self._owner = owner
        self._rows = job.rows

    @property
    def rows(self) -> int:
        """How many rows are done."""
        return self._rows

    async def write(self, step: Step, now: datetime) -> TokenPart | None:
        """Write one step, and return the place of its last event, if it has any.

        Raises:
            VersionConflictError: somebody changed one of the customers, or used a key: plan again.
            PostgresError: DB409, the import is not ours any more.
            UnavailableError: it may or may not be written: read the import again.
        """
        origin = Origin(self._job.actor, uuid4(), connection=tag_of(self._job.id))
        counts = [step.counts[name] for name in ("created", "changed", "unchanged", "refused",
                                                 "kept")]  # fmt: skip
        written = await self._store.append_with(
            STEP, step.appends, origin, now,
            self._job.id, self._owner, self._rows, step.rows, step.reached, *counts,
            [r.number for r in step.done], [r.target.id for r in step.done],
            [r.before for r in step.done], [r.after for r in step.done],
            [k.key for k in step.keys], [k.nth for k in step.keys],
            [k.customer_id for k in step.keys], [k.content for k in step.keys],
            [k.is_new for k in step.keys],
            [n[0] for n in step.notes], [n[1] for n in step.notes], [n[2] for n in step.notes],
            [n[3] for n in step.notes], [_array(n[4]) for n in step.notes],
            list(step.undone), list(step.withdrawn),
        )  # fmt: skip
        self._rows += step.rows
        return written if step.appends else None


def step_of(
    plan: Plan, rows: int, reached: int, seal: FileSeal, marks: Marks, *, is_dry_run: bool
) -> Step:
    """Return what a plan writes, sealed; of a dry run only what it tells."""
    notes = [_sealed(place, noted, seal, marks) for place, noted in enumerate(plan.notes)]
    if is_dry_run:
        return Step(rows, reached, plan.counts, notes=notes)
    appends = [append_of(target) for target in plan.targets.values() if target.events]
    return Step(rows, reached, plan.counts, appends, plan.rows, list(plan.keys.values()), notes)


def append_of(target: Target) -> StreamAppend:
    """Return a customer's new events as they will be stored."""
    events = [CODEC.encode(event, uuid7(), target.key) for event in target.events]
    return StreamAppend(stream_of(target.id), str(target.id), target.version, events)


def note_name(number: int, place: int) -> str:
    """Return the name under which a note is sealed."""
    return f"note-{number}-{place}"


def _sealed(place: int, noted: Noted, seal: FileSeal, marks: Marks) -> NoteRow:
    row = noted.row.entry.row
    told: dict[str, Any] = {"line": row.line, **noted.about}
    if noted.problem is not None:
        problem = noted.problem
        told |= {"field": problem.field, "problem": problem.problem, "fix": problem.fix}
    texts = _texts_of(noted.row.entry)
    # What could not be found again is not kept either.
    cells = {} if noted.is_bare or len(texts) > MOST_TEXTS else row.cells
    told["cells"] = {column: cell for column, cell in cells.items() if cell}
    sealed = seal.seal_json(told, note_name(row.number, place))
    if noted.about.get("customer_id"):
        texts.append(noted.about["customer_id"])
    return row.number, place, noted.what, sealed, marks.of_people(texts)


def _texts_of(entry: Entry) -> list[str]:
    """Return every text of a row by which somebody could be found, a name in two cells too."""
    body, cells = entry.body, entry.row.cells
    points = [*body.get("emails", ()), *body.get("phones", ())]
    values = [value for p in points if isinstance(p, dict) for value in p.values()]
    whole = [cell for column, cell in cells.items() if cell and column != RECORD]
    pairs = [text for a, b in pairwise(whole) for text in (a + b, b + a)]
    pieces = _BETWEEN.split(cells.get(RECORD, ""))
    found = [body.get("name"), *values, *whole, *pairs, *pieces]
    return [text for text in found if isinstance(text, str)]


def _array(marks: Sequence[bytes]) -> str:
    """Return an array of bytea in PostgreSQL's own writing: asyncpg takes no array of arrays."""
    return "{" + ",".join(f'"\\\\x{mark.hex()}"' for mark in marks) + "}"
