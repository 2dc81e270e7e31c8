"""A test waits for what must become true, never for an amount of time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

INTERVAL_SECONDS = 0.01
# No test is about time: only one that fails waits so long, however slow the machine is.
GENEROUS_SECONDS = 60.0


async def until(
    condition: Callable[[], object | Awaitable[object]],
    within: float = GENEROUS_SECONDS,
    *,
    what: str = "what the test waits for",
) -> None:
    """Return as soon as the condition (asked again and again, awaited if need be) is true.

    Raises:
        AssertionError: it was not true within so many seconds.
    """
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if isawaitable(answer):
            answer = await answer
        if answer:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within:g} s")
        await asyncio.sleep(INTERVAL_SECONDS)
