"""Imports can be looked at and taken back; what somebody touched since is listed and left."""

from pathlib import Path
from uuid import UUID

import click

from cli.client import Call, DaybookClient
from cli.commands.importing import progress_bar
from cli.commands.screen import NOTHING, show, show_table, shown_person
from cli.commands.session import CustomerId, speaks_as
from cli.imports import Import, ImportPage, fetch_errors, follow
from cli.refusals import read_answer

HEADINGS = ("import", "at", "by", "state", "rows", "what became of them")
LATEST = 20


@click.group()
def imports() -> None:
    """Look at imports, and take one back."""


@imports.command("list")
@speaks_as("alice")
async def list_imports(client: DaybookClient) -> None:
    """List the latest imports, the newest first."""
    page = await client.get(ImportPage, "/v1/imports", {"page_size": LATEST})
    if not page.items:
        show("Nothing was imported.")
        return
    show_table(HEADINGS, [_row(its) for its in page.items])


@imports.command("undo")
@click.argument("import_id", type=CustomerId(), metavar="ID")
@click.option(
    "--left", "left", type=click.Path(path_type=Path), default=Path("left.csv"),
    help="Where to list what somebody touched since; left.csv unless said.",
)  # fmt: skip
@speaks_as("alice")
async def undo_import(client: DaybookClient, import_id: UUID, left: Path) -> None:
    """Take an import back: who came with it goes, what it changed goes back."""
    answer = await client.send_patiently(Call("POST", f"/v1/imports/{import_id}/undo"))
    with progress_bar() as on_progress:
        its, _ = await follow(client, read_answer(Import, answer), on_progress)
    counts = its.counts
    show(
        f"{counts['withdrawn']} withdrawn, {counts['restored']} as before, "
        f"{counts['unchanged']} were so already, {counts['left']} left"
    )
    if counts["left"]:
        into = await fetch_errors(client, its, left)
        show(f"What somebody touched since is left as it is; {into} lists it.")


def _row(its: Import) -> list[str]:
    counts = ", ".join(f"{count} {name}" for name, count in its.counts.items() if count)
    state = "undone" if its.undone_by else f"{its.state} (dry run)" if its.dry_run else its.state
    what = f"undoes {its.undoes}: " if its.undoes else ""
    return [its.id, its.made_at[:19], shown_person(its.actor), state, str(its.rows),
            what + (counts or NOTHING)]  # fmt: skip
