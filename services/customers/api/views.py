"""Routes of saved views: one's own and the shared ones."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.listing import CUSTOM, refuse_to_look_by, shown_query, wanted_of
from services.customers.api.sight import Sight, Sights
from services.customers.application.field_declarations import FieldDeclarations
from services.customers.application.views import LoadedView, SavedViews, ViewOutcome
from services.customers.domain.field.rules import Fields
from services.customers.domain.view.commands import (
    ChangeView,
    Query,
    SaveView,
    ShareView,
    UnshareView,
    ViewCommand,
)
from services.customers.projections.wanted import Wanted
from shared.authorization.permissions import Permission
from shared.errors import InvalidInputError, SeveralFieldsError, WrongField
from shared.given import Given, Line
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH, PAGE_SIZE, PAGE_TOKEN
from shared.web.idempotency import remembering
from shared.web.pages import PageTokens, page_size
from shared.web.queries import path_id
from shared.web.routes import Routes
from shared.web.versions import etag, version_of_if_match

LONGEST_NAME = 200
LONGEST_VALUE = 1_000
MOST_VALUES = 50
COLUMNS = frozenset(
    {"name", "kind", "emails", "phones", "addresses", "tags", "stage", "owner", "archived", "links",
     "version", "registered_at", "changed_at"}
)  # fmt: skip
PAGING = frozenset({"page_size", "page_token"})
LIST = "views"
HEADERS = {
    "ETag": "The view's version.",
    "Daybook-Token": "The place of the change in the log; absent if nothing changed.",
    "Idempotency-Replayed": "true if this is the first answer again.",
}

Value = Annotated[str, Field(max_length=LONGEST_VALUE)]
Column = Annotated[str, Field(max_length=100)]


class ViewBody(Given):
    """A view: what it is called, what it asks for, which fields it shows."""

    name: Line = Field(min_length=1, max_length=LONGEST_NAME)
    query: dict[str, Value | list[Value]] = Field(
        max_length=MOST_VALUES,
        description="Parameters of GET /v1/customers: q, stage, owner, tag, …, custom.NAME, sort.",
        examples=[{"stage": "prospect", "tag": ["vip"], "sort": "-changed_at"}],
    )
    columns: list[Column] = Field(
        default_factory=list,
        max_length=MOST_VALUES,
        description="Fields of a customer in the list, in order; a custom one as custom.NAME.",
    )

    def asked(self) -> Query:
        """Return the query with a list of values for each parameter."""
        return {
            name: (value,) if isinstance(value, str) else tuple(value)
            for name, value in self.query.items()
        }


class SaveViewBody(ViewBody):
    """Save a view; only you see it, unless it is shared."""

    shared: bool = False


class ViewView(BaseModel):
    """A saved view; `query` holds the parameters of the list with all their values."""

    id: UUID
    name: str
    query: dict[str, list[str]]
    columns: list[str]
    owner: str
    shared: bool
    version: int


class ViewPage(BaseModel):
    """A page of your own views and the shared ones, in the order of saving."""

    items: list[ViewView]
    next_page_token: str | None


CHANGED = Answer("The view after the change.", ViewView, HEADERS)


class ViewRoutes:
    """The handlers of the views' routes."""

    def __init__(
        self,
        views: SavedViews,
        fields: FieldDeclarations,
        pages: PageTokens,
        secret: bytes,
        sights: Sights,
    ) -> None:
        self._sights = sights
        self._views = views
        self._fields = fields
        self._pages = pages
        self._secret = secret

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        may, one = Permission.CUSTOMERS_READ, "/v1/views/{view_id}"
        routes.add(
            "GET", "/v1/views", "list_views", may, self.page, parameters=[PAGE_SIZE, PAGE_TOKEN],
            answers={200: Answer("A page of views.", ViewPage)},
        )  # fmt: skip
        routes.add(
            "POST", "/v1/views", "save_view", may, self.save, body=SaveViewBody,
            parameters=[IDEMPOTENCY_KEY],
            answers={201: Answer("Saved.", ViewView, {"Location": "Where it is.", **HEADERS})},
        )  # fmt: skip
        routes.add(
            "GET", one, "get_view", may, self.one,
            answers={200: Answer("The view.", ViewView, {"ETag": HEADERS["ETag"]})},
        )  # fmt: skip
        routes.add(
            "PUT", one, "change_view", may, self.change, body=ViewBody, parameters=[IF_MATCH],
            answers={200: CHANGED},
        )  # fmt: skip
        routes.add(
            "DELETE", one, "delete_view", may, self.delete, parameters=[IF_MATCH],
            answers={204: Answer("Gone for good.")},
        )  # fmt: skip
        for verb, handler in (("share", self.share), ("unshare", self.unshare)):
            routes.add(
                "POST", f"{one}/{verb}", f"{verb}_view", may, handler,
                parameters=[IF_MATCH, IDEMPOTENCY_KEY], answers={200: CHANGED},
            )  # fmt: skip

    async def page(self, request: Request, caller: Caller) -> Response:
        """List your own views and those that are shared."""
        place, size = self._pages.of_request(request, LIST), page_size(request)
        after = None if place is None else UUID(str(place[0]))
        found = await self._views.seen_by(caller.subject, after, size + 1)
        token = self._pages.seal([str(found[size - 1].id)], LIST) if len(found) > size else None
        sight = await self._sights.of(caller)
        items = [_view(loaded, sight) for loaded in found[:size]]
        return JsonAnswer({"items": items, "next_page_token": token})

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read a view of your own, or one that is shared."""
        loaded = await self._views.load(path_id(request, "view_id"), caller.subject)
        sight = await self._sights.of(caller)
        return JsonAnswer(_view(loaded, sight), 200, {"ETag": etag(loaded.version)})

    async def save(self, request: Request, caller: Caller) -> Response:
        """Save a query under a name; it is checked as the list would."""
        raw = await read_body(request)
        body = parse(SaveViewBody, raw)
        await self._check(caller, body)
        outcome = await self._views.save(
            SaveView(body.name, body.asked(), tuple(body.columns), body.shared, ""),
            actor=caller.subject,
            remember=remembering(request, caller, raw, self._secret, status=201, route="save_view"),
        )
        location = {"Location": f"/v1/views/{outcome.view.id}"}
        return _answer(outcome, await self._sights.of(caller), 201, location)

    async def change(self, request: Request, caller: Caller) -> Response:
        """Give a view of your own this name, query and columns."""
        body = parse(ViewBody, await read_body(request))
        await self._check(caller, body)
        command = ChangeView(body.name, body.asked(), tuple(body.columns))
        return await self._change(request, caller, command)

    async def share(self, request: Request, caller: Caller) -> Response:
        """Let everybody see a view of yours who may read customers."""
        return await self._change(request, caller, ShareView())

    async def unshare(self, request: Request, caller: Caller) -> Response:
        """Let nobody see a view of yours but you."""
        return await self._change(request, caller, UnshareView())

    async def delete(self, request: Request, caller: Caller) -> Response:
        """Take a view of your own away; what it was called and asked for is unreadable then."""
        view_id, version = path_id(request, "view_id"), version_of_if_match(request)
        await self._views.delete(view_id, version, actor=caller.subject)
        return Response(status_code=204)

    async def _change(self, request: Request, caller: Caller, command: ViewCommand) -> Response:
        route = type(command).__name__
        outcome = await self._views.change(
            path_id(request, "view_id"),
            version_of_if_match(request),
            command,
            actor=caller.subject,
            remember=None
            if request.method == "PUT"
            else remembering(request, caller, b"", self._secret, status=200, route=route),
        )
        return _answer(outcome, await self._sights.of(caller), 200)

    async def _check(self, caller: Caller, body: ViewBody) -> None:
        """Refuse what the list would refuse, and what it would not show."""
        try:
            request, wanted = _check(body, await self._fields.read())
        except InvalidInputError:
            # It may name a custom field that was declared a moment ago.
            request, wanted = _check(body, await self._fields.read_again())
        may = Permission.CUSTOMERS_READ
        view = (await self._sights.of(caller)).of_every_record(may)
        refuse_to_look_by(view, request, wanted, may)


def _check(body: ViewBody, fields: Fields) -> tuple[Request, Wanted]:
    wrong = [
        WrongField(f"query.{name}", "belongs to a page, not to a view", "Leave it out.")
        for name in sorted(PAGING & body.query.keys())
    ] + [
        WrongField("columns", "holds what no list shows", f"Use {', '.join(sorted(COLUMNS))}.")
        for column in body.columns
        if column not in COLUMNS and column.removeprefix(CUSTOM) not in fields
    ]
    if wrong:
        raise SeveralFieldsError(wrong)
    pairs = [(name, value) for name, values in body.asked().items() for value in values]
    asked = {"type": "http", "query_string": urlencode(pairs).encode(), "headers": []}
    request = Request(asked)
    try:
        return request, wanted_of(request, fields)
    except InvalidInputError as error:
        field = f"query.{error.field}"
        raise InvalidInputError(error.detail, field=field, fix=error.fix) from error


def _answer(
    outcome: ViewOutcome, sight: Sight, status: int, more: dict[str, str] | None = None
) -> Response:
    headers = {"ETag": etag(outcome.view.version), **(more or {})}
    if outcome.token is not None:
        headers["Daybook-Token"] = str(outcome.token)
    if outcome.is_replay:
        headers["Idempotency-Replayed"] = "true"
    return JsonAnswer(_view(outcome.view, sight), status, headers)


def _view(loaded: LoadedView, sight: Sight) -> dict[str, Any]:
    view, fields = loaded.view, sight.of_every_record(Permission.CUSTOMERS_READ)
    is_own = view.owner == sight.rights.subject
    return {
        "id": str(loaded.id),
        "name": view.name,
        "query": shown_query(fields, view.query, is_own=is_own),
        "columns": list(view.columns),
        "owner": view.owner,
        "shared": view.is_shared,
        "version": loaded.version,
    }
