"""What a row of the directory says, to compare it with what it must say."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg
import orjson


@dataclass(frozen=True, slots=True)
class Row:
    """One customer, as the directory has it and as a fold of the store says it must be."""

    id: UUID
    kind: str
    name: str | None
    emails: tuple[tuple[str, str | None], ...]
    version: int
    is_erased: bool


def emails_of(text: str) -> tuple[tuple[str, str | None], ...]:
    """Return id and address of each e-mail in the details of a row."""
    emails = orjson.loads(text).get("emails", [])
    return tuple((email["id"], email["address"]) for email in emails)


async def fetched(dsn: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
    """Ask a database once, on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()
