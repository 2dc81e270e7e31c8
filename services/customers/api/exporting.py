"""Customers leave as a file that an import takes for what it is: coming back it changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.exported_lines import (
    COLUMNS,
    Exported,
    Line,
    csv_lines,
    ndjson_lines,
)
from services.customers.api.lateness import DATED, data_as_of
from services.customers.api.listing import (
    FILTERS,
    Q,
    asks_for_custom,
    refuse_to_look_by,
    wanted_of,
)
from services.customers.api.reads import token_of
from services.customers.api.sight import Sight, Sights
from services.customers.application.customer_records import CUSTOM, TYPE, facts_of_record
from services.customers.application.field_declarations import FieldDeclarations
from services.customers.domain.field.rules import NO_FIELDS
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.reach import Reach
from shared.authorization.fields import FieldView, Outcome
from shared.authorization.permissions import Permission
from shared.authorization.state import RESTRICTED
from shared.errors import InvalidInputError
from shared.projecting.backlog import BacklogWatch
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer
from shared.web.callers import Caller
from shared.web.documents import DAYBOOK_TOKEN, PREFER, Parameter
from shared.web.downloads import Download, Piece
from shared.web.headers import waiting_seconds
from shared.web.recording import Access
from shared.web.routes import Routes

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
ROWS_AT_ONCE: Final = 100
PIECE_LENGTH: Final = 65_536
"""Characters: from so many on a piece ends with the customer that it is at."""
ACCEPT = Parameter("Accept", "header", f"{CSV} (unless said) or {NDJSON}.")
Written = Callable[[Sequence[Line], bool], bytes]
_CUSTOM: Final = COLUMNS.index("custom")


class ExportRoutes:
    """The handler of the route by which customers leave."""

    def __init__(
        self,
        directory: DirectoryQueries,
        fields: FieldDeclarations,
        watcher: MarkWatcher,
        backlog: BacklogWatch,
        sights: Sights,
    ) -> None:
        self._sights = sights
        self._directory = directory
        self._fields = fields
        self._watcher = watcher
        self._backlog = backlog

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/exported-customers", "export_customers", Permission.CUSTOMERS_EXPORT,
            self.export, parameters=[ACCEPT, Q, *FILTERS, DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("Every customer that the filters leave.", headers=DATED,
                                 media_type=CSV)},
            access=Access(is_restricted=True),
        )  # fmt: skip

    async def export(self, request: Request, caller: Caller) -> Response:
        """Get every customer that the filters leave, by id, as CSV or NDJSON, however many.

        The file can be changed and imported again. A download that breaks off lacks its last
        chunk (HTTP says so); what a spreadsheet would take for a formula has a ' before it, which
        an import takes away. Only customers that you may export are in it, each with what you may
        see of it: a column of which you may not see the value is empty, and an import takes that
        for unchanged. The download breaks off when you may not export any more.
        """
        await self._watcher.wait_for(token_of(request), waiting_seconds(request))
        media_type = _media_type(request)
        fields = await self._fields.read() if asks_for_custom(request) else NO_FIELDS
        wanted, may = wanted_of(request, fields), Permission.CUSTOMERS_EXPORT
        sight = await self._sights.of(caller)
        refuse_to_look_by(sight.of_every_record(may), request, wanted, may)
        rows = self._directory.every(wanted, lambda: Reach(self._sights.rights(caller), may))
        is_csv = media_type == CSV
        written, ending = (csv_lines, "csv") if is_csv else (ndjson_lines, "ndjson")
        headers = {
            "Content-Disposition": f'attachment; filename="customers.{ending}"',
            **data_as_of(self._watcher, self._backlog),
        }
        its = pieces(rows, written, lambda: self._sights.of(caller))
        return Download(its, media_type, headers, self._sights.still(caller, may))


def exported(row: asyncpg.Record) -> Exported:
    """Return a customer as a file has it: what an import can say of one, in the order of COLUMNS.

    Contact points by value; the primary one is the first of its kind.
    """
    customer_id, kind, name, stage, owner, is_archived, text = row
    details = orjson.loads(text)
    return (
        customer_id,
        kind,
        name,
        _points(details, "emails", "primary_email"),
        _points(details, "phones", "primary_phone"),
        _points(details, "addresses", "primary_address"),
        details.get("tags", []),
        stage or "lead",
        owner,
        details.get("custom", {}),
        is_archived,
    )


class Exporting:
    """Writes customers as one account may see them; rights of another moment need another one."""

    def __init__(self, sight: Sight) -> None:
        sight.rights.require(Permission.CUSTOMERS_EXPORT)
        self._sight = sight
        self._hidden: dict[int, frozenset[int]] = {}

    def each(self, rows: Sequence[asyncpg.Record]) -> Iterator[Line]:
        """Yield those that may be exported, with the places of what is not shown of them."""
        for row in rows:
            its = exported(row)
            facts = facts_of_record(its[1], its[7], its[6], is_archived=its[10])
            record = self._sight.rights.record(TYPE, its[0], its[8], facts)
            view = self._sight.view(Permission.CUSTOMERS_EXPORT, record)
            if view is not None:
                yield _without_hidden(its, view), self._hidden_from(view)

    def _hidden_from(self, view: FieldView) -> frozenset[int]:
        hidden = self._hidden.get(view.clearance)
        if hidden is None:
            hidden = self._hidden[view.clearance] = frozenset(
                place
                for place, name in enumerate(COLUMNS)
                if name != "id" and view.outcome(name) is not Outcome.SHOW
            )
        return hidden


def _without_hidden(its: Exported, view: FieldView) -> Exported:
    """Return it without the custom values that are not shown."""
    custom = its[_CUSTOM]
    if not custom or view.clearance == RESTRICTED:
        return its
    shown = {
        name: value
        for name, value in custom.items()
        if view.outcome(f"{CUSTOM}.{name}") is Outcome.SHOW
    }
    return (*its[:_CUSTOM], shown, *its[_CUSTOM + 1 :])


async def pieces(
    batches: AsyncIterator[Sequence[asyncpg.Record]],
    written: Written,
    look: Callable[[], Awaitable[Sight]],
) -> AsyncIterator[Piece]:
    """Yield a file piece by piece, each as its reader may see it when it is asked for.

    Raises:
        NotPermittedError: the reader may not export any more.
        UndecidedError: whether the reader may is not known well enough.
    """
    yield Piece(written((), True))
    async for rows in batches:
        for part in in_parts(rows):
            its = list(Exporting(await look()).each(part))
            yield Piece(written(its, False), len(its))
            await asyncio.sleep(0)  # whoever else waits comes first


def in_parts(rows: Sequence[asyncpg.Record]) -> Iterator[Sequence[asyncpg.Record]]:
    """Yield a hundred rows at a time, fewer if they are long."""
    start = length = 0
    for place, row in enumerate(rows):
        length += len(row["details"])
        if place - start + 1 == ROWS_AT_ONCE or length >= PIECE_LENGTH:
            yield rows[start : place + 1]
            start, length = place + 1, 0
    if start < len(rows):
        yield rows[start:]


def _points(details: dict[str, Any], plural: str, primary: str) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = details.get(plural, [])
    if len(points) > 1:
        first = details.get(primary)
        points.sort(key=lambda point: point["id"] != first)
    for point in points:
        del point["id"]
        point.pop("given", None)
        if None in point.values():
            for name in [name for name, value in point.items() if value is None]:
                del point[name]
    return points


def _media_type(request: Request) -> str:
    accepted = request.headers.get("accept", CSV).lower()
    if NDJSON in accepted:
        return NDJSON
    if any(one in accepted for one in (CSV, "text/*", "*/*")):
        return CSV
    raise InvalidInputError(
        "Customers are exported as CSV or NDJSON.", field="Accept", fix=f"Accept {CSV} or {NDJSON}."
    )
