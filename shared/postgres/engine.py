"""SQLAlchemy reaches a database by the DSN that everybody else has; only migrations load it."""

from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def engine_of(dsn: str, **more: Any) -> AsyncEngine:  # noqa: ANN401 - as create_async_engine's
    """Return SQLAlchemy's way to the database of a DSN, with everything that the DSN says.

    SQLAlchemy reads URLs by itself and knows neither `sslmode` nor `sslrootcert`; so asyncpg reads
    the DSN here as everywhere else.
    """

    async def connect(**given: Any) -> asyncpg.Connection:  # noqa: ANN401 - as asyncpg's
        return await asyncpg.connect(dsn, **given)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, **more)
