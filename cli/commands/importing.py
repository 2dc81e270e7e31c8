"""A file of customers becomes customers, once however often one tries; refused rows come back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cli.client import DaybookClient
from cli.commands.screen import say, show, show_table
from cli.commands.session import speaks_as
from cli.imports import ENDED, Ended, Import, OnProgress, Wish, import_file
from shared.clock import SystemClock
from shared.errors import InvalidInputError

LONGEST_VALUE = 60


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--preset", type=click.Choice(["sp500", "febrl"]), help="One of the real files.")
@click.option(
    "--map", "maps", multiple=True, metavar="COLUMN=FIELD",
    help="What a column means, for example Firma=name or Nr=key; - leaves it out.",
)  # fmt: skip
@click.option("--source", help="The system that keys are of; by default this file's name.")
@click.option("--kind", type=click.Choice(["person", "organisation"]), help="Of rows without one.")
@click.option("--encoding", help="If it is not guessed right, for example gb18030.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@speaks_as("alice")
async def import_command(
    client: DaybookClient,
    file: Path,
    preset: str | None,
    maps: Sequence[str],
    source: str | None,
    kind: str | None,
    encoding: str | None,
    *,
    dry_run: bool,
) -> None:
    """Register or change every customer of a CSV, NDJSON or vCard file.

    What columns mean is guessed from their names (English, German, Chinese) and cells. The same
    file again changes nothing; a cell that changed changes just that, an empty one nothing. Rows
    that are refused are written to FILE.errors.csv: mend them there and import that file. `daybook
    imports undo` takes all of it back.
    """
    wish = Wish(preset, source, kind, encoding, _mapping(maps), dry_run)
    clock = SystemClock()
    began = clock.monotonic()
    with progress_bar() as on_progress:
        ended = await import_file(client, file, wish, on_progress=on_progress)
    show(summary(ended.its, clock.monotonic() - began))
    _show_preview(ended.its)
    _tell_the_rest(ended, file, preset)


def summary(its: Import, seconds: float) -> str:
    """Return what became of an import in one line."""
    counts = its.counts
    would = "would be " if its.dry_run else ""
    return (
        f"{its.rows} rows: {counts['created']} {would}registered, {counts['changed']} {would}"
        f"changed, {counts['unchanged']} already there, {counts['refused']} errors,"
        f" in {seconds:.1f} s"
    )


def waits_why(its: Import) -> str | None:
    """Return why an import waits, in the service's words; None: it goes on, or has ended."""
    if its.problem is None or its.state in ENDED:
        return None
    words = (its.problem.get("problem"), its.problem.get("fix"))
    return " ".join(f"{one.rstrip('.')}." for one in words if one)


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """Show how far an import is, on a terminal; say anywhere that it waits, and goes on again."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Handing in", total=None)
        was: str | None = None

        def on_progress(its: Import) -> None:
            nonlocal was
            why = waits_why(its)
            if why != was:
                say(why or "It goes on.")
            was, how = why, "" if why is None else ", waits"
            bar.update(
                task, description=f"{its.rows:,} rows{how}",
                completed=its.bytes_read, total=its.bytes,
            )  # fmt: skip

        yield on_progress


def _mapping(maps: Sequence[str]) -> dict[str, str]:
    found = {}
    for given in maps:
        column, equals, field = given.rpartition("=")
        if not equals or not column:
            raise InvalidInputError(
                f"{given} names no column and field.", fix='write it like --map "Firma=name"'
            )
        found[column] = field
    return found


def _show_preview(its: Import) -> None:
    if not its.preview:
        return
    rows = [
        [str(one["line"]), one["what"], change["field"], _short(change["before"]),
         _short(change["after"])]
        for one in its.preview
        for change in one["changes"]
        if change["after"] not in (None, [], {}, False)
    ]  # fmt: skip
    show_table(("line", "would be", "field", "before", "after"), rows)


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _tell_the_rest(ended: Ended, file: Path, preset: str | None) -> None:
    counts = ended.its.counts
    if not ended.its.dry_run:
        say(f"`daybook imports undo {ended.its.id}` takes it back.")
    if ended.is_visible_late:
        say("They are stored, and lists will show them late: `daybook lag` shows who is behind.")
    if counts["kept"]:
        say(
            f"{counts['kept']} cells did not fit: they are kept in notes, and listed in "
            f"{ended.errors_file}."
        )
    if counts["refused"]:
        again = f"daybook import {ended.errors_file}" + (f" --preset {preset}" if preset else "")
        raise InvalidInputError(
            f"{counts['refused']} of {ended.its.rows} rows of {file} were refused; "
            f"each is in {ended.errors_file} with its problem.",
            fix=f"mend them there, then `{again}`",
        )
