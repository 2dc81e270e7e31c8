"""What the directory answers: a page of customers, by name, matching a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.customers.projections.directory import folded
from services.customers.storage.tables import DIRECTORY
from shared.errors import UnavailableError

COLUMNS = (
    DIRECTORY.c.id,
    DIRECTORY.c.kind,
    DIRECTORY.c.name,
    DIRECTORY.c.emails,
    DIRECTORY.c.version,
    DIRECTORY.c.is_erased,
    DIRECTORY.c.sort_name,
)


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """One customer of a page."""

    id: UUID
    kind: str
    name: str | None
    emails: list[dict[str, str]]
    version: int
    is_erased: bool
    sort_name: str


class DirectoryQueries:
    """Reads the directory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, text: str | None, after: Sequence[str | int] | None, size: int
    ) -> list[DirectoryRow]:
        """Return up to `size` customers in name order, behind `after` (sort name, id).

        Raises:
            UnavailableError: the views server does not answer.
        """
        statement = select(*COLUMNS).order_by(DIRECTORY.c.sort_name, DIRECTORY.c.id).limit(size)
        if text is not None:
            statement = statement.where(DIRECTORY.c.search.contains(folded(text), autoescape=True))
        if after is not None:
            name, last = str(after[0]), UUID(str(after[1]))
            statement = statement.where(
                tuple_(DIRECTORY.c.sort_name, DIRECTORY.c.id) > tuple_(name, last)
            )
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(statement)).all()
        except (DBAPIError, OSError) as error:
            raise UnavailableError(
                "the read models do not answer",
                fix="try again; `daybook status` shows which server is down",
                who_can_help="an operator",
                retry_after_seconds=1,
            ) from error
        return [DirectoryRow(*row) for row in rows]
