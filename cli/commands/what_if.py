"""Who would gain and who would lose what is told before a change is made, or as of then."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TextIO
from uuid import UUID

import click

from cli.answers import Answer
from cli.client import Call, DaybookClient
from cli.commands.changing import without_nothing
from cli.commands.customers import Moment
from cli.commands.granting import asked_of, id_named
from cli.commands.permissions import Agreed, Change, show_changes, show_dangers
from cli.commands.screen import show, shown_time
from cli.commands.session import speaks_as
from cli.refusals import read_answer

LIVES = {
    "suspend": "If WHO were suspended.",
    "reinstate": "If WHO were active again.",
    "leave": "If WHO left.",
}
AT = click.option("--at", type=Moment(), help="Had it been done then (UTC unless it says more).")
JSON = click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")


class Refused(Answer):
    """Why you could not do it."""

    detail: str
    who_can_help: str | None = None


class Foreseen(Agreed):
    """What would happen."""

    as_of: datetime
    position: int | None = None
    people: int
    changes: list[Change]
    refused: Refused | None = None


@click.group("what-if")
def what_if() -> None:
    """Say who would gain and who would lose what by a change, without making it."""


@what_if.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@AT
@JSON
@speaks_as("erin")
async def file(client: DaybookClient, file: TextIO, at: datetime | None, *, is_json: bool) -> None:
    """If the policy file FILE were applied, by whoever may."""
    await _ask(client, {"file": file.read()}, at, is_json=is_json)


@what_if.command()
@click.argument("who")
@click.argument("what")
@click.option("--scope", help="At most so far: own, team, department or all.")
@click.option("--clearance", help="At most so secret.")
@AT
@JSON
@speaks_as("erin")
async def give(
    client: DaybookClient, who: str, what: str, scope: str | None, clearance: str | None,
    at: datetime | None, *, is_json: bool,
) -> None:  # fmt: skip
    """If WHO were given the role or permission WHAT."""
    said = {**asked_of(what), "scope": scope, "clearance": clearance}
    await _ask_of(client, who, {"do": "give_grant", **said}, at, is_json=is_json)


@what_if.command()
@click.argument("who")
@click.argument("grant_id", type=click.UUID)
@AT
@JSON
@speaks_as("erin")
async def revoke(
    client: DaybookClient, who: str, grant_id: UUID, at: datetime | None, *, is_json: bool
) -> None:
    """If a grant of WHO ended."""
    its = {"do": "revoke_grant", "grant_id": str(grant_id)}
    await _ask_of(client, who, its, at, is_json=is_json)


@what_if.command("retire-role")
@click.argument("role")
@AT
@JSON
@speaks_as("erin")
async def retire_role(
    client: DaybookClient, role: str, at: datetime | None, *, is_json: bool
) -> None:
    """If ROLE gave nobody anything any more."""
    await _ask(client, {"commands": [{"do": "retire_role", "role": role}]}, at, is_json=is_json)


def _of_a_life(do: str) -> Callable[..., Awaitable[None]]:
    async def ask(client: DaybookClient, who: str, at: datetime | None, *, is_json: bool) -> None:
        await _ask_of(client, who, {"do": do}, at, is_json=is_json)

    return ask


for _do, _says in LIVES.items():
    _run = AT(JSON(speaks_as("erin")(_of_a_life(_do))))
    what_if.command(_do, help=_says)(click.argument("who")(_run))


async def _ask_of(
    client: DaybookClient,
    who: str,
    its: Mapping[str, object],
    at: datetime | None,
    *,
    is_json: bool,
) -> None:  # fmt: skip
    client.turn_to("permissions")
    command = {**without_nothing(its), "subject_id": await id_named(client, who)}
    await _ask(client, {"commands": [command]}, at, is_json=is_json)


async def _ask(
    client: DaybookClient, change: dict[str, object], at: datetime | None, *, is_json: bool
) -> None:
    client.turn_to("permissions")
    body = without_nothing({**change, "as_of": None if at is None else at.isoformat()})
    found = read_answer(Foreseen, await client.send(Call("POST", "/v1/what-if", json=body)))
    if is_json:
        show(found.as_json())
        return
    show_changes(found.changes)
    told = len({one.subject_id for one in found.changes})
    if found.people > told:
        show(f"… and of {found.people - told} more.")
    if not found.people:
        show("Nobody would gain or lose anything.")
    show_dangers("Two people must agree to it", found)
    if found.refused is not None:
        helper = found.refused.who_can_help
        can = f" (who can help: {helper})" if helper else ""
        show(f"You could not do it: {found.refused.detail}{can}")
    show(f"computed for {shown_time(found.as_of)}, from permissions up to change {found.position}")
