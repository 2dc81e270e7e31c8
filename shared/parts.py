"""A part of a process that a library cancelled has failed: it was not told to end."""

import asyncio
from collections.abc import Awaitable


class PartEndedError(Exception):
    """A part was cancelled by nobody of ours: the process ends, and is restarted."""


async def run_part(part: Awaitable[None]) -> None:
    """Run one part of a group; a client library's own cancellation is a failure.

    A group lets a part go that was cancelled from within, and the others run on without it.

    Raises:
        PartEndedError: it was cancelled by nobody of ours.
    """
    try:
        await part
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise PartEndedError from error
