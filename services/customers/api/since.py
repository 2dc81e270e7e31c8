"""The route that says what changed of a customer since somebody looked, field by field."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.moments import moment_of
from services.customers.api.reads import token_of
from services.customers.api.sight import Sights, seen_changes, shows_reason
from services.customers.application.changed_fields import (
    ChangedField,
    changed_fields,
    version_at,
)
from services.customers.application.last_looks import LastLooks
from services.customers.application.loading import CustomerReader, HistoryStep
from services.customers.domain.customer.fields import Change
from shared.authorization.fields import FieldView
from shared.authorization.permissions import Permission
from shared.errors import NotFoundError
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import DAYBOOK_TOKEN, PREFER, Parameter
from shared.web.headers import waiting_seconds
from shared.web.queries import path_id, whole_number
from shared.web.recording import Access
from shared.web.routes import Routes

LAST_LOOK = "last-look"
SINCE = Parameter(
    "since",
    "query",
    "last-look (unless said otherwise), a version, a time (RFC 3339) or a Daybook-Token.",
)


class ChangedFieldView(BaseModel):
    """One field then and now, and the event that made it so; null where nothing was or is."""

    field: str
    then: Any
    now: Any
    version: int
    event_id: UUID
    event_type: str
    actor: str
    recorded_at: str
    reason: str | None = None


class Changes(BaseModel):
    """What differs between a version (0: before the registration) and now, field by field."""

    customer_id: UUID
    since_version: int
    version: int
    items: list[ChangedFieldView]
    erased: bool | None = None


class ChangesRoutes:
    """The handler of the route."""

    def __init__(
        self, reader: CustomerReader, looks: LastLooks, watcher: MarkWatcher, sights: Sights
    ) -> None:
        self._sights = sights
        self._reader = reader
        self._looks = looks
        self._watcher = watcher

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/customers/{customer_id}/changes", "get_customer_changes",
            Permission.CUSTOMERS_HISTORY, self.changes, parameters=[SINCE, DAYBOOK_TOKEN, PREFER],
            answers={200: Answer("Each field that differs.", Changes)},
            about="customer_id", access=Access(),
        )  # fmt: skip

    async def changes(self, request: Request, caller: Caller) -> Response:
        """Read what changed of a customer since you looked: each field then and now, by whom."""
        self._watcher.refuse_earlier_epoch(token_of(request))
        waiting_seconds(request)
        customer_id = path_id(request, "customer_id")
        may = Permission.CUSTOMERS_HISTORY
        _, view, _ = await self._sights.of_customer(caller, may, customer_id)
        steps = await self._reader.history(customer_id)
        since = await self._since(request, caller, customer_id, steps)
        answer: dict[str, Any] = {
            "customer_id": str(customer_id),
            "since_version": since,
            "version": steps[-1].recorded.version,
            "items": list(_items(view, changed_fields(steps, since))),
        }
        if steps[-1].after.is_erased:
            answer["erased"] = True
        return JsonAnswer(answer)

    async def _since(
        self, request: Request, caller: Caller, customer_id: UUID, steps: Sequence[HistoryStep]
    ) -> int:
        given = request.query_params.get("since", LAST_LOOK)
        if given == LAST_LOOK:
            look = await self._looks.of(caller.subject, customer_id)
            return 0 if look is None else look.version
        if not given.isdigit():
            moment = moment_of(request, "since", self._watcher)
            return 0 if moment is None else version_at(steps, moment)
        version, newest = whole_number(request, "since") or 0, steps[-1].recorded.version
        if version > newest:
            raise NotFoundError(
                f"the customer has no such version; the newest is {newest}",
                code="version-not-found",
                field="since",
                fix=f"send a version from 0 to {newest}",
            )
        return version


def _items(view: FieldView, every: Sequence[ChangedField]) -> Iterator[dict[str, Any]]:
    for changed in every:
        for change in seen_changes(view, [changed.change]):
            yield _item(changed, change, shows_reason(view, [changed.change]))


def _item(changed: ChangedField, change: Change, is_told_why: bool) -> dict[str, Any]:
    recorded = changed.step.recorded
    view = {
        "field": change.field,
        "then": change.before,
        "now": change.after,
        "version": recorded.version,
        "event_id": str(recorded.event_id),
        "event_type": recorded.type,
        "actor": recorded.origin.actor,
        "recorded_at": recorded.recorded_at.isoformat(),
    }
    if changed.step.reason is not None and is_told_why:
        view["reason"] = changed.step.reason
    return view
