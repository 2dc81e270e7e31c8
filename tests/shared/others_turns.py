"""Work that ends only when others had their turn: on the event loop itself it never would."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

TURNS: Final = 100
PATIENCE_SECONDS: Final = 30.0
"""Waited out only by a test that fails."""


def while_others_go_on(work: Callable[Given, Result]) -> Callable[Given, Result]:
    """Return the same work, which waits until the running loop has turned a hundred times."""
    loop = asyncio.get_running_loop()

    def done(*args: Given.args, **named: Given.kwargs) -> Result:
        gone_on = threading.Event()

        def turn(left: int) -> None:
            if left:
                loop.call_soon(turn, left - 1)
            else:
                gone_on.set()

        loop.call_soon_threadsafe(turn, TURNS)
        assert gone_on.wait(PATIENCE_SECONDS), "meanwhile the event loop stood still"
        return work(*args, **named)

    return done
