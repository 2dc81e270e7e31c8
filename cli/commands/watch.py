"""Whoever watches sees every change of a customer once, also across lost connections."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

import click
from pydantic import ValidationError

from cli.answers import Changed
from cli.client import DaybookClient
from cli.commands.screen import say, show, shown_name
from cli.commands.session import speaks_as
from cli.refusals import NotUnderstoodError, RefusedError, is_worth_another_try, pause_seconds
from shared.clock import SystemClock
from shared.errors import DaybookError, UnavailableError


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream of server-sent events."""

    id: str | None
    event: str
    data: str


@click.group()
def watch() -> None:
    """See changes as they happen; Ctrl-C ends it."""


@watch.command("customers")
@click.option("--stop-after", type=click.IntRange(1), help="End after so many changes.")
@click.option("--json", "is_json", is_flag=True, help="One JSON document a line, without names.")
@speaks_as("alice")
async def watch_customers(client: DaybookClient, stop_after: int | None, *, is_json: bool) -> None:
    """Print a line for every change of a customer."""
    seen = 0
    async with aclosing(changes(client, note=say)) as stream:
        async for change in stream:
            show(change.as_json() if is_json else await _line(client, change))
            seen += 1
            if seen == stop_after:
                return


async def changes(
    client: DaybookClient, *, note: Callable[[str], None]
) -> AsyncGenerator[Changed, None]:
    """Yield every change from now on; connects again, for ever, where the stream broke off.

    Raises only when the first connection fails, or when the service refuses for good.
    """
    last_id: str | None = None
    failed, was_connected = 0, False
    while True:
        broke: DaybookError = UnavailableError("The service ended the connection.")
        try:
            async with client.watch(last_id) as lines:
                note("Connected again." if was_connected else "Watching; Ctrl-C ends it.")
                was_connected = True
                async for message in read_messages(lines):
                    failed, last_id = 0, message.id or last_id
                    if message.event == "resync":
                        note("Too much was missed to be shown; `daybook find` shows what is there.")
                    elif message.event == "changed":
                        yield read_change(message.data)
        except (UnavailableError, RefusedError) as error:
            if not (was_connected and is_worth_another_try(error)):
                raise
            broke = error
        seconds = pause_seconds(failed, broke)
        failed += 1
        promise = "what changes until then is not shown" if last_id is None else "nothing is missed"
        note(f"{broke.detail} Trying again in {seconds:g} s; {promise}.")
        await client.pause(seconds)


async def read_messages(lines: AsyncIterator[str]) -> AsyncIterator[Message]:
    """Read server-sent events (WHATWG HTML §9.2); one that the connection cut off is not yielded.

    A message of an id alone is yielded too: it says where to go on before anything changed.
    """
    last_id: str | None = None
    event, data = "message", list[str]()
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "id":
                last_id = value
            case "event":
                event = value
            case "data":
                data.append(value)
            case "" if not line:
                yield Message(last_id, event, "\n".join(data))
                event, data = "message", []


def read_change(data: str) -> Changed:
    """Return one change, or raise NotUnderstoodError when it is not one."""
    try:
        return Changed.model_validate_json(data)
    except ValidationError as error:
        raise NotUnderstoodError(
            "The service sent a change that this command cannot read.",
            fix="use the `daybook` of the same version as the service",
        ) from error


async def _line(client: DaybookClient, change: Changed) -> str:
    at = f"{SystemClock().now():%H:%M:%S}"
    return (
        f"{at}  {change.id}  v{change.version:<3} {change.type:<22} {await _name(client, change)}"
    )


async def _name(client: DaybookClient, change: Changed) -> str:
    try:
        customer = await client.customer(change.id, version=change.version)
    except RefusedError:
        return f"(no name for {client.person})"
    except UnavailableError:
        return "(name not to be had now)"
    return shown_name(customer.name, is_erased=customer.erased)
