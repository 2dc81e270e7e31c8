"""Data protection erases a person, sees who has confirmed, and gives a person what is known."""

from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import click

from cli.answers import Answer
from cli.client import Call, DaybookClient
from cli.commands.screen import NOTHING, show, show_table, shown_person, shown_time
from cli.commands.session import CustomerId, speaks_as
from cli.refusals import read_answer
from services.customers.domain.erasure.events import ErasureReason
from shared.errors import InvalidInputError

HEADINGS = ("customer", "open since", "seconds", "not confirmed by")
PRIVATE = 0o600
JSON = click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")


class Confirmation(Answer):
    """One holder of copies has none left."""

    holder: str
    at: datetime


class Erasure(Answer):
    """How far an erasure is."""

    customer_id: str
    state: str
    reason: str | None = None
    opened_at: datetime
    opened_by: str
    confirmations: list[Confirmation]
    outstanding: list[str]
    certificate: dict[str, Any] | None = None


class OpenErasure(Answer):
    """An erasure that not every holder of copies has confirmed."""

    customer_id: str
    opened_at: datetime
    age_seconds: float
    outstanding: list[str]


class OpenErasures(Answer):
    """A page of them."""

    items: list[OpenErasure]
    next_page_token: str | None = None


@click.command("erase")
@click.argument("customer_id", type=CustomerId(), metavar="ID")
@click.option(
    "--reason",
    type=click.Choice(get_args(ErasureReason)),
    required=True,
    help="Why, as one of the grounds of Article 17 (1) GDPR.",
)
@click.option("--yes", is_flag=True, help="Do not ask: nobody can bring an erased person back.")
@JSON
@speaks_as("petra")
async def erase(
    client: DaybookClient, customer_id: UUID, reason: str, *, yes: bool, is_json: bool
) -> None:
    """Erase a person for good: the key is destroyed, every copy is deleted."""
    if not yes:
        click.confirm(f"Erase {customer_id} for good? Nobody can undo it", abort=True)
    path = f"/v1/customers/{customer_id}/erasure"
    _told(
        read_answer(Erasure, await client.send(Call("POST", path, json={"reason": reason}))),
        is_json=is_json,
    )


@click.command("erasure")
@click.argument("customer_id", type=CustomerId(), metavar="ID")
@JSON
@speaks_as("petra")
async def erasure(client: DaybookClient, customer_id: UUID, *, is_json: bool) -> None:
    """Show how far an erasure is, who has confirmed it, and its certificate."""
    found = await client.get(Erasure, f"/v1/customers/{customer_id}/erasure")
    _told(found, is_json=is_json)


@click.command("access-file")
@click.argument("customer_id", type=CustomerId(), metavar="ID")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@speaks_as("petra")
async def access_file(client: DaybookClient, customer_id: UUID, out: Path) -> None:
    """Write everything that is known of one person into a new file that only you can read.

    JSON; a page to read is at /v1/customers/ID/access-file?format=html.
    """
    path = f"/v1/customers/{customer_id}/access-file"
    file = await client.get(Answer, path, {"format": "json"})
    _write(out, file.as_json())
    show(f"Written: {out}, for your eyes only. That you asked for it is on record.")


@click.command("erasures")
@JSON
@speaks_as("petra")
async def erasures(client: DaybookClient, *, is_json: bool) -> None:
    """List the erasures that not every holder of copies has confirmed."""
    found: list[OpenErasure] = []
    token: str | None = None
    while True:
        params = {"page_size": 200, "page_token": token}
        page = await client.get(OpenErasures, "/v1/erasures", params)
        found += page.items
        token = page.next_page_token
        if token is None:
            break
    if is_json:
        show(OpenErasures(items=found, next_page_token=None).as_json())
    elif found:
        show_table(HEADINGS, [_row(one) for one in found])
    else:
        show("No erasure is open.")


def _write(out: Path, text: str) -> None:
    """Write a new file that only its owner can read."""
    try:
        out.touch(PRIVATE, exist_ok=False)
        out.write_text(f"{text}\n")
    except OSError as error:
        raise InvalidInputError(
            f"{out} cannot be written: {error.strerror}.", fix="name a file that is not there yet"
        ) from error


def _row(one: OpenErasure) -> tuple[str, ...]:
    missing = ", ".join(one.outstanding) or NOTHING
    return one.customer_id, shown_time(one.opened_at), f"{one.age_seconds:.0f}", missing


def _told(found: Erasure, *, is_json: bool) -> None:
    if is_json:
        show(found.as_json())
        return
    by = shown_person(found.opened_by)
    show(f"{found.state}  {found.customer_id}  {found.reason or NOTHING}")
    show(f"  opened {shown_time(found.opened_at)} by {by}")
    for confirmed in found.confirmations:
        show(f"  {confirmed.holder}: nothing left, {shown_time(confirmed.at)}")
    for missing in found.outstanding:
        show(f"  {missing}: has not confirmed")
    if found.certificate is not None:
        show(f"  certificate: {found.certificate['jws']}")
