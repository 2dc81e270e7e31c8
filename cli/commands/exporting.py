"""Customers leave as a file; it is there whole or not at all."""

from pathlib import Path

import click

from cli.client import Call, DaybookClient
from cli.commands.screen import show
from cli.commands.session import speaks_as
from cli.downloading import download

MEDIA_TYPES = {".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}
FILTERS = ("q", "stage", "owner", "tag", "kind", "country")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--q", help="Only customers that this text finds.")
@click.option("--stage", help="Only at this stage.")
@click.option("--owner", help="Only of this owner, by id.")
@click.option("--tag", help="Only with this tag.")
@click.option("--kind", type=click.Choice(["person", "organisation"]), help="Only of this kind.")
@click.option("--country", help="Only in this country, by its two letters.")
@click.option("--archived", type=click.Choice(["false", "true", "any"]), default="false")
@speaks_as("bob")
async def export_customers(
    client: DaybookClient, file: Path, archived: str, **filters: str | None
) -> None:
    """Write customers into FILE: CSV, or NDJSON if it is named so.

    `daybook import FILE` takes it back: unchanged it changes nothing.
    """
    media_type = MEDIA_TYPES.get(file.suffix.lower(), "text/csv")
    params = {name: filters[name] for name in FILTERS} | {"archived": archived}
    call = Call("GET", "/v1/exported-customers", params, headers={"Accept": media_type})
    size = await download(client, call, file)
    show(f"{file}: {size:,} bytes")
