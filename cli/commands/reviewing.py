"""Access reviews are started, handed on, decided and signed off from the command line."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from cli.answers import Answer
from cli.client import Call, DaybookClient
from cli.commands.changing import post, with_reason, without_nothing
from cli.commands.customers import Moment
from cli.commands.granting import id_named
from cli.commands.screen import NOTHING, show, show_table, shown_person, shown_time
from cli.commands.session import speaks_as
from cli.refusals import read_answer

REVIEWS = ("review", "title", "state", "undecided", "yours", "due")
ITEMS = ("item", "who", "what", "how far", "last use", "of the same department", "decision")
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


class Started(Answer):
    """The new review."""

    id: str


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


@click.group()
def reviews() -> None:
    """Start access reviews, decide in them, sign them off, and get what came of them."""


@reviews.command()
@click.argument("title")
@click.option("--due", type=Moment(), required=True, help="Until when (UTC unless it says more).")
@click.option("--role", "roles", multiple=True, help="Only of this role; may be repeated.")
@click.option("--department", help="Only of people in this department, or below it.")
@click.option("--risk", help="Only of this risk or higher: low, normal, high or critical.")
@click.option("--kept-after-a-move", is_flag=True, help="Only what somebody had before moving.")
@click.option("--silence", help="What counts when nobody decides: keep or revoke.")
@speaks_as("erin")
async def start(
    client: DaybookClient, title: str, due: datetime, roles: tuple[str, ...],
    department: str | None, risk: str | None, silence: str | None, *, kept_after_a_move: bool,
) -> None:  # fmt: skip
    """Start a review of the grants that all options choose; TITLE says nothing of people."""
    client.turn_to("permissions")
    chosen = {"roles": roles, "department": department, "risk": risk}
    body = {"title": title, **chosen, "due": due.isoformat(), "silence": silence}
    answer = await post(
        client, "/v1/reviews", {**body, "kept_after_a_move": kept_after_a_move or None}
    )
    show(f"Started: {read_answer(Started, answer).id}")


@reviews.command()
@click.argument("review_id", type=click.UUID)
@click.argument("numbers", type=click.IntRange(1), nargs=-1, required=True)
@click.option(
    "--to",
    "whom",
    required=True,
    help="Who is to decide: a name or an id.",
)
@with_reason
@speaks_as("bob")
async def delegate(
    client: DaybookClient, review_id: UUID, numbers: tuple[int, ...], whom: str, reason: str
) -> None:
    """Let somebody else decide on items NUMBERS: yours, or any, if you start reviews."""
    client.turn_to("permissions")
    body = {"items": numbers, "to": await id_named(client, whom), "reason": reason}
    await post(client, f"/v1/reviews/{review_id}/delegations", body)
    show(f"Handed on to {whom}: {', '.join(map(str, numbers))}")


@reviews.command("list")
@speaks_as("erin")
async def list_reviews(client: DaybookClient) -> None:
    """List reviews, the latest first."""
    client.turn_to("permissions")
    page = await client.get(ReviewPage, "/v1/reviews")
    show_table(REVIEWS, [_review(one) for one in page.items])
    tell_of_more(page.next_page_token)


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
@with_reason
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
    item = {"number": number, "decision": decision, "reason": reason, **without_nothing(less)}
    await post(client, f"/v1/reviews/{review_id}/decisions", {"items": [item]})
    show(f"Item {number}: {decision}. Nothing changes before sign-off.")


@reviews.command("sign-off")
@click.argument("review_id", type=click.UUID)
@speaks_as("erin")
async def sign_off(client: DaybookClient, review_id: UUID) -> None:
    """Carry out what was decided, as the review is at this moment."""
    client.turn_to("permissions")
    review = await client.get(Review, f"/v1/reviews/{review_id}")
    await post(client, f"/v1/reviews/{review_id}/sign-off", version=review.version)
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


def _review(one: Review) -> tuple[str, ...]:
    counted = str(one.undecided), str(one.mine)
    return (one.id, one.title, one.state, *counted, shown_time(one.due))


def _item(one: Item) -> tuple[str, ...]:
    peers = one.hints["same_department"]
    decision = "gone" if one.is_gone else one.decision or NOTHING
    used = one.hints.get("last_use") or one.hints["last_use_is"]
    return (
        str(one.number), who_of(one.subject), what_of(one.grant), _far(one.grant), used,
        f"{peers['have_it']} of {peers['others']}", decision,
    )  # fmt: skip


def who_of(subject: dict[str, Any]) -> str:
    """Return whose grant it is, by name if you may see it."""
    return str(subject.get("display_name") or shown_person(str(subject["id"])))


def what_of(grant: dict[str, Any]) -> str:
    """Return which role or permission it gives."""
    return str(grant.get("role") or grant.get("permission") or NOTHING)


def tell_of_more(token: str | None) -> None:
    """Say that a list goes on, if it does."""
    if token is not None:
        show("… and more: these are the first.")


def _far(grant: dict[str, Any]) -> str:
    return ", ".join(str(grant[n]) for n in ("scope", "clearance") if grant.get(n)) or NOTHING
