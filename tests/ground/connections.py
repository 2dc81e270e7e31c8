"""A connection over TLS says goodbye before it is closed: whoever ends a loop waits for that."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from shared.testing.waiting import until

CLOSED: Final = -1
"""The descriptor of a socket that is closed."""


@asynccontextmanager
async def all_closed_at_the_end() -> AsyncIterator[None]:
    """Wait at the end of the body until every connection that was made in it is closed."""
    before = _open()
    yield
    await until(lambda: not _open() - before, what="that every connection is closed")


def _open() -> set[int]:
    """Return the file descriptor of each connection of this process's loops that is open."""
    found = set()
    for one in gc.get_objects():
        if isinstance(one, asyncio.Transport):
            with suppress(AttributeError):  # the upper half of one over TLS that is closed
                found.add(one.get_extra_info("socket").fileno())
    return found - {CLOSED}
