"""The floor of every append: one prepared INSERT of one row into a table with one index."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from bench.ground import Ground

CREATE = """create table {name}
    (id bigint generated always as identity primary key, stream text not null, data bytea not null)"""
INSERT = "insert into {name} (stream, data) values ($1, $2)"

Insert = Callable[[tuple[str, bytes]], Awaitable[object]]


@asynccontextmanager
async def connections(dsn: str, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    """Open bare connections; close them at the end."""
    opened: list[asyncpg.Connection] = []
    try:
        for _ in range(count):
            opened.append(await asyncpg.connect(dsn))
        yield opened
    finally:
        for connection in opened:
            await connection.close()


class PlainTable:
    """A table with one index, and for each connection the prepared INSERT."""

    def __init__(self, name: str, opened: list[asyncpg.Connection], inserts: list[Insert]) -> None:
        self.inserts = inserts
        self._name = name
        self._opened = opened

    async def count(self) -> int:
        """Return how many rows there are."""
        counted: int = await self._opened[0].fetchval(f"select count(*) from {self._name}")
        return counted


@asynccontextmanager
async def plain_table(ground: Ground, name: str, lanes: int) -> AsyncIterator[PlainTable]:
    """Make the table in the baselines' database on the truth server."""
    async with connections(ground.baseline_dsn("truth"), lanes) as opened:
        await opened[0].execute(CREATE.format(name=name))
        statements = [await one.prepare(INSERT.format(name=name)) for one in opened]
        yield PlainTable(name, opened, [_inserting(statement) for statement in statements])


def _inserting(statement: asyncpg.prepared_stmt.PreparedStatement) -> Insert:
    async def insert(row: tuple[str, bytes]) -> None:
        await statement.fetchval(*row)

    return insert
