"""Routes of the operators: which read models there are, and orders to the projector."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response
from uuid6 import uuid7

from shared.authorization.permissions import Permission
from shared.clock import Clock
from shared.errors import InvalidInputError, NotFoundError, RuleBrokenError
from shared.eventstore.record_types import OperatorActed
from shared.eventstore.records import RecordKeeper
from shared.given import Given, Line, field_error
from shared.projecting.backlog import BacklogWatch
from shared.projecting.discards import DISCARD
from shared.projecting.orders import Kind, Order, Orders
from shared.projecting.parked_list import ParkedList
from shared.projecting.versions import Version, Versions
from shared.web.answers import Answer, JsonAnswer
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller
from shared.web.documents import IDEMPOTENCY_KEY, Parameter
from shared.web.headers import idempotency_key
from shared.web.queries import path_id
from shared.web.routes import Routes

LATEST_ORDERS = 10
LONGEST_REASON = 500
MOST_STREAMS = 1_000
# As wide as its column.
HIGHEST_VERSION = 2**31 - 1
# Ids of orders that were placed with an Idempotency-Key are made of it.
ORDER_KEYS = UUID("6f1d3a52-2f0e-4c56-9d3c-0f8f5d3f6c11")
NEEDED: dict[Kind, tuple[str, ...]] = {
    "drop": ("version",),
    "retry": ("stream",),
    "discard": ("stream", "event_id", "reason"),
    "replay": ("stream",),
    "repair": ("streams",),
}
PARKED_ACTIONS: dict[Kind, str] = {"retry": "parked.retry", "discard": DISCARD}
BY_STREAM: frozenset[Kind] = frozenset(("replay", "verify", "repair"))
NOTHING_PARKED = {"streams": 0, "events": 0}
NAME = Parameter("name", "path", "The read model's name, for example directory.")

Stream = Annotated[Line, Field(min_length=1, max_length=200)]


class OrderBody(Given):
    """What the projector is to do; which members belong to a kind, its description says.

    rebuild · back (version) · drop (version) · retry (stream) · discard (stream, event_id, reason)
    · replay (stream) · verify (repair) · repair (streams).
    """

    kind: Kind
    version: int | None = Field(
        None, ge=1, le=HIGHEST_VERSION, description="Which version of the read model."
    )
    stream: Stream | None = Field(None, description="For example customer-<id>.")
    streams: list[Stream] | None = Field(None, min_length=1, max_length=MOST_STREAMS)
    event_id: UUID | None = Field(None, description="The event to discard.")
    reason: Annotated[Line, Field(min_length=1, max_length=LONGEST_REASON)] | None = Field(
        None, description="Why it is discarded, kept for ever; no personal data."
    )
    repair: bool | None = Field(None, description="Whether verify also repairs what differs.")

    @model_validator(mode="after")
    def has_what_its_kind_needs(self) -> Self:
        """Refuse an order that nobody could do."""
        missing = [name for name in NEEDED.get(self.kind, ()) if getattr(self, name) is None]
        if missing:
            raise field_error(f"lacks {', '.join(missing)}", f"Add {', '.join(missing)}.")
        return self

    def argument(self) -> dict[str, Any]:
        """Return what the order says besides its kind."""
        return self.model_dump(mode="json", exclude={"kind"}, exclude_none=True)


class OrderView(BaseModel):
    """An order: waiting, running, done or failed; `error` and `fix` say why it failed."""

    id: str
    projection: str
    kind: str
    argument: dict[str, Any]
    ordered_by: str
    ordered_at: str
    state: str
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    error: str | None
    fix: str | None
    ended_at: str | None


class ProjectionList(BaseModel):
    """Every read model: its versions with their marks, and the latest orders, newest first.

    `data_as_of`: until when it is complete, if that is more than a minute ago.
    """

    items: list[dict[str, Any]]


class ProjectionRoutes:
    """The handlers of the projection routes."""

    def __init__(
        self,
        orders: Orders,
        parked: ParkedList,
        records: RecordKeeper,
        read_models: Sequence[Versions],
        backlog: BacklogWatch,
        clock: Clock,
        *,
        by_stream: Collection[str],
    ) -> None:
        """Serve these read models; those named in `by_stream` have a row per stream."""
        self._by_stream = by_stream
        self._orders = orders
        self._parked = parked
        self._records = records
        self._read_models = {versions.projection: versions for versions in read_models}
        self._backlog = backlog
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        """Declare the routes."""
        may = Permission.PROJECTIONS_OPERATE
        routes.add(
            "GET", "/v1/projections", "list_projections", may, self.every,
            answers={200: Answer("The read models.", ProjectionList)}, everywhere=True,
        )  # fmt: skip
        routes.add(
            "POST", "/v1/projections/{name}/orders", "place_order", may, self.place,
            body=OrderBody, parameters=[NAME, IDEMPOTENCY_KEY],
            answers={202: Answer("Placed.", OrderView, {"Location": "Where the order is."})},
            everywhere=True,
        )  # fmt: skip
        routes.add(
            "GET", "/v1/projections/{name}/orders/{order_id}", "get_order", may, self.one,
            parameters=[NAME], answers={200: Answer("The order as it is now.", OrderView)},
            everywhere=True,
        )  # fmt: skip

    async def every(self, _request: Request, _caller: Caller) -> Response:
        """List the read models: versions, how far each is, and what was ordered lately."""
        items = [await self._item(versions) for versions in self._read_models.values()]
        return JsonAnswer({"items": items})

    async def _item(self, its: Versions) -> dict[str, Any]:
        name = its.projection
        marks = await its.marks()
        as_of = self._backlog.as_of(name)
        parked = await self._parked.counts(name)
        latest = await self._orders.latest(name, LATEST_ORDERS)
        return {
            "name": name,
            "data_as_of": None if as_of is None else as_of.isoformat(),
            "versions": [
                {
                    **version_view(version),
                    "marks": marks.get(version.number, []),
                    "parked": parked.get(version.number, NOTHING_PARKED),
                }
                for version in await its.read()
            ],
            "orders": [order_view(order) for order in latest],
        }

    async def place(self, request: Request, caller: Caller) -> Response:
        """Order something of the projector: it does it in the background; ask again how far it is.

        Placed again with the same Idempotency-Key it is the same order.
        """
        name = self._name(request)
        body = parse(OrderBody, await read_body(request))
        if body.kind in BY_STREAM and name not in self._by_stream:
            raise InvalidInputError(
                f"The read model {name} has no row per stream that could be compared.",
                field="kind",
                fix="Order a rebuild of it: the new version is made from the store alone.",
            )
        key = idempotency_key(request)
        order_id: UUID = uuid7()
        if key is not None:
            order_id = uuid5(ORDER_KEYS, f"{caller.accountable}\n{name}\n{key}")
        if key is None or not await self._orders.has(name, order_id):
            await self._refuse_what_is_not_parked(name, body)
            await self._orders.refuse_second(name, body.kind)
            # Durable before anything is done: who ordered what is never unknown.
            act = _act(name, body, caller)
            await self._records.keep(act, subject=caller.subject, actor=caller.accountable)
        order = await self._orders.place(
            order_id, name, body.kind, body.argument(), by=caller.accountable, at=self._clock.now()
        )
        location = f"/v1/projections/{name}/orders/{order.id}"
        return JsonAnswer(order_view(order), 202, {"Location": location})

    async def one(self, request: Request, _caller: Caller) -> Response:
        """Read an order: what it is, how far it is, what came of it."""
        order = await self._orders.read(self._name(request), path_id(request, "order_id"))
        return JsonAnswer(order_view(order))

    async def _refuse_what_is_not_parked(self, name: str, body: OrderBody) -> None:
        if body.kind not in {"retry", "discard"} or body.stream is None:
            return
        failed = await self._parked.failed_events(name, body.stream, body.version)
        if not failed:
            raise NotFoundError(
                "Nothing of this stream is parked.",
                field="stream",
                fix="`daybook parked list` (GET /v1/parked) shows what is parked.",
            )
        if body.kind == "discard" and body.event_id not in failed:
            raise RuleBrokenError(
                "This is not the event at which the stream stands still.",
                code="not-the-failed-event",
                field="event_id",
                fix="Discard the event that `daybook parked list` (GET /v1/parked) names; what is"
                " behind it is tried then.",
                who_can_help="an operator",
            )

    def _name(self, request: Request) -> str:
        name: str = request.path_params["name"]
        if name not in self._read_models:
            raise NotFoundError(
                "There is no such read model.",
                field="name",
                fix="`daybook projections list` (GET /v1/projections) shows them.",
            )
        return name


def _act(name: str, body: OrderBody, caller: Caller) -> OperatorActed:
    """Return the record of an order: ids and the reason, no data."""
    action = PARKED_ACTIONS.get(body.kind, f"projections.{body.kind}")
    detail = {key: value for key, value in body.argument().items() if not isinstance(value, list)}
    if body.streams is not None:
        detail["streams"] = len(body.streams)
    acting_as = None if caller.actor is None else caller.subject
    return OperatorActed(action=action, target=name, detail=detail, acting_as=acting_as)


def order_view(order: Order) -> dict[str, Any]:
    """Return an order as its readers see it."""
    return {**asdict(order), "id": str(order.id)}


def version_view(version: Version) -> dict[str, Any]:
    """Return a version as its readers see it: and how far it is while it is built."""
    its = asdict(version)
    return {"version": its.pop("number"), **its}
