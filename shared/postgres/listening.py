"""Hearing what PostgreSQL announces, until whoever hears it is told to end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

from shared.postgres.lanes import LOST


@asynccontextmanager
async def hearing(
    connection: asyncpg.Connection, channel: str, told: Callable[[], object]
) -> AsyncIterator[None]:
    """Call `told` at each notification of the channel for as long as the body of the `with`.

    A server that dies at the moment when the body is cancelled does not hide the cancellation:
    whoever waits for the end of the body would wait for ever.
    """

    def hear(*_: object) -> None:
        told()

    await connection.add_listener(channel, hear)
    try:
        yield
    finally:
        with suppress(*LOST):
            await connection.remove_listener(channel, hear)
