"""Routes of last looks: say what you have seen, and ask which customers changed since."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from services.customers.application.last_looks import FIRST, ChangedCustomer, LastLook, LastLooks
from shared.authorization.permissions import Permission
from shared.given import Given
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import PAGE_SIZE, PAGE_TOKEN
from shared.web.pages import PageTokens, page_size
from shared.web.queries import path_id
from shared.web.routes import Routes

HIGHEST_VERSION = 2**53
QUERY = "changed customers"


class LookBody(Given):
    """Which version of the customer you have seen."""

    version: int = Field(ge=1, le=HIGHEST_VERSION)


class LastLookView(BaseModel):
    """The version that you saw last, and when you said so; null: never."""

    customer_id: UUID
    version: int | None
    looked_at: str | None


class ChangedView(BaseModel):
    """A customer that changed since you looked, and which version you saw then."""

    id: UUID
    seen_version: int
    version: int
    changed_at: str


class ChangedPage(BaseModel):
    """A page of them, by id. It may be short and not the last: that has no next_page_token."""

    items: list[ChangedView]
    next_page_token: str | None


class LastLookRoutes:
    """The handlers of the routes of last looks."""

    def __init__(self, looks: LastLooks, pages: PageTokens) -> None:
        self._looks = looks
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        may, path = Permission.CUSTOMERS_HISTORY, "/v1/customers/{customer_id}/last-look"
        answers = {200: Answer("Your last look.", LastLookView)}
        routes.add("GET", path, "get_last_look", may, self.one, answers=answers)
        routes.add("PUT", path, "put_last_look", may, self.look, body=LookBody, answers=answers)
        routes.add(
            "GET", "/v1/changed-customers", "list_changed_customers", may, self.changed,
            parameters=[PAGE_SIZE, PAGE_TOKEN],
            answers={200: Answer("The customers that changed since you looked.", ChangedPage)},
        )  # fmt: skip

    async def one(self, request: Request, caller: Caller) -> Response:
        """Read which version of a customer you saw last."""
        customer_id = path_id(request, "customer_id")
        return JsonAnswer(
            _look_view(customer_id, await self._looks.of(caller.subject, customer_id))
        )

    async def look(self, request: Request, caller: Caller) -> Response:
        """Say which version of a customer you have seen; an earlier one than before is no news."""
        customer_id = path_id(request, "customer_id")
        body = parse(LookBody, await read_body(request))
        look = await self._looks.look(caller.subject, customer_id, body.version)
        return JsonAnswer(_look_view(customer_id, look))

    async def changed(self, request: Request, caller: Caller) -> Response:
        """List the customers that you looked at and that changed since."""
        place = self._pages.of_request(request, QUERY)
        after = FIRST if place is None else UUID(str(place[0]))
        found, behind = await self._looks.changed(caller.subject, after, page_size(request))
        token = None if behind is None else self._pages.seal([str(behind)], QUERY)
        items = [_changed_view(customer) for customer in found]
        return JsonAnswer({"items": items, "next_page_token": token})


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
