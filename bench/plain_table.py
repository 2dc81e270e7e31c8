"""The floor of every append: one prepared INSERT of one row into a table with one index."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from bench.ground import Ground

CREATE = """create table plain (id bigint generated always as identity primary key,
    stream text not null, data bytea not null)"""
INSERT = "insert into plain (stream, data) values ($1, $2)"

Insert = Callable[[tuple[str, bytes]], Awaitable[object]]


@asynccontextmanager
async def connections(dsn: str, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    """Open bare connections; close them at the end."""
    async with AsyncExitStack() as stack:
        opened = [await asyncpg.connect(dsn) for _ in range(count)]
        for connection in opened:
            stack.push_async_callback(connection.close)
        yield opened


class PlainTable:
    """A table with one index, and for each connection the prepared INSERT."""

    def __init__(self, opened: list[asyncpg.Connection], inserts: list[Insert]) -> None:
        self.inserts = inserts
        self._opened = opened

    async def count(self) -> int:
        """Return how many rows there are."""
        counted: int = await self._opened[0].fetchval("select count(*) from plain")
        return counted


@asynccontextmanager
async def plain_table(ground: Ground, lanes: int) -> AsyncIterator[PlainTable]:
    """Make the table in a database of its own on the truth server."""
    plain = await ground.plain_databases()
    async with connections(plain.truth, lanes) as opened:
        await opened[0].execute(CREATE)
        statements = [await one.prepare(INSERT) for one in opened]
        yield PlainTable(opened, [_inserting(statement) for statement in statements])


def _inserting(statement: asyncpg.prepared_stmt.PreparedStatement) -> Insert:
    async def insert(row: tuple[str, bytes]) -> None:
        await statement.fetchval(*row)

    return insert
