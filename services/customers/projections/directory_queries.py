"""What the directory answers: a page of customers, or all, that match filters and a text."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.customers.projections.at_once import ranked_at_once
from services.customers.projections.directory import SHAPE
from services.customers.projections.listed import put_together, walked
from services.customers.projections.matching import Match, matches
from services.customers.projections.meant import Meant, Search, meant
from services.customers.projections.owned import WALKED, are_few, have_few
from services.customers.projections.ranking import MISSPELT, ranked
from services.customers.projections.reach import Reach
from services.customers.projections.searching import candidates, holds, left_over, looked_for
from services.customers.projections.sought import sought
from services.customers.projections.wanted import Place, Values, Wanted
from shared.errors import InvalidInputError, NotYetError
from shared.postgres.lanes import Lanes

FIELDS = ("id", "kind", "name", "stage", "owner", "country", "is_archived", "is_erased", "version",
    "registered_at", "changed_at")  # fmt: skip
WHOLE = "d.id::text, d.kind, d.name, d.stage, d.owner, d.is_archived, d.details"
"""What is read of each where all are; the details are JSON text."""
COLUMNS = f"{', '.join(f'd.{name}' for name in FIELDS)}, d.sort_name, d.details"
BATCH = 2_000
SHAPE_THAT_ANSWERS = """select shape from projection_versions
    where projection = 'directory' and state = 'current'"""
FIRST = UUID(int=0)
Batch = tuple[list[asyncpg.Record], UUID | None]
SETTINGS = {
    # The plan is made for the very values, and never reads a whole table.
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
    "random_page_cost": "1.1",
    "statement_timeout": "3s",
}
"""What connections must be opened with on which the directory is asked."""


@dataclass(slots=True)
class DirectoryRow:
    """One customer of a page, never altered: FIELDS, then what the domain's state holds besides."""

    id: UUID
    kind: str
    name: str | None
    stage: str | None
    owner: str | None
    country: str | None
    is_archived: bool
    is_erased: bool
    version: int
    registered_at: datetime
    changed_at: datetime
    details: dict[str, Any]
    matched: Sequence[Match] = ()


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """Some rows, the place of the last one (None: there are no more), and whether to say more.

    `is_cut`: more customers match the text than are ranked, so that the page is a choice of them.
    """

    rows: Sequence[DirectoryRow]
    next_place: Place | None
    is_cut: bool = False


class DirectoryQueries:
    """Reads the directory on lanes that were opened with SETTINGS.

    Everything here raises UnavailableError when the views server does not answer, InvalidInputError
    when it did not find an answer within three seconds, and NotYetError while the version that
    answers is of an earlier shape.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

    async def page(
        self, wanted: Wanted, after: Place | None, size: int, reach: Reach
    ) -> DirectoryPage:
        """Return up to `size` customers behind `after`, of those in reach."""
        if wanted.text is None:
            return await self._listed(wanted, after, size, reach)
        has_few = await self._have_few(reach)
        return await self._found(Search(wanted, sought(wanted.text), reach, has_few), after, size)

    async def rows_of(self, ids: Sequence[UUID]) -> Mapping[UUID, DirectoryRow]:
        """Return these customers, whoever asks; withdrawn ones are missing."""
        values = Values()
        rows = await self._fetch(
            f"select {COLUMNS} from directory d where d.id = any({values.add(ids)}::uuid[])", values
        )
        return {row["id"]: _row(row) for row in rows}

    async def every(
        self, wanted: Wanted, reach: Callable[[], Reach]
    ) -> AsyncGenerator[Sequence[asyncpg.Record]]:
        """Yield all customers that match and are not erased, by id, as records of WHOLE.

        Of those in `reach`, which is asked for anew for each batch.

        Two thousand are looked at at a time, and the next ones are read meanwhile. A text is taken
        as it is written, without misspellings, and nothing is cut off.
        """
        reading = asyncio.create_task(self._batch(wanted, FIRST, reach()))
        try:
            is_last = False
            while not is_last:
                rows, last = await reading
                is_last = last is None
                if last is not None:
                    reading = asyncio.create_task(self._batch(wanted, last, reach()))
                yield rows
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _batch(self, wanted: Wanted, first: UUID, reach: Reach) -> Batch:
        """Return who matches behind the id `first`, and where to go on; None: nowhere."""
        last = await self._batch_end(first)
        values = Values()
        conditions = [f"d.id > {values.add(first)}", *wanted.conditions(values)]
        conditions.append(reach.rows(values))
        if last is not None:
            conditions.append(f"d.id <= {values.add(last)}")
        if wanted.text is not None:
            conditions.append(holds(sought(wanted.text), values, reach))
        statement = f"""select {WHOLE} from directory d
            where not d.is_erased and {" and ".join(conditions)} order by d.id"""
        return await self._fetch(statement, values), last

    async def _batch_end(self, first: UUID) -> UUID | None:
        """Return the id up to which to look next; None: to the end."""
        values = Values()
        rows = await self._fetch(
            f"""select d.id from directory d where d.id > {values.add(first)}
            order by d.id offset {values.add(BATCH - 1)} limit 1""",
            values,
        )
        return rows[0]["id"] if rows else None

    async def _listed(
        self, wanted: Wanted, after: Place | None, size: int, reach: Reach
    ) -> DirectoryPage:
        rows = await self._rows(wanted, after, size + 1, reach)
        found = [_row(row) for row in rows[:size]]
        place = wanted.order.place(dict(rows[size - 1])) if len(rows) > size else None
        return DirectoryPage(found, place)

    async def _rows(
        self, wanted: Wanted, after: Place | None, most: int, reach: Reach
    ) -> Sequence[asyncpg.Record]:
        """Return up to so many rows behind a place."""
        owners, asked = reach.owners, (wanted, after, most, COLUMNS, reach)
        if owners is None or (wanted.filters and not await self._have_few(reach)):
            return await self._fetch(*walked(*asked))
        if not (wanted.filters or are_few(owners)):
            rows = await self._fetch(*walked(*asked, WALKED))
            if len(rows) == most:
                return rows
        return await self._fetch(*put_together(*asked))

    async def _have_few(self, reach: Reach) -> bool:
        if reach.owners is None:
            return False
        async with self._asking() as connection:
            return await have_few(connection, reach.owners)

    async def _found(self, search: Search, after: Place | None, size: int) -> DirectoryPage:
        """Return the best of the candidates; where there are none, of those that are misspelt."""
        if after is not None:
            is_misspelt = after[-1] == MISSPELT
            return await self._ranked(search, after, size, misspelt=is_misspelt)
        page = await self._first(search, size)
        if not page.rows and search.sought.can_be_misspelt:
            page = await self._ranked(search, None, size, misspelt=True)
        return page

    async def _first(self, search: Search, size: int) -> DirectoryPage:
        """Return the first page, from as few indexes as can know it."""
        wanted = search.wanted
        if wanted.sort is not None:
            return await self._ranked(search, None, size)
        found = Meant.of(await self._fetch(*meant(search, COLUMNS, size + 1)))
        if found.is_all or len(found.rows) > size:
            return _page(found.rows, search, size)
        return await self._ranked(search, None, size, found=found)

    async def _ranked(
        self, search: Search, after: Place | None, size: int, *,
        misspelt: bool = False, found: Meant | None = None,
    ) -> DirectoryPage:  # fmt: skip
        async with self._asking() as connection:
            text = await looked_for(connection, search, misspelt=misspelt, found=found)
            if text.held is None or not search.reach.is_everything:
                them = await candidates(connection, text)
            else:
                its = await ranked_at_once(connection, text.held, text.named, after, size, COLUMNS)
                few = await left_over(connection, text) if its.may_leave_few else None
                if few is None:
                    return _page(its.rows, search, size, is_cut=its.is_cut)
                them = few
        if not them.ids:
            return DirectoryPage((), None, them.is_cut)
        statement, values = ranked(them, search, after, size)
        rows = await self._fetch(statement.format(columns=COLUMNS), values)
        return _page(rows, search, size, is_cut=them.is_cut)

    async def _fetch(self, statement: str, values: Values) -> list[asyncpg.Record]:
        async with self._asking() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(statement, *values.given)
            return rows

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[asyncpg.Connection]:
        """Lend a connection; say what to do where the directory has no answer to give."""
        async with self._lanes.lane() as connection:
            try:
                yield connection
            except asyncpg.QueryCanceledError as error:
                raise InvalidInputError(
                    "No answer was found within three seconds.",
                    code="search-too-wide",
                    field="q",
                    fix="Say more of the name, leave out a filter, or sort by name.",
                ) from error
            except (asyncpg.UndefinedColumnError, asyncpg.UndefinedTableError) as error:
                if await connection.fetchval(SHAPE_THAT_ANSWERS) in {None, SHAPE}:
                    raise
                raise NotYetError(
                    "the directory is being built in the shape that this version of Daybook reads",
                    fix="try again; `daybook projections list` shows how far it is",
                    who_can_help="an operator",
                    retry_after_seconds=5,
                ) from error


def _page(
    rows: Sequence[asyncpg.Record], search: Search, size: int, *, is_cut: bool = False
) -> DirectoryPage:
    """Return a page of rows that have a rank; one row more than its size says that more follow."""
    what = search.sought
    found = [_row(row, matches(row["search"], what)) for row in rows[:size]]
    place = None
    if len(rows) > size:
        last = dict(rows[size - 1])
        place = [*search.wanted.order.place(last), last["rank"]]
    return DirectoryPage(found, place, is_cut)


def _row(row: asyncpg.Record, matched: Sequence[Match] = ()) -> DirectoryRow:
    """Return a record of COLUMNS as a row."""
    given: tuple[Any, ...] = (*row[: len(FIELDS)], orjson.loads(row["details"]), matched)
    return DirectoryRow(*given)
