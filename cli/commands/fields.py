"""An administrator sees which custom fields customers have, declares new ones and retires them."""

import json
from uuid import uuid4

import click

from cli.answers import Answer
from cli.client import Call, DaybookClient
from cli.commands.screen import NOTHING, show, show_table
from cli.commands.session import speaks_as
from cli.refusals import read_answer

HEADINGS = ("field", "type", "required", "sensitivity", "choices", "label", "state")
TYPES = ("text", "number", "date", "boolean", "choice", "choices")
SENSITIVITIES = ("public", "internal", "confidential", "restricted")
JSON = click.option("--json", "is_json", is_flag=True, help="One JSON document, for programs.")


class CustomField(Answer):
    """A custom field as the service declares it."""

    name: str
    label: dict[str, str]
    type: str
    required: bool
    choices: list[str]
    sensitivity: str
    retired: bool
    version: int


class FieldList(Answer):
    """Every custom field, in the order of declaring."""

    items: list[CustomField]


@click.group()
def fields() -> None:
    """Look at the custom fields of customers; declare and retire them."""


@fields.command("list")
@JSON
@speaks_as("erin")
async def list_fields(client: DaybookClient, *, is_json: bool) -> None:
    """List the custom fields, the retired ones too."""
    found = await client.get(FieldList, "/v1/fields")
    if is_json:
        show(found.as_json())
    elif found.items:
        show_table(HEADINGS, [_row(field) for field in found.items])
    else:
        show("No custom field was declared.")


@fields.command()
@click.argument("name")
@click.option("--type", "of", type=click.Choice(TYPES), required=True, help="What its values are.")
@click.option("--en", required=True, help="What people call it, in English.")
@click.option("--zh", required=True, help="What people call it, in Chinese.")
@click.option("--choice", "choices", multiple=True, help="What to choose from; may be repeated.")
@click.option("--required", is_flag=True, help="No customer is registered without it.")
@click.option(
    "--sensitivity", type=click.Choice(SENSITIVITIES), default="internal", show_default=True,
    help="How carefully its values are treated.",
)  # fmt: skip
@JSON
@speaks_as("erin")
async def declare(
    client: DaybookClient,
    name: str,
    of: str,
    en: str,
    zh: str,
    choices: tuple[str, ...],
    sensitivity: str,
    *,
    required: bool,
    is_json: bool,
) -> None:
    """Declare the field NAME, so that customers can have values of it. Its type never changes."""
    body = {
        "name": name,
        "label": {"en": en, "zh": zh},
        "type": of,
        "required": required,
        "choices": list(choices),
        "sensitivity": sensitivity,
    }
    key = {"Idempotency-Key": str(uuid4())}
    answer = await client.send(Call("POST", "/v1/fields", json=body, headers=key))
    _show(read_answer(CustomField, answer), "declared", is_json=is_json)


@fields.command()
@click.argument("name")
@JSON
@speaks_as("erin")
async def retire(client: DaybookClient, name: str, *, is_json: bool) -> None:
    """Let no customer get a new value of the field NAME; those that have one keep it."""
    field = await client.get(CustomField, f"/v1/fields/{name}")
    headers = {"If-Match": f'"{field.version}"', "Idempotency-Key": str(uuid4())}
    answer = await client.send(Call("POST", f"/v1/fields/{name}/retire", headers=headers))
    _show(read_answer(CustomField, answer), "retired", is_json=is_json)


def _show(field: CustomField, done: str, *, is_json: bool) -> None:
    show(field.as_json() if is_json else f"{field.name}: {done}")


def _row(field: CustomField) -> tuple[str, ...]:
    return (
        field.name,
        field.type,
        "yes" if field.required else "no",
        field.sensitivity,
        json.dumps(field.choices, ensure_ascii=False) if field.choices else NOTHING,
        " · ".join(field.label.values()),
        "retired" if field.retired else "in use",
    )
