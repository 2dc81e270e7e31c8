"""What is downloaded is there whole under its name, for its owner's eyes, or not at all."""

import os
from pathlib import Path

import httpx

from cli.client import Call, DaybookClient
from cli.refusals import unreachable
from shared.errors import InvalidInputError


async def download(client: DaybookClient, call: Call, into: Path) -> int:
    """Write an answer into a file for nobody's eyes but the owner's; return its size.

    Raises:
        UnavailableError: it broke off; then no part of it is left under the file's name.
        InvalidInputError: the file cannot be written.
    """
    answer = await client.send(call, is_stream=True)
    part = into.with_name(f"{into.name}.part")
    size = 0
    try:
        opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "wb") as out:
            async for piece in answer.aiter_bytes():
                size += out.write(piece)
        part.replace(into)
    except httpx.TransportError as error:
        part.unlink(missing_ok=True)
        raise unreachable(answer.url) from error
    except OSError as error:
        raise InvalidInputError(
            f"{into} cannot be written: {error.strerror}.",
            fix="name a file in a folder of yours",
        ) from error
    finally:
        await answer.aclose()
    return size
