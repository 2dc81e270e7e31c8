"""The journey of one change: where it is now, and how many milliseconds each hop took."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.customers.api.sight import Sights
from services.customers.application.loading import stream_of
from shared.authorization.permissions import Permission
from shared.errors import NotFoundError
from shared.eventstore.feed import EventPlace, Feed
from shared.postgres.lanes import Lanes
from shared.projecting.parked_list import ParkedList
from shared.projecting.watching import MarkWatcher
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.queries import path_id, whole_number
from shared.web.recording import Access
from shared.web.routes import Routes

APPLIED = """select b.feed_from, b.applied_at from projection_batches b
    where b.projection = $1 and b.topic = $2 and b.partition = $3 and b.feed_to >= $4
    order by b.feed_to limit 1"""
VERSION = Parameter("version", "query", "The change that led to this version (newest).", int)


class Stop(BaseModel):
    """One stop: `arrived`, `waiting` or `parked`; no time for changes older than seven days."""

    state: str
    at: datetime | None = None
    milliseconds: float | None = None


class ReadModelStop(Stop):
    """A read model as a stop."""

    name: str


class Journey(BaseModel):
    """Where a change is: stored, on Kafka, in each read model; milliseconds since it was made."""

    customer_id: str
    version: int
    event_id: str
    partition: int
    feed_position: int | None
    stored: Stop
    kafka: Stop
    read_models: list[ReadModelStop]


class JourneyRoutes:
    """The handler of the journey route."""

    def __init__(
        self, feed: Feed, views: Lanes, watcher: MarkWatcher, read_model: str, sights: Sights
    ) -> None:
        self._sights = sights
        self._feed = feed
        self._views = views
        self._parked = ParkedList(views)
        self._watcher = watcher
        self._read_model = read_model

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/customers/{customer_id}/journey", "get_customer_journey",
            Permission.CUSTOMERS_JOURNEY, self.journey, parameters=[VERSION],
            answers={200: Answer("Where the change is now.", Journey)},
            about="customer_id", access=Access(),
        )  # fmt: skip

    async def journey(self, request: Request, caller: Caller) -> Response:
        """Follow one change of a customer: stored, on Kafka, in each read model."""
        customer_id = path_id(request, "customer_id")
        version = whole_number(request, "version", at_least=1)
        await self._sights.require_sealed(caller, Permission.CUSTOMERS_JOURNEY, customer_id)
        stream = stream_of(customer_id)
        place = await self._feed.place_of(stream, version)
        if place is None:
            raise NotFoundError(
                "There is no such customer, or it has no such version.",
                code="customer-not-found",
                fix="Look for the customer, and for its versions in its history.",
            )
        return JsonAnswer(
            {
                "customer_id": str(customer_id),
                "version": place.version,
                "event_id": place.event_id,
                "partition": place.partition,
                "feed_position": place.feed_position,
                "stored": {"state": "arrived", "at": place.recorded_at, "milliseconds": 0.0},
                "kafka": await self._on_kafka(place),
                "read_models": [
                    {"name": self._read_model, **await self._in_read_model(stream, place)}
                ],
            }
        )

    async def _on_kafka(self, place: EventPlace) -> dict[str, Any]:
        if place.feed_position is None:
            return _stop(place, has_arrived=False)
        at = await self._feed.acknowledged_at(place.partition, place.feed_position)
        if at is None:
            sent = await self._feed.sent_up_to()
            return _stop(place, has_arrived=sent.get(place.partition, 0) >= place.feed_position)
        return _stop(place, has_arrived=True, at=at)

    async def _in_read_model(self, stream: str, place: EventPlace) -> dict[str, Any]:
        if place.feed_position is None:
            return _stop(place, has_arrived=False)
        if await self._parked.holds(self._read_model, stream, place.version):
            # It came, and cannot be applied: an operator is at it, or should be.
            return {"state": "parked", "at": None, "milliseconds": None}
        row = await self._views.fetchrow(
            APPLIED, self._read_model, self._feed.topic, place.partition, place.feed_position
        )
        if row is None or row["feed_from"] > place.feed_position:
            mark = self._watcher.marks.get(place.partition)
            has_arrived = mark is not None and mark.feed_position >= place.feed_position
            return _stop(place, has_arrived=has_arrived)
        return _stop(place, has_arrived=True, at=row["applied_at"])


def _stop(place: EventPlace, *, has_arrived: bool, at: datetime | None = None) -> dict[str, Any]:
    if not has_arrived:
        return {"state": "waiting", "at": None, "milliseconds": None}
    milliseconds = None
    if at is not None:
        milliseconds = round(max((at - place.recorded_at).total_seconds(), 0) * 1000, 1)
    return {"state": "arrived", "at": at, "milliseconds": milliseconds}
