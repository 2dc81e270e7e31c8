"""An operator sees what a read model could not apply, and has it retried or discarded."""

import click

from cli.answers import ParkedStream
from cli.client import DaybookClient
from cli.commands.ordering import place_and_follow, show_result
from cli.commands.screen import say, show, show_table, shown_time
from cli.commands.session import speaks_as

HEADINGS = ("stream", "read model", "failed event", "why", "where", "since", "waiting")
PROJECTION = click.option(
    "--projection", default="directory", show_default=True, help="Which read model."
)
JSON = click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")


@click.group()
def parked() -> None:
    """Look at parked streams; retry or discard what is parked."""


@parked.command("list")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@JSON
@speaks_as("oscar")
async def list_parked(client: DaybookClient, limit: int, *, is_json: bool) -> None:
    """List the parked streams: the event that failed, why and where, and how many wait."""
    page = await client.parked(limit=limit)
    if is_json:
        show(page.as_json())
        return
    if page.items:
        show_table(HEADINGS, [_row(stream) for stream in page.items])
    else:
        show("Nothing is parked.")
    if page.next_page_token is not None:
        say(f"There are more than {limit}; see them with a larger --limit.")


@parked.command()
@click.argument("stream")
@PROJECTION
@JSON
@speaks_as("oscar")
async def retry(client: DaybookClient, stream: str, projection: str, *, is_json: bool) -> None:
    """Apply the parked events of STREAM again, in order, as far as they go."""
    order = await place_and_follow(client, projection, "retry", {"stream": stream})
    show_result(order, is_json=is_json)


@parked.command()
@click.argument("stream")
@click.argument("event_id", type=click.UUID)
@click.option("--reason", required=True, help="Why, kept for ever; no personal data.")
@PROJECTION
@JSON
@speaks_as("oscar")
async def discard(
    client: DaybookClient,
    stream: str,
    event_id: object,
    reason: str,
    projection: str,
    *,
    is_json: bool,
) -> None:
    """Pass over the event at which STREAM stands still, in this read model, for good.

    What waits behind it is retried. The event itself stays in the store and in the history.
    """
    argument = {"stream": stream, "event_id": str(event_id), "reason": reason}
    show_result(await place_and_follow(client, projection, "discard", argument), is_json=is_json)


def _row(stream: ParkedStream) -> tuple[str, ...]:
    return (
        stream.stream,
        f"{stream.projection} {stream.version}",
        f"{stream.event_id} ({stream.type}, version {stream.stream_version})",
        stream.error,
        stream.place,
        shown_time(stream.first_failed_at),
        str(stream.events),
    )
