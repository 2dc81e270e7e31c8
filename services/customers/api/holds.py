"""The route that shows the legal holds of a customer; placing and releasing one are changes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.customers.application.loading import CustomerReader, HistoryStep
from shared.authorization.permissions import Permission
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.queries import path_id
from shared.web.recording import Access
from shared.web.routes import Routes


class HoldView(BaseModel):
    """A legal hold: who placed it, when and why; `reason` is null once it cannot be read."""

    id: UUID
    reason: str | None
    actor: str
    recorded_at: str


class Holds(BaseModel):
    """The legal holds that stand, oldest first: while there is one, nobody erases the customer."""

    items: list[HoldView]


class HoldRoutes:
    """The handler of the hold route."""

    def __init__(self, reader: CustomerReader) -> None:
        self._reader = reader

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/customers/{customer_id}/holds", "list_legal_holds",
            Permission.CUSTOMERS_HOLD, self.every,
            answers={200: Answer("The legal holds that stand.", Holds)},
            about="customer_id", access=Access(),
        )  # fmt: skip

    async def every(self, request: Request, _caller: Caller) -> Response:
        """Read the legal holds of a customer: who placed each, when and why."""
        steps = await self._reader.history(path_id(request, "customer_id"))
        return JsonAnswer({"items": holds_view(steps)})


def holds_view(steps: Sequence[HistoryStep]) -> list[dict[str, Any]]:
    """Return the legal holds that stand after these steps, oldest first."""
    standing = steps[-1].after.holds
    return [
        {
            "id": str(step.after.holds[-1]),
            "reason": step.reason,
            "actor": step.recorded.origin.actor,
            "recorded_at": step.recorded.recorded_at.isoformat(),
        }
        for step in steps
        if len(step.after.holds) > len(step.before.holds) and step.after.holds[-1] in standing
    ]
