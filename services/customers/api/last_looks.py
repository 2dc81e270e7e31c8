"""Routes of last looks: say what you have seen, and ask which customers changed since."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.lateness import DATED, data_as_of
from services.customers.api.reads import token_of
from services.customers.api.sight import Sight, Sights
from services.customers.application.last_looks import FIRST, ChangedCustomer, LastLook, LastLooks
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Wanted
from shared.authorization.permissions import Permission
from shared.errors import InvalidInputError
from shared.given import Given
from shared.projecting.backlog import BacklogWatch
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import DAYBOOK_TOKEN, PAGE_SIZE, PAGE_TOKEN, PREFER, Parameter
from shared.web.headers import waiting_seconds
from shared.web.pages import PageTokens, Place, page_size
from shared.web.queries import path_id
from shared.web.routes import Routes

HIGHEST_VERSION = 2**53
OF = Parameter("of", "query", "looked (unless said): those you looked at; owned: your own.")


class LookBody(Given):
    """Which version of the customer you have seen."""

    version: int = Field(ge=1, le=HIGHEST_VERSION, examples=[1])


class LastLookView(BaseModel):
    """The version that you saw last, and when you said so; null: never."""

    customer_id: UUID
    version: int | None
    looked_at: str | None


class ChangedView(BaseModel):
    """A customer that changed since you looked, and which version you saw then; null: none."""

    id: UUID
    seen_version: int | None
    version: int
    changed_at: str


class ChangedPage(BaseModel):
    """A page of them. It may be short and not the last: that has no next_page_token."""

    items: list[ChangedView]
    next_page_token: str | None


class LastLookRoutes:
    """The handlers of the routes of last looks."""

    def __init__(
        self,
        looks: LastLooks,
        directory: DirectoryQueries,
        watcher: MarkWatcher,
        backlog: BacklogWatch,
        pages: PageTokens,
        sights: Sights,
    ) -> None:
        self._sights = sights
        self._looks = looks
        self._directory = directory
        self._watcher = watcher
        self._backlog = backlog
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        may, path = Permission.CUSTOMERS_HISTORY, "/v1/customers/{customer_id}/last-look"
        answers = {200: Answer("Your last look.", LastLookView)}
        routes.add("GET", path, "get_last_look", may, self.one, answers=answers)
        routes.add("PUT", path, "put_last_look", may, self.look, body=LookBody, answers=answers)
        routes.add(
            "GET", "/v1/changed-customers", "list_changed_customers", may, self.changed,
            parameters=[OF, PAGE_SIZE, PAGE_TOKEN, DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("Those that changed since you looked.", ChangedPage, DATED)},
        )  # fmt: skip

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read which version of a customer you saw last."""
        customer_id = path_id(request, "customer_id")
        await self._sights.require_sealed(caller, Permission.CUSTOMERS_HISTORY, customer_id)
        return JsonAnswer(
            _look_view(customer_id, await self._looks.of(caller.subject, customer_id))
        )

    async def look(self, request: Request, caller: Caller) -> Response:
        """Say which version of a customer you have seen; an earlier one than before is no news."""
        customer_id = path_id(request, "customer_id")
        body = parse(LookBody, await read_body(request))
        await self._sights.require_sealed(caller, Permission.CUSTOMERS_HISTORY, customer_id)
        look = await self._looks.look(caller.subject, customer_id, body.version)
        return JsonAnswer(_look_view(customer_id, look))

    async def changed(self, request: Request, caller: Caller) -> Response:
        """List customers that changed since you looked: those you looked at, or your own."""
        of = request.query_params.get("of", "looked")
        if of not in {"looked", "owned"}:
            raise InvalidInputError(
                "of is neither looked nor owned.", field="of", fix="Send of=looked or of=owned."
            )
        sight = await self._sights.of(caller)
        query, size = f"changed customers: {of}", page_size(request)
        place = self._pages.of_request(request, query)
        headers: dict[str, str] = {}
        if of == "looked":
            after = FIRST if place is None else UUID(str(place[0]))
            found, behind = await self._looks.changed(caller.subject, after, size)
            found = await self._in_sight(sight, found)
            next_place: Place | None = None if behind is None else [str(behind)]
        else:
            await self._watcher.wait_for(token_of(request), waiting_seconds(request))
            found, next_place = await self._owned(sight, place, size)
            headers = data_as_of(self._watcher, self._backlog)
        token = None if next_place is None else self._pages.seal(next_place, query)
        items = [_changed_view(customer) for customer in found]
        return JsonAnswer({"items": items, "next_page_token": token}, 200, headers)

    async def _owned(
        self, sight: Sight, place: Place | None, size: int
    ) -> tuple[Sequence[ChangedCustomer], Place | None]:
        """Return which of the next `size` customers of this owner changed, by name."""
        person = sight.rights.subject
        wanted = Wanted(filters=[("owner", person)], archived="also")
        reach = Reach(sight.rights, Permission.CUSTOMERS_HISTORY)
        page = await self._directory.page(wanted, place, size, reach)
        seen = await self._looks.seen(person, [row.id for row in page.rows])
        changed = [
            ChangedCustomer(row.id, seen.get(row.id), row.version, row.changed_at)
            for row in page.rows
            if row.version > seen.get(row.id, 0) and not row.is_erased
        ]
        return changed, page.next_place

    async def _in_sight(
        self, sight: Sight, found: Sequence[ChangedCustomer]
    ) -> Sequence[ChangedCustomer]:
        """Return those that may still be seen; of who is not in the directory nothing is known."""
        rows = await self._directory.rows_of([one.id for one in found])
        may = Permission.CUSTOMERS_HISTORY
        return [
            one for one in found if sight.view(may, sight.record_of_row(rows.get(one.id), one.id))
        ]


def _look_view(customer_id: UUID, look: LastLook | None) -> dict[str, Any]:
    return {
        "customer_id": str(customer_id),
        "version": None if look is None else look.version,
        "looked_at": None if look is None else look.looked_at.isoformat(),
    }


def _changed_view(customer: ChangedCustomer) -> dict[str, Any]:
    return {
        "id": str(customer.id),
        "seen_version": customer.seen_version,
        "version": customer.version,
        "changed_at": customer.changed_at.isoformat(),
    }
