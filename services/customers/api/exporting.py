"""Customers leave as a file that an import takes for what it is: coming back it changes nothing."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.customers.api.lateness import DATED, data_as_of
from services.customers.api.listing import FILTERS, Q, asks_for_custom, wanted_of
from services.customers.api.reads import token_of
from services.customers.application.field_declarations import FieldDeclarations
from services.customers.application.importing.entries import guarded
from services.customers.domain.field.rules import NO_FIELDS
from services.customers.projections.directory_queries import DirectoryQueries, DirectoryRow
from shared.authorization.permissions import Permission
from shared.errors import InvalidInputError
from shared.projecting.backlog import BacklogWatch
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer
from shared.web.callers import Caller
from shared.web.documents import DAYBOOK_TOKEN, PREFER, Parameter
from shared.web.headers import waiting_seconds
from shared.web.recording import Access
from shared.web.routes import Routes

COLUMNS: Final = (
    "id", "kind", "name", "emails", "phones", "addresses", "tags", "stage", "owner", "custom",
    "archived",
)  # fmt: skip
CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
ROWS_AT_ONCE: Final = 100
ACCEPT = Parameter("Accept", "header", f"{CSV} (unless said) or {NDJSON}.")
_VALUES: Final = {"emails": "address", "phones": "number"}
_SEPARATING: Final = frozenset(";,\n[")


class ExportRoutes:
    """The handler of the route by which customers leave."""

    def __init__(
        self,
        directory: DirectoryQueries,
        fields: FieldDeclarations,
        watcher: MarkWatcher,
        backlog: BacklogWatch,
    ) -> None:
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

    async def export(self, request: Request, _caller: Caller) -> Response:
        """Get every customer that the filters leave, by id, as CSV or NDJSON, however many.

        The file can be changed and imported again. A download that breaks off lacks its last
        chunk (HTTP says so); what a spreadsheet would take for a formula has a ' before it, which
        an import takes away.
        """
        await self._watcher.wait_for(token_of(request), waiting_seconds(request))
        media_type = _media_type(request)
        fields = await self._fields.read() if asks_for_custom(request) else NO_FIELDS
        rows = self._directory.every(wanted_of(request, fields))
        written = csv_lines if media_type == CSV else _ndjson
        ending = "csv" if media_type == CSV else "ndjson"
        headers = {
            "Content-Disposition": f'attachment; filename="customers.{ending}"',
            **data_as_of(self._watcher, self._backlog),
        }
        return StreamingResponse(pieces(rows, written), 200, headers, media_type)


def exported(row: DirectoryRow) -> dict[str, Any]:
    """Return a customer as a file has it: what an import can say of one, contact points by value.

    The primary contact point is the first of its kind.
    """
    details = row.details
    return {
        "id": str(row.id),
        "kind": row.kind,
        "name": row.name,
        "emails": _points(details, "emails", "primary_email"),
        "phones": _points(details, "phones", "primary_phone"),
        "addresses": _points(details, "addresses", "primary_address"),
        "tags": details.get("tags", []),
        "stage": row.stage or "lead",
        "owner": row.owner,
        "custom": details.get("custom", {}),
        "archived": row.is_archived,
    }


async def pieces(
    rows: AsyncIterator[DirectoryRow],
    written: Callable[[Sequence[Mapping[str, Any]], bool], bytes],
) -> AsyncIterator[bytes]:
    """Yield a file piece by piece; erased customers are not in it."""
    yield written((), True)
    batch: list[Mapping[str, Any]] = []
    async for row in rows:
        if row.is_erased:
            continue
        batch.append(exported(row))
        if len(batch) == ROWS_AT_ONCE:
            yield written(batch, False)
            batch.clear()
            await asyncio.sleep(0)  # whoever else waits comes first
    yield written(batch, False)


def _points(details: Mapping[str, Any], plural: str, primary: str) -> list[dict[str, Any]]:
    points = details.get(plural, [])
    first = details.get(primary)
    ordered = sorted(points, key=lambda point: point["id"] != first)
    return [
        {name: value for name, value in point.items() if name not in _UNSAID and value is not None}
        for point in ordered
    ]


_UNSAID: Final = frozenset({"id", "given", "primary"})


def _ndjson(batch: Sequence[Mapping[str, Any]], _is_head: bool) -> bytes:
    return b"".join(orjson.dumps(each) + b"\n" for each in batch)


def csv_lines(batch: Sequence[Mapping[str, Any]], is_head: bool) -> bytes:
    """Return customers as lines of CSV, or behind the line that names the columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    if is_head:
        writer.writerow(COLUMNS)
    writer.writerows(_cells(each) for each in batch)
    return out.getvalue().encode()


def _cells(customer: Mapping[str, Any]) -> Iterator[str]:
    for column in COLUMNS:
        value = customer[column]
        match value:
            case None | [] | {}:
                yield ""
            case str():
                yield guarded(value)
            case bool():
                yield "true" if value else "false"
            case _:
                yield guarded(_listed(column, value))


def _listed(column: str, value: Any) -> str:  # noqa: ANN401 - a list or members
    """Return values as a person would write them where that says it all, else as JSON."""
    if column == "tags" and not any(_SEPARATING & set(tag) for tag in value):
        return "; ".join(value)
    only = _VALUES.get(column)
    if only is not None and len(value) == 1 and value[0].keys() == {only}:
        text: str = value[0][only]
        return text
    return orjson.dumps(value).decode()


def _media_type(request: Request) -> str:
    accepted = request.headers.get("accept", CSV).lower()
    if NDJSON in accepted:
        return NDJSON
    if any(one in accepted for one in (CSV, "text/*", "*/*")):
        return CSV
    raise InvalidInputError(
        "Customers are exported as CSV or NDJSON.", field="Accept", fix=f"Accept {CSV} or {NDJSON}."
    )
