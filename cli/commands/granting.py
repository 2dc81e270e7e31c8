"""Who has what is seen, given, requested, approved and ended from the command line."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import click

from cli.client import DaybookClient
from cli.commands.changing import post, with_reason
from cli.commands.screen import NOTHING, counted, show, show_table, shown_time
from cli.commands.session import speaks_as
from cli.permission_answers import (
    Approver,
    Asked,
    Done,
    Given,
    GrantPage,
    Nobody,
    Requested,
    RequestPage,
    Subject,
    SubjectPage,
    Terms,
)
from cli.refusals import read_answer
from shared.errors import NotFoundError

GRANTS = ("who", "what", "how far", "until", "state", "id")
REQUESTS = ("for", "what", "how far", "state", "who can approve", "reason", "id")
LARGEST_PAGE = 200


@click.command()
@click.argument("who", required=False)
@click.option("--to-review", is_flag=True, help="Only emergencies that nobody looked at yet.")
@speaks_as("erin")
async def grants(client: DaybookClient, who: str | None, *, to_review: bool) -> None:
    """List who was given what: everybody whom you reach, or only WHO."""
    client.turn_to("permissions")
    asked = None if who is None else await id_named(client, who, also_left=True)
    only = "true" if to_review else None
    params = {"subject_id": asked, "to_review": only, "page_size": LARGEST_PAGE}
    page = await client.get(GrantPage, "/v1/grants", params)
    show_table(GRANTS, [_grant(one) for one in page.items])
    if to_review and not page.items:
        show("Nothing waits to be reviewed.")
    elif who is not None and not page.items:
        show("Nothing is given, or it ended: when somebody leaves, everything does.")
    _tell_of_more(page.next_page_token)


@click.command()
@click.argument("who")
@click.argument("what")
@click.option("--until", type=click.DateTime(), help="Its end (UTC); unless said, for good.")
@click.option("--scope", help="At most so far: own, team, department or all.")
@click.option("--clearance", help="At most so secret.")
@with_reason
@speaks_as("erin")
async def give(
    client: DaybookClient, who: str, what: str, until: datetime | None, scope: str | None,
    clearance: str | None, reason: str,
) -> None:  # fmt: skip
    """Give WHO the role or permission WHAT at once."""
    client.turn_to("permissions")
    subject_id = await id_named(client, who)
    end = None if until is None else f"{until.isoformat()}Z"
    said = {"subject_id": subject_id, **asked_of(what), "scope": scope, "clearance": clearance}
    answer = await post(client, "/v1/grants", {**said, "until": end, "reason": reason})
    show(f"Given: {read_answer(Done, answer).grant_id}")


@click.command()
@click.argument("who")
@click.argument("grant_id", type=click.UUID)
@with_reason
@speaks_as("erin")
async def revoke(client: DaybookClient, who: str, grant_id: UUID, reason: str) -> None:
    """End a grant of WHO."""
    client.turn_to("permissions")
    subject_id = await id_named(client, who)
    body = {"subject_id": subject_id, "grant_id": str(grant_id), "reason": reason}
    await post(client, "/v1/grants/revoke", body)
    show("Revoked.")


@click.command()
@click.argument("what")
@click.option("--record", help="The id of the record that was refused.")
@click.option("--hours", type=int, help="How long, from the approval on.  [default: 8]")
@with_reason
@speaks_as("alice")
async def request(
    client: DaybookClient, what: str, record: str | None, hours: int | None, reason: str
) -> None:
    """Ask for the role or permission WHAT, for yourself."""
    client.turn_to("permissions")
    body = {**asked_of(what), "record_id": record, "hours": hours, "reason": reason}
    asked = read_answer(Asked, await post(client, "/v1/requests", body))
    show(f"Requested: {asked.grant_id}")
    show(f"Who can approve it: {_names(asked.approvers)}")
    _tell_why_nobody(asked.nobody)


@click.command()
@speaks_as("alice")
async def requests(client: DaybookClient) -> None:
    """List your own requests, and what became of them."""
    await _list_requests(client, "/v1/requests", {"mine": "true", "page_size": LARGEST_PAGE})


@click.command()
@speaks_as("bob")
async def approvals(client: DaybookClient) -> None:
    """List what waits for your approval."""
    await _list_requests(client, "/v1/approvals", {"page_size": LARGEST_PAGE})


@click.command()
@click.argument("request_id", type=click.UUID)
@speaks_as("bob")
async def approve(client: DaybookClient, request_id: UUID) -> None:
    """Approve a request; it works at once."""
    waiting = await _waiting(client, request_id)
    body = {"subject_id": waiting.subject_id, "grant_id": waiting.id}
    await post(client, "/v1/approvals", body)
    show("Approved: it works from now on.")


@click.command()
@click.argument("request_id", type=click.UUID)
@with_reason
@speaks_as("bob")
async def refuse(client: DaybookClient, request_id: UUID, reason: str) -> None:
    """Refuse a request; who asked is told why."""
    waiting = await _waiting(client, request_id)
    body = {"subject_id": waiting.subject_id, "grant_id": waiting.id, "reason": reason}
    await post(client, "/v1/requests/refuse", body)
    show("Refused.")


@click.command()
@click.argument("who")
@click.option("--reason", help="Why; kept with it.")
@click.option("--ticket", help="The reference of your own ticket about it; with a reason.")
@speaks_as("erin")
async def leave(client: DaybookClient, who: str, reason: str | None, ticket: str | None) -> None:
    """Let WHO leave: everything that they may do ends, for good."""
    client.turn_to("permissions")
    subject = await subject_named(client, who)
    why = {"reason": reason, "ticket": ticket}
    await post(client, f"/v1/subjects/{subject.id}/leave", why, version=subject.version)
    show("Left.")


async def _list_requests(client: DaybookClient, path: str, params: dict[str, str | int]) -> None:
    client.turn_to("permissions")
    page = await client.get(RequestPage, path, params)
    show_table(REQUESTS, [_request(one) for one in page.items])
    for why in {
        one.nobody.why: one.nobody for one in page.items if one.nobody is not None
    }.values():
        _tell_why_nobody(why)
    _tell_of_more(page.next_page_token)


async def _waiting(client: DaybookClient, request_id: UUID) -> Requested:
    client.turn_to("permissions")
    page = await client.get(RequestPage, "/v1/approvals", {"page_size": LARGEST_PAGE})
    found = next((one for one in page.items if one.id == str(request_id)), None)
    if found is None:
        raise NotFoundError(
            "no such request waits for you",
            fix="see what does with `daybook permissions approvals`",
        )
    return found


async def id_named(client: DaybookClient, who: str, *, also_left: bool = False) -> str:
    """Return the id itself, or whose it is who signs in by a name (raises as subject_named)."""
    try:
        return str(UUID(who))
    except ValueError:
        return (await subject_named(client, who, also_left=also_left)).id


async def subject_named(client: DaybookClient, who: str, *, also_left: bool = False) -> Subject:
    """Return whom an id or the name to sign in with means; who left only if that is asked for.

    Raises:
        NotFoundError: nobody whom the caller may see, or somebody who left.
    """
    try:
        return await client.get(Subject, f"/v1/subjects/{UUID(who)}")
    except ValueError:
        found = await _called(client, who)
    if found is None:
        found = await _called(client, who, life="left")
        if found is not None and not also_left:
            raise NotFoundError(
                "whoever signed in by this name left",
                fix="see with `daybook permissions grants WHO` what is left to be reviewed,"
                f" and with `daybook leavers {found.id}` who refuses them since when",
            )
    if found is None:
        raise NotFoundError(
            "nobody whom you may see signs in by this name",
            fix="give the name to sign in with, or the id",
        )
    return found


async def _called(client: DaybookClient, who: str, life: str | None = None) -> Subject | None:
    params = {"q": who, "life": life, "page_size": LARGEST_PAGE}
    page = await client.get(SubjectPage, "/v1/subjects", params)
    named = (one for one in page.items if (one.user_name or "").casefold() == who.casefold())
    return next(named, None)


def asked_of(what: str) -> dict[str, object]:
    """Return WHAT as the api wants it: a permission has a colon in its name, a role has none."""
    return {"permission" if ":" in what else "role": what}


def _grant(one: Given) -> tuple[str, ...]:
    end = NOTHING if one.until is None else shown_time(one.until)
    who = one.user_name or one.display_name or one.subject_id
    return (who, _named(one), _how_far(one), end, one.state, one.id)


def _request(one: Requested) -> tuple[str, ...]:
    who = one.display_name or one.subject_id
    approvers = NOTHING if one.approvers is None else _names(one.approvers)
    return (
        who, _named(one), _how_far(one), one.state, approvers, one.reason or NOTHING, one.id,
    )  # fmt: skip


def _named(one: Terms) -> str:
    what = one.role or one.permission or NOTHING
    return what if one.effect == "allow" else f"not {what}"


def _how_far(one: Terms) -> str:
    records = None if one.records is None else counted(len(one.records), "record")
    hours = None if one.hours is None else f"{one.hours:g} h"
    told = [each for each in (one.scope, one.clearance, records, hours) if each]
    return ", ".join(told) or NOTHING


def _names(approvers: Sequence[Approver]) -> str:
    return ", ".join(one.display_name or one.id for one in approvers) or "nobody now"


def _tell_why_nobody(nobody: Nobody | None) -> None:
    if nobody is not None:
        show(f"Why nobody now: {nobody.why}")
        show(f"Fix: {nobody.fix} (who can help: {nobody.who_can_help})")


def _tell_of_more(token: str | None) -> None:
    if token is not None:
        show(f"… and more: these are the first {LARGEST_PAGE}.")


COMMANDS = (grants, give, revoke, request, requests, approvals, approve, refuse, leave)
