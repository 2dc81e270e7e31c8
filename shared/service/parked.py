"""Routes of the operators: which streams are parked, and why."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.permissions import Permission
from shared.projecting.parked_list import ParkedList, ParkedStream
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import PAGE_SIZE, PAGE_TOKEN, Parameter
from shared.web.pages import PageTokens, page_size
from shared.web.queries import text
from shared.web.routes import Routes

LONGEST_NAME = 100
PROJECTION = Parameter("projection", "query", "Only of this read model, for example directory.")


class ParkedPage(BaseModel):
    """Parked streams: the event that failed, the type of the error, where, and how many wait."""

    items: list[dict[str, Any]]
    next_page_token: str | None = None


class ParkedRoutes:
    """The handler of the route of parked streams."""

    def __init__(self, parked: ParkedList, pages: PageTokens) -> None:
        self._parked = parked
        self._pages = pages

    def add_to(self, routes: Routes) -> None:
        """Declare the route."""
        routes.add(
            "GET", "/v1/parked", "list_parked", Permission.PROJECTIONS_OPERATE, self.page,
            parameters=[PROJECTION, PAGE_SIZE, PAGE_TOKEN],
            answers={200: Answer("A page of parked streams.", ParkedPage)}, everywhere=True,
        )  # fmt: skip

    async def page(self, request: Request, _caller: Caller) -> Response:
        """List the streams that a read model could not apply; orders retry or discard them."""
        projection = text(request, "projection", at_most=LONGEST_NAME)
        size = page_size(request)
        query = f"parked: {projection or ''}"
        after = self._pages.of_request(request, query)
        found = await self._parked.page(projection, after, size + 1)
        next_token = None
        if len(found) > size:
            found = found[:size]
            last = found[-1]
            next_token = self._pages.seal([last.projection, last.version, last.stream], query)
        items = [_item(stream) for stream in found]
        return JsonAnswer({"items": items, "next_page_token": next_token})


def _item(stream: ParkedStream) -> dict[str, Any]:
    return {**asdict(stream), "event_id": str(stream.event_id)}
