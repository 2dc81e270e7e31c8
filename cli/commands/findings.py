"""What somebody should look at is listed, and mended, from the command line."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from cli.answers import Answer
from cli.client import DaybookClient
from cli.commands.changing import post
from cli.commands.reviewing import tell_of_more, what_of, who_of
from cli.commands.screen import NOTHING, show, show_table, shown_time
from cli.commands.session import speaks_as

FINDINGS = ("kind", "who", "what", "why", "loses", "finding")


class Finding(Answer):
    """A grant that somebody should look at."""

    id: str
    kind: str
    subject: dict[str, Any]
    grant: dict[str, Any]
    because: dict[str, Any]
    loses: list[str]
    version: int


class FindingPage(Answer):
    """Some findings, and what cannot be found yet."""

    items: list[Finding]
    not_known: tuple[dict[str, str], ...] = ()
    next_page_token: str | None = None


@click.group()
def findings() -> None:
    """See which grants somebody should look at, and mend them."""


@findings.command("list")
@click.option("--kind", help="Only this kind, for example unused.")
@speaks_as("erin")
async def list_findings(client: DaybookClient, kind: str | None) -> None:
    """List what somebody should look at."""
    client.turn_to("permissions")
    page = await client.get(FindingPage, "/v1/findings", {"kind": kind})
    show_table(FINDINGS, [_finding(one) for one in page.items])
    tell_of_more(page.next_page_token)
    for one in page.not_known:
        show(f"{one['kind']} cannot be found yet: {one['why']}")


@findings.command()
@click.argument("finding_id", type=click.UUID)
@speaks_as("erin")
async def remedy(client: DaybookClient, finding_id: UUID) -> None:
    """Mend what was found: the grant is revoked, under the same rules as ever."""
    client.turn_to("permissions")
    found = await client.get(Finding, f"/v1/findings/{finding_id}")
    await post(client, f"/v1/findings/{finding_id}/remedy", version=found.version)
    lost = ", ".join(found.loses) or "nothing that another grant does not give"
    show(f"Revoked {what_of(found.grant)} of {who_of(found.subject)}; lost: {lost}")


def _finding(one: Finding) -> tuple[str, ...]:
    lost = ", ".join(one.loses) or NOTHING
    return (one.kind, who_of(one.subject), what_of(one.grant), why(one), lost, one.id)


def why(one: Finding) -> str:
    """Return in words why somebody should look at it."""
    its = one.because
    match one.kind:
        case "outside_the_role" if its.get("is_covered_by_a_role"):
            return f"given anyway by a role that they have: {', '.join(its['covered_by'])}"
        case "outside_the_role":
            roles = ", ".join(its["roles_with_it"]) or "no role"
            return f"no role that they have gives it, and it has no end; {roles} would"
        case "wider_than_peers":
            return f"only {its['have_it']} of {its['others']} others of the department have it"
        case "kept_after_a_move":
            where = its.get("department")
            return "given before a move" + (f" to {where}" if where else "")
        case "unused":
            last, known = _time(its.get("last_use")), _time(its.get("known_since"))
            told = "" if last or not known else f", known since {known}"
            return (f"last used {last}" if last else "never used") + told
        case _:
            return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in its.items())


def _time(text: str | None) -> str | None:
    return None if text is None else shown_time(datetime.fromisoformat(text))
