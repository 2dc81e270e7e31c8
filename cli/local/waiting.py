"""What cannot tell us when it happens is looked at again and again, in one way."""

import asyncio
from collections.abc import Awaitable, Callable

LOOK_SECONDS = 0.05


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds; for a limit, put it into asyncio.timeout."""
    while not await is_so():  # noqa: ASYNC110 - other processes set no asyncio.Event
        await asyncio.sleep(LOOK_SECONDS)
