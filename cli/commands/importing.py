"""A file is imported completely or said not to be; importing it again registers nobody twice."""

import asyncio
import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from cli.client import DaybookClient
from cli.commands.rows import SURPLUS, CustomerFile, Preset, Row, read_file
from cli.commands.screen import say, show
from cli.commands.session import speaks_as
from cli.refusals import RefusedError
from shared.clock import SystemClock
from shared.errors import DaybookError, InvalidInputError

OnProgress = Callable[[int, int], None]
LANES = 8
ERROR_COLUMNS = ("line", "field", "problem", "fix")
# Refusals of one row; any other (401, 403, 503) would meet every row and ends the import.
ABOUT_THE_ROW = frozenset({400, 404, 409, 410, 413, 422, 500})


class ImportStoppedError(DaybookError):
    """The import ended before its last row, for a reason that the next row would meet too."""

    status = 503
    code = "import-stopped"
    title = "The import stopped"


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that registered nobody, and how to mend it."""

    row: Row
    field: str
    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of every row: registered + already_there + errors = rows."""

    rows: int
    registered: int
    already_there: int
    errors: int
    visible_late: int
    seconds: float
    errors_file: Path | None


@dataclass(slots=True)
class _Tally:
    registered: int = 0
    already_there: int = 0
    errors: list[RowError] = field(default_factory=list)
    visible_late: int = 0

    @property
    def done(self) -> int:
        return self.registered + self.already_there + len(self.errors)


async def import_file(
    client: DaybookClient, path: Path, preset: Preset | None, *, on_progress: OnProgress
) -> ImportReport:
    """Register every row of a file; `on_progress(done, rows)` is called after each.

    Rows that are refused go to `FILE.errors.csv`, which can be mended and imported itself.
    Raises InvalidInputError for a file that cannot be read, ImportStoppedError when nobody answers
    any longer or the person may not register: what was registered stays, and import again goes on.
    """
    clock = SystemClock()
    started = clock.monotonic()
    file = read_file(path, preset)
    tally = _Tally()
    try:
        await _register_all(client, file, tally, on_progress)
    except DaybookError as error:
        raise _stopped(error, tally.done, len(file.rows)) from error
    errors_file = _write_errors(file, sorted(tally.errors, key=lambda one: one.row.number))
    return ImportReport(
        rows=len(file.rows),
        registered=tally.registered,
        already_there=tally.already_there,
        errors=len(tally.errors),
        visible_late=tally.visible_late,
        seconds=clock.monotonic() - started,
        errors_file=errors_file,
    )


async def _register_all(
    client: DaybookClient, file: CustomerFile, tally: _Tally, on_progress: OnProgress
) -> None:
    rows = iter(file.rows)

    async def drive_lane() -> None:
        for row in rows:
            await _register(client, row, file.digest, tally)
            on_progress(tally.done, len(file.rows))

    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(drive_lane())
    except BaseExceptionGroup as group:
        # All lanes meet the same wall; the first one's words are enough.
        raise group.exceptions[0] from None


async def _register(client: DaybookClient, row: Row, digest: str, tally: _Tally) -> None:
    mistake = _mistake_in(row)
    if mistake is not None:
        tally.errors.append(mistake)
        return
    emails = [row.email] if row.email else []
    key = row.idempotency_key(digest)
    try:
        answer = await client.register(row.kind, row.name, emails, idempotency_key=key)
    except RefusedError as error:
        if error.http_status not in ABOUT_THE_ROW:
            raise
        tally.errors.append(RowError(row, error.field or "", error.detail, error.fix or ""))
        return
    tally.visible_late += answer.is_visible_late
    if answer.was_already_there:
        tally.already_there += 1
    else:
        tally.registered += 1


def _mistake_in(row: Row) -> RowError | None:
    if row.has_surplus_cells:
        fix = 'put a cell with a comma in quotes: "Lovelace, Ada"'
        return RowError(row, SURPLUS, "The row has more cells than the first line.", fix)
    if not row.name:
        return RowError(row, "name", "The row has no name.", "give it one")
    return None


def _stopped(error: DaybookError, done: int, rows: int) -> ImportStoppedError:
    return ImportStoppedError(
        f"{error.detail} The import stopped after {done} of {rows} rows; "
        "importing the file again goes on from there and registers nobody twice.",
        field=error.field,
        fix=error.fix,
        who_can_help=error.who_can_help,
    )


def _write_errors(file: CustomerFile, errors: list[RowError]) -> Path | None:
    """Write the refused rows beside the file, or remove those of an earlier run."""
    path = file.path.with_name(f"{file.path.name}.errors.csv")
    try:
        if not errors:
            path.unlink(missing_ok=True)
            return None
        # They are customers' data: for nobody's eyes but the owner's.
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(_errors_table(file, errors))
    except OSError as error:
        raise InvalidInputError(
            f"{len(errors)} rows were refused, and {path} cannot be written: {error.strerror}.",
            fix="copy the file into a folder of yours and import it there",
        ) from error
    return path


def _errors_table(file: CustomerFile, errors: list[RowError]) -> Iterator[list[object]]:
    columns = [column for column in file.columns if column not in ERROR_COLUMNS]
    if SURPLUS not in columns and any(error.row.has_surplus_cells for error in errors):
        columns.append(SURPLUS)
    yield [*columns, *ERROR_COLUMNS]
    for error in errors:
        original = [error.row.cells.get(column, "") for column in columns]
        yield [*original, error.row.line, error.field, error.problem, error.fix]


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--preset", type=click.Choice(["sp500", "febrl"]), help="One of the real files.")
@speaks_as("alice")
async def import_command(client: DaybookClient, file: Path, preset: Preset | None) -> None:
    """Register every customer of a CSV file.

    FILE has the first line `kind,name,email`; the e-mail is optional. Importing the same file again
    registers nobody twice. Rows that are refused are written to FILE.errors.csv: mend them there
    and import that file.
    """
    with _progress_bar() as on_progress:
        report = await import_file(client, file, preset, on_progress=on_progress)
    show(summary(report))
    if report.visible_late:
        say("They are stored, and lists will show them late: `daybook lag` shows who is behind.")
    if report.errors_file is not None:
        again = f"daybook import {report.errors_file}" + (f" --preset {preset}" if preset else "")
        raise InvalidInputError(
            f"{report.errors} of {report.rows} rows registered nobody; "
            f"each is in {report.errors_file} with its problem.",
            fix=f"mend them there, then `{again}`",
        )


def summary(report: ImportReport) -> str:
    """Return the report in one line."""
    return (
        f"{report.rows} rows: {report.registered} registered, {report.already_there} already "
        f"there, {report.errors} errors, in {report.seconds:.1f} s"
    )


@contextmanager
def _progress_bar() -> Iterator[OnProgress]:
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Registering", total=None)
        yield lambda done, rows: bar.update(task, completed=done, total=rows)
