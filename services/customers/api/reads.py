"""Routes that read customers: one, a page of them, one's history."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.bodies import (
    CustomerPage,
    CustomerView,
    History,
    Notes,
    customer_view,
    history_view,
    notes_view,
)
from services.customers.api.lateness import DATED, data_as_of
from services.customers.api.moments import moment_of
from services.customers.application.loading import CustomerReader
from services.customers.projections.directory_queries import DirectoryQueries, DirectoryRow
from shared.authorization.permissions import Permission
from shared.errors import InvalidInputError
from shared.eventstore.tokens import Moment, TokenPart, parse_token
from shared.projecting.backlog import BacklogWatch
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import DAYBOOK_TOKEN, PAGE_SIZE, PAGE_TOKEN, PREFER, Parameter
from shared.web.headers import waiting_seconds
from shared.web.pages import PageTokens, page_size
from shared.web.queries import path_id, text, whole_number
from shared.web.recording import Access
from shared.web.routes import Routes
from shared.web.versions import etag

LONGEST_QUERY = 200
VERSION = Parameter("version", "query", "The customer as it was at this version.", int)
AS_OF = Parameter(
    "as_of", "query", "As it was at this time (RFC 3339), or at the place of this Daybook-Token."
)
Q = Parameter("q", "query", "Only customers whose name or e-mail address holds this text.")


class ReadRoutes:
    """The handlers of the reading routes."""

    def __init__(
        self,
        reader: CustomerReader,
        directory: DirectoryQueries,
        watcher: MarkWatcher,
        backlog: BacklogWatch,
        pages: PageTokens,
    ) -> None:
        self._reader = reader
        self._directory = directory
        self._watcher = watcher
        self._backlog = backlog
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        routes.add(
            "GET", "/v1/customers", "list_customers", Permission.CUSTOMERS_READ, self.page,
            parameters=[Q, PAGE_SIZE, PAGE_TOKEN, DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("A page of customers.", CustomerPage, DATED)},
            access=Access(),
        )  # fmt: skip
        routes.add(
            "GET", "/v1/customers/{customer_id}", "get_customer", Permission.CUSTOMERS_READ,
            self.one, parameters=[VERSION, AS_OF, DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("The customer.", CustomerView, {"ETag": "Its version."})},
            about="customer_id", access=Access(),
        )  # fmt: skip
        routes.add(
            "GET", "/v1/customers/{customer_id}/history", "get_customer_history",
            Permission.CUSTOMERS_HISTORY, self.history,
            parameters=[VERSION, AS_OF, DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("Every event of the customer, oldest first.", History)},
            about="customer_id", access=Access(),
        )  # fmt: skip

        routes.add(
            "GET", "/v1/customers/{customer_id}/notes", "list_customer_notes",
            Permission.CUSTOMERS_READ, self.notes, parameters=[DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("The notes about the customer, newest first.", Notes)},
            about="customer_id", access=Access(),
        )  # fmt: skip

    async def page(self, request: Request, _caller: Caller) -> Response:
        """List customers by name; with `q` those whose name or e-mail address holds the text."""
        await self._watcher.wait_for(token_of(request), waiting_seconds(request))
        wanted = text(request, "q", at_most=LONGEST_QUERY)
        size = page_size(request)
        query = f"customers by name: {wanted or ''}"
        after = self._pages.of_request(request, query)
        rows = await self._directory.page(wanted, after, size + 1)
        next_token = None
        if len(rows) > size:
            rows = rows[:size]
            next_token = self._pages.seal([rows[-1].sort_name, str(rows[-1].id)], query)
        answer = {"items": [_item(row) for row in rows], "next_page_token": next_token}
        return JsonAnswer(answer, 200, data_as_of(self._watcher, self._backlog))

    async def one(self, request: Request, _caller: Caller) -> Response:
        """Read one customer: now, at a version, or as of a time or token."""
        self._watcher.refuse_earlier_epoch(token_of(request))
        waiting_seconds(request)
        version, as_of = self._then(request)
        customer_id = path_id(request, "customer_id")
        loaded = await self._reader.load(customer_id, version=version, as_of=as_of)
        return JsonAnswer(customer_view(loaded), 200, {"ETag": etag(loaded.version)})

    async def history(self, request: Request, _caller: Caller) -> Response:
        """Read what happened to a customer, until now or then: who, when, each field."""
        self._watcher.refuse_earlier_epoch(token_of(request))
        waiting_seconds(request)
        version, as_of = self._then(request)
        customer_id = path_id(request, "customer_id")
        steps = await self._reader.history(customer_id, version=version, as_of=as_of)
        return JsonAnswer({"items": [history_view(step) for step in steps]})

    def _then(self, request: Request) -> tuple[int | None, Moment | None]:
        version = whole_number(request, "version", at_least=1)
        as_of = moment_of(request, "as_of", self._watcher)
        if version is not None and as_of is not None:
            raise InvalidInputError(
                "A customer is read either at a version or as of a time.",
                field="as_of",
                fix="Leave out `version` or `as_of`.",
            )
        return version, as_of

    async def notes(self, request: Request, _caller: Caller) -> Response:
        """Read the notes about a customer: what, who, when."""
        self._watcher.refuse_earlier_epoch(token_of(request))
        waiting_seconds(request)
        steps = await self._reader.history(path_id(request, "customer_id"))
        return JsonAnswer({"items": notes_view(steps)})


def token_of(request: Request) -> tuple[TokenPart, ...]:
    """Return what the caller has seen already."""
    return parse_token(",".join(request.headers.getlist("daybook-token")))


def _item(row: DirectoryRow) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": str(row.id),
        "kind": row.kind,
        "name": row.name,
        "emails": row.emails,
        "version": row.version,
    }
    if row.is_erased:
        item["erased"] = True
    return item
