"""Routes that read customers: one, a page of them, one's history."""

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
from services.customers.api.listing import (
    FILTERS,
    Q,
    asks_for_custom,
    page_view,
    refuse_to_look_by,
    wanted_of,
)
from services.customers.api.moments import moment_of
from services.customers.api.sight import Sights
from services.customers.application.field_declarations import FieldDeclarations
from services.customers.application.loading import CustomerReader
from services.customers.domain.field.rules import NO_FIELDS
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Wanted
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
from shared.web.queries import path_id, whole_number
from shared.web.recording import Access
from shared.web.routes import Routes
from shared.web.versions import etag

VERSION = Parameter("version", "query", "The customer as it was at this version.", int)
AS_OF = Parameter(
    "as_of", "query", "As it was at this time (RFC 3339), or at the place of this Daybook-Token."
)


class ReadRoutes:
    """The handlers of the reading routes."""

    def __init__(
        self,
        reader: CustomerReader,
        directory: DirectoryQueries,
        fields: FieldDeclarations,
        watcher: MarkWatcher,
        backlog: BacklogWatch,
        pages: PageTokens,
        sights: Sights,
    ) -> None:
        self._sights = sights
        self._reader = reader
        self._directory = directory
        self._fields = fields
        self._watcher = watcher
        self._backlog = backlog
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        routes.add(
            "GET", "/v1/customers", "list_customers", Permission.CUSTOMERS_READ, self.page,
            parameters=[Q, *FILTERS, PAGE_SIZE, PAGE_TOKEN, DAYBOOK_TOKEN, PREFER],
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

    async def page(self, request: Request, caller: Caller) -> Response:
        """List customers that the filters leave, by name or as `sort` says; with `q` those found.

        Only those that you may see, each with what you may see of it; by what you may not see a
        customer is not found, and what you do not see of all of them you cannot filter or sort by.
        A page may end early; there are more as long as `next_page_token` is there.
        """
        await self._watcher.wait_for(token_of(request), waiting_seconds(request))
        wanted = await self._wanted(request)
        size, may = page_size(request), Permission.CUSTOMERS_READ
        sight = await self._sights.of(caller)
        refuse_to_look_by(sight.of_every_record(may), request, wanted, may)
        query = f"customers: {wanted.query}"
        place = self._pages.of_request(request, query)
        page = await self._directory.page(wanted, place, size, Reach(sight.rights, may))
        next_place = page.next_place
        token = None if next_place is None else self._pages.seal(next_place, query)
        answer = page_view(page, token, sight)
        return JsonAnswer(answer, 200, data_as_of(self._watcher, self._backlog))

    async def _wanted(self, request: Request) -> Wanted:
        # Only declarations are in the event store, which may be away while lists answer.
        if not asks_for_custom(request):
            return wanted_of(request, NO_FIELDS)
        try:
            return wanted_of(request, await self._fields.read())
        except InvalidInputError:
            # It may name a field that was declared a moment ago.
            return wanted_of(request, await self._fields.read_again())

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read one customer: now, at a version, or as of a time or token.

        What you may see of it, also as it was then, is what you may see of it today.
        """
        self._watcher.refuse_earlier_epoch(token_of(request))
        waiting_seconds(request)
        version, as_of = self._then(request)
        customer_id = path_id(request, "customer_id")
        _, view, loaded = await self._sights.of_customer(
            caller, Permission.CUSTOMERS_READ, customer_id
        )
        if version is not None or as_of is not None:
            loaded = await self._reader.load(customer_id, version=version, as_of=as_of)
        return JsonAnswer(customer_view(loaded, view), 200, {"ETag": etag(loaded.version)})

    async def history(self, request: Request, caller: Caller) -> Response:
        """Read what happened to a customer, until now or then: who, when, each field.

        Of which type an event was is told also where what it changed is not shown.
        """
        self._watcher.refuse_earlier_epoch(token_of(request))
        waiting_seconds(request)
        version, as_of = self._then(request)
        customer_id = path_id(request, "customer_id")
        _, view, _ = await self._sights.of_customer(
            caller, Permission.CUSTOMERS_HISTORY, customer_id
        )
        steps = await self._reader.history(customer_id, version=version, as_of=as_of)
        return JsonAnswer({"items": [history_view(step, view) for step in steps]})

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

    async def notes(self, request: Request, caller: Caller) -> Response:
        """Read the notes about a customer: what, who, when."""
        self._watcher.refuse_earlier_epoch(token_of(request))
        waiting_seconds(request)
        customer_id, may = path_id(request, "customer_id"), Permission.CUSTOMERS_READ
        sight, view, _ = await self._sights.of_customer(caller, may, customer_id)
        sight.refuse_hidden(may, view, "notes")
        steps = await self._reader.history(customer_id)
        return JsonAnswer({"items": notes_view(steps)})


def token_of(request: Request) -> tuple[TokenPart, ...]:
    """Return what the caller has seen already."""
    return parse_token(",".join(request.headers.getlist("daybook-token")))
