"""What answers about imports look like, and the table of what was refused."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.customers.api.row_sight import RowSight
from services.customers.application.importing.desk import Note, Told
from services.customers.application.importing.entries import guarded
from services.customers.application.importing.rows import RECORD, SURPLUS, TOLD
from shared.web.downloads import Piece


class ImportView(BaseModel):
    """An import: what it is of, how far it is, how many rows it created, changed, refused.

    `preview` (of a dry run) shows the first rows that would create or change a customer, field by
    field. Of an undoing `undoes` names the import, and its counts are `withdrawn`, `restored` and
    `left`. `problem` says why an import failed as a whole, or, while it goes on, why it waits: what
    is known of rights is too old then (`reason`), and no row is lost.
    """

    id: UUID
    state: str
    dry_run: bool
    undoes: UUID | None
    undone_by: UUID | None
    actor: str
    made_at: str
    finished_at: str | None
    bytes: int
    bytes_read: int
    rows: int
    counts: dict[str, int]
    file: dict[str, Any] | None
    problem: dict[str, Any] | None = None
    preview: list[dict[str, Any]] | None = None


class ImportPage(BaseModel):
    """A page of imports, the newest first."""

    items: list[ImportView]
    next_page_token: str | None = None


def import_view(told: Told) -> dict[str, Any]:
    """Return an import as answers show it."""
    job, about = told.job, None if told.about is None else dict(told.about)
    names = job.outcomes if job.undoes else {**job.outcomes, "kept": "kept"}
    return {
        "id": str(job.id),
        "state": job.state,
        "dry_run": job.is_dry_run,
        "undoes": None if job.undoes is None else str(job.undoes),
        "undone_by": None if job.undone_by is None else str(job.undone_by),
        "actor": job.actor,
        "made_at": job.made_at.isoformat(),
        "finished_at": None if job.finished_at is None else job.finished_at.isoformat(),
        "bytes": job.bytes,
        "bytes_read": 0 if job.undoes else job.reached,
        "rows": job.rows,
        "counts": {name: getattr(job, column) for name, column in names.items()},
        "problem": None if about is None else about.pop("problem", None),
        "file": about or None,
    }


def columns_of(told: Told) -> list[str]:
    """Return the columns of the table of what was refused: those of the file."""
    found = list((told.about or {}).get("columns") or [])
    if told.job.undoes is not None:
        return ["id"]
    return [*found, SURPLUS, RECORD] if found else [RECORD]


async def error_table(
    columns: Sequence[str],
    notes: AsyncIterator[Note],
    look: Callable[[], Awaitable[RowSight]],
) -> AsyncIterator[Piece]:
    """Yield the table line by line: rows as they stand in the file, and what is wrong.

    Raises:
        NotPermittedError: its reader may not see the import any more.
        UndecidedError: whether its reader may is not known well enough.
    """
    yield Piece(_csv([*columns, *TOLD]))
    async for note in notes:
        sight = await look()
        cells = sight.cells(note)
        told = {**note.told, **sight.problem(note)}
        row = [
            *(guarded(cells.get(name, "")) for name in columns),
            note.what,
            *(told.get(name) for name in TOLD[1:]),
        ]
        yield Piece(_csv(row), 1)


def _csv(cells: Sequence[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()
