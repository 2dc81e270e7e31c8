"""An operator sees which read models there are, and orders what is to be done with them."""

from collections.abc import Mapping
from typing import Any

import click

from cli.answers import Order, Projection, ProjectionList
from cli.client import DaybookClient
from cli.commands.ordering import in_words, place_and_follow, show_result
from cli.commands.screen import NOTHING, in_short, say_as_of, show, show_table, shown_person
from cli.commands.session import Command, speaks_as
from cli.local.services import SERVICES

VERSION_HEADINGS = ("read model", "version", "state", "events", "to do", "parked", "told")
ORDER_HEADINGS = ("order", "kind", "state", "by", "told")

NAMES = [each.name for each in SERVICES]


@click.group()
def projections() -> None:
    """Look at the read models, and give orders about them."""


@projections.command("list")
@click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")
@click.option(
    "--service",
    type=click.Choice(NAMES),
    help="Only of this one.  [default: all, or that of --url]",
)
@speaks_as("oscar")
async def list_projections(client: DaybookClient, *, is_json: bool, service: str | None) -> None:
    """List every read model: its versions, how far they are, and the latest orders."""
    found = ProjectionList(items=[])
    every = NAMES[:1] if client.addresses.is_chosen else NAMES
    for name in every if service is None else [service]:
        client.turn_to(name)
        found.items.extend((await client.projections()).items)
    if is_json:
        show(found.as_json())
        return
    for projection in found.items:
        show_table(VERSION_HEADINGS, [_version_row(projection, v) for v in projection.versions])
        say_as_of(projection)
        if projection.orders:
            show("")
            show_table(ORDER_HEADINGS, [_order_row(order) for order in projection.orders])


def _ordering(kind: str, says: str, *options: click.Option) -> click.Command:
    """Return the command that places an order of this kind and follows it."""
    name_option = click.Option(
        ["--projection"], default="directory", show_default=True, help="Which read model."
    )
    service_option = click.Option(
        ["--service"], type=click.Choice(NAMES), help="Of which service.  [default: customers]"
    )
    json_option = click.Option(
        ["--json", "is_json"], is_flag=True, help="One JSON document, for programs."
    )

    @speaks_as("oscar")
    async def order(
        client: DaybookClient,
        projection: str,
        *,
        is_json: bool,
        service: str | None,
        **argument: object,
    ) -> None:
        if service is not None:
            client.turn_to(service)
        given = {name: value for name, value in argument.items() if value is not None}
        show_result(await place_and_follow(client, projection, kind, given), is_json=is_json)

    return _command(kind, says, order, [*options, name_option, service_option, json_option])


def _command(name: str, says: str, run: Command, options: list[click.Option]) -> click.Command:
    command = click.command(name, help=says)(run)
    command.params[:0] = options
    return command


def _version_option(*, is_needed: bool) -> click.Option:
    return click.Option(
        ["--version"], type=click.IntRange(1), required=is_needed, help="Which version of it."
    )


projections.add_command(
    _ordering("rebuild", "Build a read model anew beside the old one, then hand over.")
)
projections.add_command(
    _ordering(
        "back", "Go back to the version before the last handover.", _version_option(is_needed=False)
    )
)
projections.add_command(
    _ordering("drop", "Drop a version that nobody reads any more.", _version_option(is_needed=True))
)


def _version_row(projection: Projection, version: Mapping[str, Any]) -> tuple[str, ...]:
    marks = version.get("marks", [])
    parked = version.get("parked")
    return (
        projection.name,
        str(version["version"]),
        str(version["state"]),
        str(sum(int(mark["feed_position"]) for mark in marks)),
        _to_do(version),
        NOTHING if parked is None else f"{parked['events']} of {parked['streams']} stream(s)",
        version.get("problem") or version.get("trouble") or version.get("reason") or NOTHING,
    )


def _to_do(version: Mapping[str, Any]) -> str:
    """Say how much is left of a version that is being built, and how long that takes."""
    to_do, seconds = version.get("events_to_do"), version.get("seconds_left")
    if version["state"] != "building" or to_do is None:
        return NOTHING
    return f"{to_do}" if seconds is None else f"{to_do} (about {seconds:.0f} s)"


def _order_row(order: Order) -> tuple[str, ...]:
    told = order.error or in_words(order.result or order.progress).strip(" ()")
    return (
        order.id,
        order.kind,
        order.state,
        in_short(shown_person(order.ordered_by)),
        told or NOTHING,
    )
