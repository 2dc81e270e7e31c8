"""An operator has read models compared with the store, and rows made anew."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from cli.answers import Order
from cli.client import DaybookClient
from cli.commands.ordering import place_and_follow, show_result
from cli.commands.screen import NOTHING, say, show, show_table
from cli.commands.session import speaks_as

NOT_REPAIRED_HEADINGS = ("not repaired", "event", "why")
NOT_REPAIRED_FIX = (
    "Fix: have the developers mend what raises there, or `daybook parked discard` the event if it"
    " is parked; then repair again."
)
HEADINGS = ("stream", "what", "fields", "version", "must be")
PROJECTION = click.option(
    "--projection", default="directory", show_default=True, help="Which read model."
)
JSON = click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")


@click.group()
def verify() -> None:
    """Compare what is kept with what must be."""


@verify.command("projections")
@PROJECTION
@click.option("--repair", is_flag=True, help="Make the rows that differ anew.")
@JSON
@speaks_as("oscar")
async def verify_projections(
    client: DaybookClient, projection: str, *, repair: bool, is_json: bool
) -> None:
    """Compare a read model with a fold of the store, while both go on.

    Names the streams and fields that differ, never what they hold. A row that cannot be made anew
    is named and stops no other. Exit code 1 if something differs and was not repaired.
    """
    order = await place_and_follow(client, projection, "verify", {"repair": repair})
    if order is None or order.result is None:
        return
    if is_json:
        show(order.as_json())
    else:
        _tell(order, order.result)
    if order.result["differing"] > order.result["repaired"]:
        sys.exit(1)


@click.command()
@click.argument("stream")
@PROJECTION
@JSON
@speaks_as("oscar")
async def replay(client: DaybookClient, stream: str, projection: str, *, is_json: bool) -> None:
    """Make the row of one STREAM (customer-ID) anew from the store, with what is parked of it."""
    order = await place_and_follow(client, projection, "replay", {"stream": stream})
    show_result(order, is_json=is_json)


def _tell(order: Order, result: Mapping[str, Any]) -> None:
    found: list[Mapping[str, Any]] = result["differences"]
    if found:
        show_table(HEADINGS, [_row(each) for each in found])
    if len(found) < result["differing"]:
        say(f"There are {result['differing']}; the first {len(found)} are shown.")
    show(
        f"{order.projection}: {result['streams']} streams compared,"
        f" {result['differing']} differ, {result['repaired']} repaired."
    )
    left: list[Mapping[str, str]] = result.get("not_repaired", [])
    if left:
        rows = [(each["stream"], each["event_id"], each["why"]) for each in left]
        show_table(NOT_REPAIRED_HEADINGS, rows)
        say(NOT_REPAIRED_FIX)


def _row(each: Mapping[str, Any]) -> tuple[str, ...]:
    versions = (each.get("version"), each.get("version_of_fold"))
    return (
        str(each["stream"]),
        str(each["what"]),
        ", ".join(each["fields"]) or NOTHING,
        *(NOTHING if version is None else str(version) for version in versions),
    )
