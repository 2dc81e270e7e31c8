"""Access reviews are decided and signed off, and findings mended, from the command line."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import click

from cli.answers import Answer
from cli.client import Call, DaybookClient
from cli.commands.screen import NOTHING, show, show_table, shown_person, shown_time
from cli.commands.session import speaks_as

REVIEWS = ("review", "title", "state", "undecided", "yours", "due")
ITEMS = ("item", "who", "what", "how far", "last use", "of the same department", "decision")
FINDINGS = ("kind", "who", "what", "why", "loses", "finding")
PAGE = 20


class Review(Answer):
    """A review, and how far it is."""

    id: str
    title: str
    state: str
    undecided: int
    mine: int
    due: datetime
    version: int


class ReviewPage(Answer):
    """Some reviews."""

    items: list[Review]
    next_page_token: str | None = None


class Item(Answer):
    """One grant to decide on, with hints."""

    number: int
    subject: dict[str, Any]
    grant: dict[str, Any]
    is_gone: bool
    decision: str | None = None
    hints: dict[str, Any]


class ItemPage(Answer):
    """Some items."""

    items: list[Item]
    next_page_token: str | None = None


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
def reviews() -> None:
    """Decide in access reviews, sign them off, and get what came of them."""


@reviews.command("list")
@speaks_as("erin")
async def list_reviews(client: DaybookClient) -> None:
    """List reviews, the latest first."""
    client.turn_to("permissions")
    page = await client.get(ReviewPage, "/v1/reviews")
    show_table(REVIEWS, [_review(one) for one in page.items])
    _tell_of_more(page.next_page_token)


@reviews.command("show")
@click.argument("review_id", type=click.UUID)
@click.option("--open", "only_open", is_flag=True, help="Only what nobody decided yet.")
@speaks_as("bob")
async def show_review(client: DaybookClient, review_id: UUID, *, only_open: bool) -> None:
    """Show the items of a review that are yours to decide, or all if you may see them."""
    client.turn_to("permissions")
    params: dict[str, str | int | None] = {"open": "true" if only_open else None}
    token: str | None = None
    rows: list[tuple[str, ...]] = []
    while True:
        asked = {**params, "page_size": PAGE, "page_token": token}
        page = await client.get(ItemPage, f"/v1/reviews/{review_id}/items", asked)
        rows += [_item(one) for one in page.items]
        token = page.next_page_token
        if token is None:
            break
    show_table(ITEMS, rows)


@reviews.command()
@click.argument("review_id", type=click.UUID)
@click.argument("number", type=click.IntRange(1))
@click.argument("decision", type=click.Choice(["keep", "revoke", "reduce"]))
@click.option("--reason", required=True, help="Why; kept with it.")
@click.option("--scope", help="Reduced: at most so far: own, team, department or all.")
@click.option("--clearance", help="Reduced: at most so secret.")
@click.option("--until", type=click.DateTime(), help="Reduced: its end (UTC).")
@speaks_as("bob")
async def decide(
    client: DaybookClient, review_id: UUID, number: int, decision: str, reason: str,
    scope: str | None, clearance: str | None, until: datetime | None,
) -> None:  # fmt: skip
    """Decide on item NUMBER of a review; said again, another decision holds."""
    client.turn_to("permissions")
    end = None if until is None else f"{until.isoformat()}Z"
    less = {"scope": scope, "clearance": clearance, "until": end}
    said = {name: value for name, value in less.items() if value is not None}
    item = {"number": number, "decision": decision, "reason": reason, **said}
    await _post(client, f"/v1/reviews/{review_id}/decisions", {"items": [item]})
    show(f"Item {number}: {decision}. Nothing changes before sign-off.")


@reviews.command("sign-off")
@click.argument("review_id", type=click.UUID)
@speaks_as("erin")
async def sign_off(client: DaybookClient, review_id: UUID) -> None:
    """Carry out what was decided, as the review is at this moment."""
    client.turn_to("permissions")
    review = await client.get(Review, f"/v1/reviews/{review_id}")
    await _post(client, f"/v1/reviews/{review_id}/sign-off", None, version=review.version)
    show(f"Signed off: {review.title}. `daybook permissions reviews report` shows what came of it.")


@reviews.command()
@click.argument("review_id", type=click.UUID)
@speaks_as("dave")
async def report(client: DaybookClient, review_id: UUID) -> None:
    """Write the report to the standard output, byte by byte; its signature to stderr."""
    client.turn_to("permissions")
    answer = await client.send(Call("GET", f"/v1/reviews/{review_id}/report"))
    click.get_binary_stream("stdout").write(answer.content)
    click.echo(f"Daybook-Signature: {answer.headers['Daybook-Signature']}", err=True)


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
    _tell_of_more(page.next_page_token)
    for one in page.not_known:
        show(f"{one['kind']} cannot be found yet: {one['why']}")


@findings.command()
@click.argument("finding_id", type=click.UUID)
@speaks_as("erin")
async def remedy(client: DaybookClient, finding_id: UUID) -> None:
    """Mend what was found: the grant is revoked, under the same rules as ever."""
    client.turn_to("permissions")
    found = await client.get(Finding, f"/v1/findings/{finding_id}")
    await _post(client, f"/v1/findings/{finding_id}/remedy", None, version=found.version)
    lost = ", ".join(found.loses) or "nothing that another grant does not give"
    show(f"Revoked {_what(found.grant)} of {_who(found.subject)}; lost: {lost}")


async def _post(
    client: DaybookClient, path: str, body: dict[str, object] | None, version: int | None = None
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    await client.send(Call("POST", path, json=body, headers=headers))


def _review(one: Review) -> tuple[str, ...]:
    counted = str(one.undecided), str(one.mine)
    return (one.id, one.title, one.state, *counted, shown_time(one.due))


def _item(one: Item) -> tuple[str, ...]:
    peers = one.hints["same_department"]
    decision = "gone" if one.is_gone else one.decision or NOTHING
    used = one.hints.get("last_use") or one.hints["last_use_is"]
    return (
        str(one.number), _who(one.subject), _what(one.grant), _far(one.grant), used,
        f"{peers['have_it']} of {peers['others']}", decision,
    )  # fmt: skip


def _finding(one: Finding) -> tuple[str, ...]:
    why = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in one.because.items())
    lost = ", ".join(one.loses) or NOTHING
    return (one.kind, _who(one.subject), _what(one.grant), why, lost, one.id)


def _who(subject: dict[str, Any]) -> str:
    return str(subject.get("display_name") or shown_person(str(subject["id"])))


def _what(grant: dict[str, Any]) -> str:
    return str(grant.get("role") or grant.get("permission") or NOTHING)


def _far(grant: dict[str, Any]) -> str:
    return ", ".join(str(grant[n]) for n in ("scope", "clearance") if grant.get(n)) or NOTHING


def _tell_of_more(token: str | None) -> None:
    if token is not None:
        show("… and more: these are the first.")


COMMANDS = (reviews, findings)
