"""The route of the access file: everything about one person, for programs and for people."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.customers.api.access_page import access_page
from services.customers.api.bodies import customer_view, notes_view
from services.customers.api.erasure_bodies import erasure_view
from services.customers.api.holds import holds_view
from services.customers.api.sight import Sights
from services.customers.application.access_file import AccessFile, AccessFiles
from services.customers.application.erasure_report import ErasureReports
from services.customers.application.holding import CopyHolders
from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import InvalidInputError, NotFoundError
from shared.security.signing import StatementSigner
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.queries import path_id
from shared.web.recording import Access
from shared.web.routes import Routes

FORMAT = Parameter(
    "format", "query", "json or html; left out, what `Accept` prefers, else JSON.", str
)
# A page that a person keeps: it loads nothing and runs nothing.
SEALED_OFF = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}


class AccessFileView(BaseModel):
    """Everything about one person; what was erased is null.

    `accessed_by` holds the latest 10,000 times somebody was shown this person by itself. Lists are
    on record too, without who was on them.
    """

    made_at: str
    made_by: str
    profile: dict[str, Any]
    notes: list[dict[str, Any]]
    legal_holds: list[dict[str, Any]]
    events: list[dict[str, Any]]
    accessed_by: list[dict[str, Any]]
    copies: list[str]
    key: dict[str, Any]
    erasure: dict[str, Any] | None


class AccessFileRoutes:
    """The handler of the access file."""

    def __init__(
        self,
        files: AccessFiles,
        reports: ErasureReports,
        copies: CopyHolders,
        signer: StatementSigner,
        clock: Clock,
        sights: Sights,
    ) -> None:
        self._sights = sights
        self._files = files
        self._reports = reports
        self._copies = copies
        self._signer = signer
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/customers/{customer_id}/access-file", "get_access_file",
            Permission.CUSTOMERS_ACCESS_FILE, self.file, parameters=[FORMAT],
            answers={200: Answer("Everything about the person.", AccessFileView,
                                 media_type="text/html")},
            about="customer_id", access=Access(is_restricted=True),
        )  # fmt: skip

    async def file(self, request: Request, caller: Caller) -> Response:
        """Get everything that Daybook has about one person, as JSON or as a page to keep.

        Only for who may see everything of this person: a file that hides something is none.

        That it was asked for is on record before it leaves.
        """
        wanted = _format(request)
        customer_id = path_id(request, "customer_id")
        may = Permission.CUSTOMERS_ACCESS_FILE
        sight, view, _ = await self._sights.of_customer(caller, may, customer_id)
        sight.refuse_less_than_all(may, view)
        found = await self._files.of(customer_id)
        try:
            erasure = erasure_view(await self._reports.of(customer_id), self._signer)
        except NotFoundError:
            erasure = None
        copies = await self._copies.names(found.customer.kid)
        file = _view(found, view, self._clock.now(), caller.subject, copies, erasure)
        if wanted == "html":
            return HTMLResponse(access_page(file), headers=SEALED_OFF)
        return JsonAnswer(file)


def _format(request: Request) -> Literal["json", "html"]:
    match request.query_params.get("format"):
        case None:
            accept = request.headers.get("accept", "")
            return "html" if accept.strip().startswith("text/html") else "json"
        case "json":
            return "json"
        case "html":
            return "html"
        case _:
            raise InvalidInputError(
                "There is no such format.", field="format", fix="Send format=json or format=html."
            )


def _view(
    found: AccessFile,
    view: FieldView,
    now: datetime,
    caller: str,
    copies: list[str],
    erasure: dict[str, Any] | None,
) -> dict[str, Any]:
    first = found.events[0]
    return {
        "made_at": now,
        "made_by": caller,
        "profile": customer_view(found.customer, view),
        "notes": notes_view(found.steps),
        "legal_holds": holds_view(found.steps),
        "events": [
            {
                "version": told.recorded.version,
                "event_id": str(told.recorded.event_id),
                "type": told.recorded.type,
                "recorded_at": told.recorded.recorded_at,
                "actor": told.recorded.origin.actor,
                "clear": told.clear,
                "personal": told.personal,
            }
            for told in found.events
        ],
        "accessed_by": [
            {
                "at": recorded.recorded_at,
                "actor": recorded.origin.actor,
                "operation": access.operation,
                "permission": access.permission,
            }
            for recorded, access in found.accesses
        ],
        "copies": copies,
        "key": {
            "kid": found.customer.kid,
            "commitment": first.clear.get("key_commitment"),
            "destroyed": found.customer.customer.is_erased,
            "given_to": [
                {
                    "account": grant.account,
                    "first_at": grant.first_at,
                    "last_at": grant.last_at,
                    "times": grant.times,
                }
                for grant in found.grants
            ],
        },
        "erasure": erasure,
    }
