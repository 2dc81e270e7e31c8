"""An administrator applies a reviewed policy file, after seeing who gains and who loses."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import click

from cli.answers import Answer
from cli.client import Call, DaybookClient
from cli.commands.changing import post
from cli.commands.screen import NOTHING, show, show_table
from cli.commands.session import speaks_as
from cli.local import environment
from cli.local.paths import Place
from cli.refusals import read_answer
from services.permissions.roles.service import SERVICE

HEADINGS = ("who", "permission", "gains", "loses")


class Change(Answer):
    """What one subject gains and loses of one permission."""

    subject_id: str
    user_name: str | None = None
    permission: str
    gained: list[str]
    lost: list[str]


class PlannedRequest(Answer):
    """What is only asked for, until somebody else agrees that this person has it."""

    subject_id: str
    user_name: str | None = None
    role: str | None = None
    permission: str | None = None


class Agreed(Answer):
    """To what two people must agree."""

    needs_second_person: list[str]


class Planned(Agreed):
    """What a policy file changes, or changed."""

    applied: bool
    events: int
    changes: list[Change]
    requests: list[PlannedRequest]
    stays_gone: list[str]


class PolicyText(Answer):
    """Everything as a policy file."""

    file: str
    version: int


@click.group()
def permissions() -> None:
    """Look at who may do what, and change it by policy files."""


@permissions.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Only say who would gain and who would lose.")
@speaks_as("erin")
async def apply(client: DaybookClient, file: TextIO, *, dry_run: bool) -> None:
    """Make everything that FILE names what it says; applied again it changes nothing.

    What may do much harm somebody else must agree to first; --dry-run says so.
    """
    client.turn_to("permissions")
    body = {"file": file.read(), "dry_run": dry_run}
    planned = read_answer(Planned, await post(client, "/v1/policy", body))
    show_changes(planned.changes)
    asked = "Would be requested" if dry_run else "Requested"
    for one in planned.requests:
        show(f"{asked}: {_requested(one)}; somebody else must approve it.")
    for told in planned.stays_gone:
        show(f"Not brought back: {told}")
    done = "would change" if dry_run else "changed"
    show(f"{planned.events} events {done} it." if planned.events else "Nothing to change.")
    if not planned.applied and planned.needs_second_person:
        show_dangers("Two people must agree to it", planned)
        show(f"Let somebody else agree first: daybook permissions agree {file.name}")


@permissions.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@speaks_as("erin")
async def agree(client: DaybookClient, file: TextIO) -> None:
    """Agree that somebody else applies FILE, as it is and does now: within a week, and once.

    `daybook permissions apply FILE --dry-run` shows you first what it does.
    """
    client.turn_to("permissions")
    call = Call("POST", "/v1/policy/approvals", json={"file": file.read()})
    show_dangers("Agreed", read_answer(Agreed, await client.send(call)))
    show(f"Within a week somebody else may: daybook permissions apply {file.name}")


@permissions.command()
@speaks_as("erin")
async def export(client: DaybookClient) -> None:
    """Write everything as a policy file, to the standard output."""
    client.turn_to("permissions")
    # As it is: a file has lines, and what people call themselves is in quotation marks.
    click.echo((await client.get(PolicyText, "/v1/policy")).file, nl=False)


@permissions.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def bootstrap(file: Path) -> None:
    """Set Daybook up, once: the default policy, and FILE with the first administrator.

    For whoever may open the stores, because nobody can be signed in yet: those of the service's
    settings (DAYBOOK_STORE_…), or of the Daybook on this machine.
    """
    service = f"services.{SERVICE.name}"
    settings = {**_settings(os.environ), "DAYBOOK_BOOTSTRAP_PEOPLE": str(file.resolve())}
    command = environment.python(service, "bootstrap")
    sys.exit(subprocess.run(command, env=settings, check=False).returncode)  # noqa: S603


def _settings(environ: Mapping[str, str]) -> Mapping[str, str]:
    if "DAYBOOK_STORE_TRUTH_DSN" in environ:
        return environ
    return environment.of_service(SERVICE.name, Place.from_environment(environ))


def show_changes(changes: Sequence[Change]) -> None:
    """Show who gains and who loses what, if anybody does."""
    if changes:
        show_table(HEADINGS, [_row(change) for change in changes])


def show_dangers(said: str, its: Agreed) -> None:
    """Show a line for each thing to which two people must agree."""
    for danger in its.needs_second_person:
        show(f"{said}: {danger}")


def _requested(one: PlannedRequest) -> str:
    return f"{one.role or one.permission or NOTHING} for {one.user_name or one.subject_id}"


def _row(change: Change) -> tuple[str, ...]:
    who = change.user_name or change.subject_id
    return (who, change.permission, ", ".join(change.gained), ", ".join(change.lost))
