"""A few connections that are always ready, handed out last-in first-out, replaced when broken.

A pool that resets its connections asks the server one more question per use; here nobody leaves
state behind (every use is one statement or one transaction), so there is nothing to reset.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg

from shared.errors import DiskFullError, UnavailableError

Result = TypeVar("Result")

CONNECT_TIMEOUT_SECONDS = 5.0
# An open transaction holds back every reader of the log, so none may stay open.
SESSION = {"idle_in_transaction_session_timeout": "10s", "transaction_timeout": "60s"}
NO_ROOM_RETRY_SECONDS = 60
# The server went away, was told to end our session, or has no room, memory or place for us.
LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asked between the server's last word and its hanging up
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionTimeoutError,  # the server ended the session as well
    asyncpg.IdleInTransactionSessionTimeoutError,
)

# SQLSTATE classes that speak of the values: data exception, constraint, raise_exception. All others
# speak of the server or of our tables (away, full, deadlock, no such table).
_OF_THE_VALUES = ("22", "23", "P0")


def is_of_the_values(error: BaseException) -> bool:
    """Say whether a value was refused, by PostgreSQL or by the client before it asked.

    Then asking again changes nothing.
    """
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_OF_THE_VALUES)
    return isinstance(error, ValueError)


class Lanes:
    """Connections to one database for one role; `open` before use, `close` at the end.

    Everything here raises UnavailableError when the server does not answer or ends the session
    (DiskFullError: it has no room);
    the statement under way may or may not have happened.
    """

    def __init__(
        self,
        dsn: str,
        size: int,
        *,
        application_name: str,
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
        settings: Mapping[str, str] | None = None,
        answer_within: float | None = None,
    ) -> None:
        """Know the database; `settings` are the server's, for every connection of these lanes."""
        self._dsn = dsn
        self._size = size
        self._settings = {"application_name": application_name, **SESSION, **(settings or {})}
        self._connection_class = connection_class
        self._answer_within = answer_within
        self._free: asyncio.LifoQueue[asyncpg.Connection | None] = asyncio.LifoQueue()
        self._opened: set[asyncpg.Connection] = set()
        self.is_closed = False

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return sum(not connection.is_closed() for connection in self._opened)

    async def open(self) -> None:
        """Open one connection, so that a wrong DSN is told now; the others open when needed."""
        connection = await self._connect()
        for _ in range(self._size - 1):
            self._free.put_nowait(None)
        self._free.put_nowait(connection)

    async def close(self) -> None:
        """Close every connection; statements under way are cut off."""
        self.is_closed = True
        for connection in list(self._opened):
            connection.terminate()
        self._opened.clear()

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend one connection; a broken one is replaced at its next use, never handed out."""
        connection = await self._take()
        try:
            yield connection
        except ValueError:
            raise  # asyncpg's refusal of a value is an InterfaceError too, and no server's fault
        except LOST as error:
            connection.terminate()
            raise _unavailable(error) from error
        finally:
            self._free.put_nowait(connection)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        return await self._run(lambda c: c.fetch(sql, *arguments))

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        """Run one statement and return its first row."""
        return await self._run(lambda c: c.fetchrow(sql, *arguments))

    async def fetchval(self, sql: str, *arguments: object) -> Any:  # noqa: ANN401 - any SQL value
        """Run one statement and return the first column of its first row."""
        return await self._run(lambda c: c.fetchval(sql, *arguments))

    async def execute(self, sql: str, *arguments: object) -> str:
        """Run one statement for its effect; returns the server's command tag."""
        return await self._run(lambda c: c.execute(sql, *arguments))

    async def _run(self, ask: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
        connection = await self._take()
        try:
            return await ask(connection)
        except ValueError:
            raise
        except (*LOST, TimeoutError) as error:
            connection.terminate()
            raise _unavailable(error) from error
        finally:
            self._free.put_nowait(connection)

    async def _take(self) -> asyncpg.Connection:
        connection = await self._free.get()
        if connection is not None and not connection.is_closed():
            return connection
        if connection is not None:
            self._opened.discard(connection)
        try:
            return await self._connect()
        except BaseException:
            self._free.put_nowait(None)
            raise

    async def _connect(self) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_TIMEOUT_SECONDS,
                connection_class=self._connection_class,
                command_timeout=self._answer_within,
                server_settings=self._settings,
            )
        except (*LOST, TimeoutError) as error:
            raise _unavailable(error) from error
        self._opened.add(connection)
        return connection


def _unavailable(error: BaseException) -> UnavailableError:
    if isinstance(error, asyncpg.DiskFullError):
        return DiskFullError(
            "the disk of PostgreSQL is full, so nothing is written; what is stored is safe",
            fix="free or add disk space for the server's data and WAL; writing then begins again by"
            " itself. Repeat the request with the same Idempotency-Key",
            who_can_help="an operator (`daybook status`)",
            retry_after_seconds=NO_ROOM_RETRY_SECONDS,
        )
    return UnavailableError(
        f"PostgreSQL does not answer ({type(error).__name__})",
        fix="try again; `daybook status` shows which server is down",
        who_can_help="an operator",
        retry_after_seconds=1,
    )
