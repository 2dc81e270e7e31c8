"""One customer can be seen as it is, as it was, how it came to be, and how far a change got."""

import json
from datetime import UTC, datetime
from uuid import UUID

import click

from cli.client import DaybookClient
from cli.commands.card import card
from cli.commands.journey import journey_lines
from cli.commands.screen import ERASED, NOTHING, show, shown_person, shown_time
from cli.commands.session import CustomerId, speaks_as
from cli.customer_answers import FieldChange, HistoryItem


class Moment(click.ParamType):
    """A time in ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time, or show how to write one."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return self.fail(
                f"{value!r} is not a time.\nFix: write it as 2026-08-22T10:00:00 (UTC) "
                "or 2026-08-22T12:00:00+02:00",
                param,
                ctx,
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group()
def customers() -> None:
    """Look at one customer."""


@customers.command("show")
@click.argument("customer_id", type=CustomerId(), metavar="ID")
@click.option("--as-of", type=Moment(), help="As it was at this time (UTC unless it says more).")
@click.option("--version", type=click.IntRange(1), help="As it was at this version.")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("alice")
async def show_customer(
    client: DaybookClient,
    customer_id: UUID,
    as_of: datetime | None,
    version: int | None,
    *,
    is_json: bool,
) -> None:
    """Show one customer, now or as it was."""
    moment = as_of.isoformat() if as_of else None
    customer = await client.customer(customer_id, as_of=moment, version=version)
    if is_json:
        show(customer.as_json())
        return
    for line in card(customer):
        show(line)


@customers.command()
@click.argument("customer_id", type=CustomerId(), metavar="ID")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("alice")
async def history(client: DaybookClient, customer_id: UUID, *, is_json: bool) -> None:
    """Show everything that happened to one customer, and what each change changed."""
    past = await client.history(customer_id)
    if is_json:
        show(past.as_json())
        return
    for item in past.items:
        for line in _chapter(item):
            show(line)


@customers.command()
@click.argument("customer_id", type=CustomerId(), metavar="ID")
@click.option("--version", type=click.IntRange(1), help="The change; without it, the latest.")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@speaks_as("alice")
async def journey(
    client: DaybookClient, customer_id: UUID, version: int | None, *, is_json: bool
) -> None:
    """Show where a change of one customer is now: stored, on Kafka, in each read model."""
    travelled = await client.journey(customer_id, version=version)
    if is_json:
        show(travelled.as_json())
        return
    for line in journey_lines(travelled):
        show(line)


def _chapter(item: HistoryItem) -> list[str]:
    by = shown_person(item.actor)
    head = f"v{item.version}  {shown_time(item.recorded_at)}  {item.type}  by {by}"
    lost = [f"    {ERASED}"] if item.erased else []
    return [head, *map(_diff, item.changes), *lost]


def _diff(change: FieldChange) -> str:
    return f"    {change.field}: {_value(change.before)} → {_value(change.after)}"


def _value(value: object) -> str:
    match value:
        case None:
            return NOTHING
        case str():
            return value
        case {"address": str(address)}:
            return address
        case {"address": None}:
            return ERASED
        case _:
            return json.dumps(value, ensure_ascii=False)
