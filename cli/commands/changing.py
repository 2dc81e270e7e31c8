"""A change that a command orders is made once, however often its request travels."""

from collections.abc import Mapping
from uuid import uuid4

import click
import httpx

from cli.client import Call, DaybookClient

with_reason = click.option("--reason", required=True, help="Why; kept with it.")


async def post(
    client: DaybookClient,
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    version: int | None = None,
) -> httpx.Response:
    """Send a change, without what is None in it; with a version, only if it still is that."""
    said = None if body is None else without_nothing(body)
    headers = {"Idempotency-Key": str(uuid4())}
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    return await client.send(Call("POST", path, json=said, headers=headers))


def without_nothing(body: Mapping[str, object]) -> dict[str, object]:
    """Return what was said, without what was not."""
    return {name: value for name, value in body.items() if value is not None}
