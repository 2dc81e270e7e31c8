"""Routes of imports: hand a file in, see how far it is, get what was refused, undo all of it."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, get_args
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.customers.api.import_views import (
    ImportPage,
    ImportView,
    columns_of,
    error_table,
    import_view,
)
from services.customers.api.lateness import WARNED, warning
from services.customers.api.row_sight import RowSight, previewed
from services.customers.api.sight import Sights
from services.customers.application.customer_records import TYPE
from services.customers.application.importing.desk import ImportDesk, Told, no_such_import
from services.customers.application.importing.reading import Asked
from services.customers.domain.customer.events import CustomerKind
from shared.authorization.permissions import Permission
from shared.errors import InvalidInputError, NotFoundError
from shared.eventstore.writing import Remember
from shared.projecting.backlog import BacklogWatch
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import WrongContentTypeError
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, PAGE_SIZE, PAGE_TOKEN, Parameter
from shared.web.downloads import Download
from shared.web.idempotency import remembering
from shared.web.pages import PageTokens, page_size
from shared.web.queries import path_id, text, yes_or_no
from shared.web.recording import Access
from shared.web.routes import Routes

FORMATS: Final[Mapping[str, str]] = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "text/vcard": "vcard",
}
LONGEST_MAP: Final = 8_000
PREVIEWED: Final = ("created", "changed")
TOLD_OF: Final = ("refused", "kept", "left")
DRY_RUN = Parameter(
    "dry_run", "query", "true: nothing is written; the answer says what would change.", bool
)
SOURCE = Parameter(
    "source",
    "query",
    "The system that the file comes from, for example erp: within it a key names one customer.",
)
KIND = Parameter("kind", "query", "What a row is that does not say it: person or organisation.")
PRESET = Parameter("preset", "query", "sp500 or febrl: what the columns of a known file mean.")
MAP = Parameter(
    "map",
    "query",
    'What columns mean, as JSON: {"Firma": "name", "Nr": "key"}; the others are guessed by their'
    " names and cells. - leaves a column out.",
)
COUNTRY = Parameter(
    "country", "query", "Whose phone numbers are that do not say it, for example DE."
)
ENCODING = Parameter("encoding", "query", "For example gb18030; guessed if not given.")


ONE = Answer("The import as it is now.", ImportView)


class ImportRoutes:
    """The handlers of the routes of imports."""

    def __init__(
        self,
        desk: ImportDesk,
        pages: PageTokens,
        backlog: BacklogWatch,
        secret: bytes,
        sights: Sights,
    ) -> None:
        self._sights = sights
        self._desk = desk
        self._secret = secret
        self._backlog = backlog
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        may = Permission.CUSTOMERS_IMPORT
        routes.add(
            "POST", "/v1/imports", "import_customers", may, self.hand_in, takes=list(FORMATS),
            parameters=[DRY_RUN, SOURCE, KIND, PRESET, MAP, COUNTRY, ENCODING, IDEMPOTENCY_KEY],
            answers={202: Answer("The file is here, and will be imported.", ImportView,
                                 {"Location": "Where to see how far it is.",
                                  "Idempotency-Replayed": "true if it was handed in before."})},
        )  # fmt: skip
        routes.add(
            "GET", "/v1/imports", "list_imports", may, self.page,
            parameters=[PAGE_SIZE, PAGE_TOKEN], answers={200: Answer("A page.", ImportPage)},
        )  # fmt: skip
        routes.add(
            "GET", "/v1/imports/{import_id}", "get_import", may, self.one,
            answers={200: Answer(ONE.description, ImportView, WARNED)},
            access=Access(target="import_id"),
        )  # fmt: skip
        routes.add(
            "GET", "/v1/imports/{import_id}/errors", "get_import_errors", may, self.errors,
            answers={200: Answer("What was refused, kept or left.", media_type="text/csv")},
            access=Access(target="import_id"),
        )  # fmt: skip
        for verb, handler in (("undo", self.undo), ("cancel", self.cancel)):
            routes.add(
                "POST", f"/v1/imports/{{import_id}}/{verb}", f"{verb}_import", may, handler,
                parameters=[IDEMPOTENCY_KEY], answers={202: ONE},
            )  # fmt: skip

    async def hand_in(self, request: Request, caller: Caller) -> Response:
        """Hand a file of customers in: CSV, NDJSON or vCard, as the body, up to 8 GiB.

        It is imported when it is here whole; a row that is refused stops no other. A row is known
        again by its customer's id, by its key in its source, or by being the same: the same file
        again changes nothing, a cell that changed changes just that.
        """
        asked = _asked(request)
        about = {
            name: value
            for name in ("format", "encoding", "source", "kind", "preset", "country", "map")
            if (value := getattr(asked, name))
        }
        is_dry_run = yes_or_no(request, "dry_run")
        wish = orjson.dumps([about, is_dry_run], option=orjson.OPT_SORT_KEYS)

        def remember(digest: bytes) -> Remember | None:
            raw = wish + digest
            return remembering(
                request, caller, raw, self._secret, status=202, route="import_customers"
            )

        handed_in = await self._desk.hand_in(
            asked,
            about,
            _chunks(request),
            remember,
            actor=caller.subject,
            is_dry_run=is_dry_run,
            may=lambda: self._sights.rights(caller).require(Permission.CUSTOMERS_IMPORT),
        )
        headers = {"Location": f"/v1/imports/{handed_in.told.job.id}"}
        if handed_in.is_replay:
            headers["Idempotency-Replayed"] = "true"
        return JsonAnswer(import_view(handed_in.told), 202, headers)

    async def page(self, request: Request, caller: Caller) -> Response:
        """List imports that you may see, the newest first."""
        size = page_size(request)
        after = self._pages.of_request(request, "imports")
        behind, rights = UUID(str(after[0])) if after else None, self._sights.rights(caller)
        found = await self._desk.page(behind, size + 1, rights)
        more = self._pages.seal([str(found[size - 1].job.id)], "imports") if found[size:] else None
        items = [import_view(told) for told in found[:size]]
        return JsonAnswer({"items": items, "next_page_token": more})

    async def one(self, request: Request, caller: Caller) -> Response:
        """See how far an import is, and what a dry run would change.

        Of somebody else's file, and of what was stored before, you see what you may see.
        """
        told = await self._reached(request, caller)
        view = import_view(told)
        if told.job.is_dry_run:
            notes = self._desk.notes(told.job.id, told.job.kid, PREVIEWED)
            view["preview"] = await previewed(notes, told, self._sights, caller)
        return JsonAnswer(view, 200, warning(self._backlog))

    async def _reached(self, request: Request, caller: Caller) -> Told:
        """Return the import that is asked about; it is in reach if its actor is.

        Raises:
            NotFoundError: there is none, or none that the caller may see.
            UndecidedError: it cannot be decided now.
        """
        import_id, may = path_id(request, "import_id"), Permission.CUSTOMERS_IMPORT
        try:
            told = await self._desk.read(import_id)
        except NotFoundError:
            self._sights.rights(caller).surely_may(may)
            raise
        rights = self._sights.rights(caller)
        if not rights.surely_may(may, rights.record(TYPE, str(import_id), told.job.actor)):
            raise no_such_import()
        return told

    async def errors(self, request: Request, caller: Caller) -> Response:
        """Get the rows that were refused as they stand in the file, each with its problem.

        Mend them there and import that file. Cells that fitted nowhere are there too (kept), and
        of an undoing what somebody touched since (left). Of somebody else's file the cells that
        you may not see are empty. The download breaks off when you may not import any more.
        """
        told = await self._reached(request, caller)
        notes = self._desk.notes(told.job.id, told.job.kid, TOLD_OF)
        name = {"Content-Disposition": f'attachment; filename="errors-{told.job.id}.csv"'}

        async def look() -> RowSight:
            return RowSight(await self._sights.of(caller), told)

        table = error_table(columns_of(told), notes, look)
        still = self._sights.still(caller, Permission.CUSTOMERS_IMPORT)
        return Download(table, "text/csv", name, still)

    async def undo(self, request: Request, caller: Caller) -> Response:
        """Undo an import: who came with it goes, what it changed goes back.

        What somebody touched since is left as it is, and listed (`…/errors` of the undoing). Asked
        for twice it is undone once; the undoing is an import of its own, with its progress.
        """
        its = (await self._reached(request, caller)).job
        told = await self._desk.undo(its.id, actor=caller.subject)
        return JsonAnswer(import_view(told), 202, {"Location": f"/v1/imports/{told.job.id}"})

    async def cancel(self, request: Request, caller: Caller) -> Response:
        """Stop an import where it is; what it did stays, and can be undone."""
        told = await self._desk.cancel((await self._reached(request, caller)).job.id)
        return JsonAnswer(import_view(told), 202)


def _asked(request: Request) -> Asked:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    found = FORMATS.get(media_type.strip().lower())
    if found is None:
        raise WrongContentTypeError(
            "The body must be a file of customers and say of which kind.",
            field="Content-Type",
            fix=f"Send one of {', '.join(FORMATS)}.",
        )
    kind = text(request, "kind", at_most=20)
    if kind not in {None, *get_args(CustomerKind)}:
        raise InvalidInputError(
            "There is no such kind.", field="kind", fix="Send person or organisation."
        )
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    encoding = text(request, "encoding", at_most=40) or charset or None
    return Asked(
        found, _known_encoding(encoding), text(request, "source", at_most=100) or "", kind,
        text(request, "preset", at_most=40), text(request, "country", at_most=2), _map(request),
    )  # fmt: skip


def _known_encoding(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        "é".encode(name, "ignore").decode(name, "surrogateescape")
    except (LookupError, UnicodeError) as error:
        raise InvalidInputError(
            "There is no such encoding.", field="encoding", fix="Send for example utf-8 or gb18030."
        ) from error
    return "utf-8-sig" if name.replace("_", "-") in {"utf-8", "utf8"} else name


def _map(request: Request) -> Mapping[str, str] | None:
    given = text(request, "map", at_most=LONGEST_MAP)
    if given is None:
        return None
    try:
        read = orjson.loads(given)
    except orjson.JSONDecodeError:
        read = None
    if not isinstance(read, dict) or not all(isinstance(v, str) for v in read.values()):
        raise InvalidInputError(
            "map is not a JSON object of columns and fields.",
            field="map", fix='Send for example map={"Firma": "name"}.',
        )  # fmt: skip
    return read


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return
