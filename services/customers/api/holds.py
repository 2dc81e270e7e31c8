"""The route that shows the legal holds of a customer; placing and releasing one are changes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.sight import REASON, Sights
from services.customers.application.loading import CustomerReader, HistoryStep
from shared.authorization.fields import Outcome
from shared.authorization.permissions import Permission
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.queries import path_id
from shared.web.recording import Access
from shared.web.routes import Routes


class HoldView(BaseModel):
    """A legal hold: who placed it, when and why; `reason` is null where it cannot be read."""

    id: UUID
    reason: str | None
    actor: str
    recorded_at: str


class Holds(BaseModel):
    """The legal holds that stand, oldest first: while there is one, nobody erases the customer."""

    items: list[HoldView]


class HoldRoutes:
    """The handler of the hold route."""

    def __init__(self, reader: CustomerReader, sights: Sights) -> None:
        self._reader = reader
        self._sights = sights

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/customers/{customer_id}/holds", "list_legal_holds",
            Permission.CUSTOMERS_HOLD, self.every,
            answers={200: Answer("The legal holds that stand.", Holds)},
            about="customer_id", access=Access(),
        )  # fmt: skip

    async def every(self, request: Request, caller: Caller) -> Response:
        """Read the legal holds of a customer: who placed each, when and why."""
        customer_id, may = path_id(request, "customer_id"), Permission.CUSTOMERS_HOLD
        sight, view, _ = await self._sights.of_customer(caller, may, customer_id)
        sight.refuse_hidden(may, view, "legal_hold")
        steps = await self._reader.history(customer_id)
        is_told = view.outcome(REASON) is Outcome.SHOW
        return JsonAnswer({"items": holds_view(steps, with_reasons=is_told)})


def holds_view(steps: Sequence[HistoryStep], *, with_reasons: bool = True) -> list[dict[str, Any]]:
    """Return the legal holds that stand after these steps, oldest first."""
    standing = steps[-1].after.holds
    return [
        {
            "id": str(step.after.holds[-1]),
            "reason": step.reason if with_reasons else None,
            "actor": step.recorded.origin.actor,
            "recorded_at": step.recorded.recorded_at.isoformat(),
        }
        for step in steps
        if len(step.after.holds) > len(step.before.holds) and step.after.holds[-1] in standing
    ]
