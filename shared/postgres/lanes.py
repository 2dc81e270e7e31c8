"""A few connections that are always ready, handed out last-in first-out, replaced when broken.

A pool that resets its connections asks the server one more question per use; here nobody leaves
state behind (every use is one statement or one transaction), so there is nothing to reset.
Measured against asyncpg's pool in docs/benchmarks.md.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.errors import UnavailableError

CONNECT_TIMEOUT_SECONDS = 5.0


class Lanes:
    """Connections to one database for one role; `open` before use, `close` at the end."""

    def __init__(
        self,
        dsn: str,
        size: int,
        *,
        application_name: str,
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
        on_connect: Callable[[asyncpg.Connection], Any] | None = None,
    ) -> None:
        self._dsn = dsn
        self._size = size
        self._application_name = application_name
        self._connection_class = connection_class
        self._on_connect = on_connect
        self._free: asyncio.LifoQueue[asyncpg.Connection | None] = asyncio.LifoQueue()
        self._opened: set[asyncpg.Connection] = set()

    async def open(self) -> None:
        """Open one connection, so that a wrong DSN is told now; the others open when needed.

        Raises:
            UnavailableError: the server does not answer.
        """
        for _ in range(self._size - 1):
            self._free.put_nowait(None)
        self._free.put_nowait(await self._connect())

    async def close(self) -> None:
        """Close every connection; statements under way are cut off."""
        for connection in list(self._opened):
            connection.terminate()
        self._opened.clear()

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend one connection; a broken one is replaced at its next use, never handed out.

        Raises:
            UnavailableError: a new connection is needed and the server does not answer.
        """
        connection = await self._free.get()
        try:
            if connection is None or connection.is_closed():
                self._forget(connection)
                connection = None
                connection = await self._connect()
            yield connection
        finally:
            self._free.put_nowait(connection)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        async with self.lane() as connection:
            return await connection.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        """Run one statement and return its first row."""
        async with self.lane() as connection:
            return await connection.fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: object) -> Any:  # noqa: ANN401 - any SQL value
        """Run one statement and return the first column of its first row."""
        async with self.lane() as connection:
            return await connection.fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: object) -> str:
        """Run one statement for its effect; returns the server's command tag."""
        async with self.lane() as connection:
            return await connection.execute(sql, *arguments)

    def _forget(self, connection: asyncpg.Connection | None) -> None:
        if connection is not None:
            self._opened.discard(connection)

    async def _connect(self) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_TIMEOUT_SECONDS,
                connection_class=self._connection_class,
                server_settings={"application_name": self._application_name},
            )
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
            raise UnavailableError(
                f"PostgreSQL does not answer ({type(error).__name__})",
                fix="start it (`daybook status` shows which server is down) and try again",
                who_can_help="an operator",
                retry_after_seconds=1,
            ) from error
        self._opened.add(connection)
        if self._on_connect is not None:
            await self._on_connect(connection)
        return connection
