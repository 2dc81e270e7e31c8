"""Whoever speaks to Daybook through here does so as one person, with a token that holds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

import httpx

from cli.addresses import Addresses
from cli.answers import (
    Answer,
    ConsumerList,
    Dated,
    Journey,
    Lag,
    Order,
    ParkedPage,
    ParkedStream,
    ProjectionList,
    Token,
)
from cli.customer_answers import Customer, CustomerPage, History
from cli.figures import DailyActivity, LiveActivity
from cli.refusals import (
    RefusedError,
    is_worth_another_try,
    pause_seconds,
    raise_if_refused,
    read_answer,
    unreachable,
)
from cli.signing_in import ReadToken, no_issuer, not_signed_in
from cli.ways import Ways
from shared.errors import UnavailableError

A = TypeVar("A", bound=Answer)
D = TypeVar("D", bound=Dated)
Pause = Callable[[float], Awaitable[None]]
Params = Mapping[str, str | int | Sequence[str] | None]

# Eight tries with these pauses last 16 s: longer than a restart of the whole machine room.
TRIES = 8
LARGEST_PAGE = 100
DATA_AS_OF = "Daybook-Data-As-Of"
WARNING = "Daybook-Warning"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the service."""

    method: str
    path: str
    params: Params = field(default_factory=dict)
    json: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Callable[[], AsyncIterator[bytes]] | None = None
    """A body that is too large for memory; made anew for each try."""


class DaybookClient:
    """Speaks to one service at a time as one person: whose token it is given, or a demo person.

    Every method raises UnavailableError when nobody answers and RefusedError when the answer is no.
    """

    def __init__(
        self,
        person: str,
        addresses: Addresses | None = None,
        *,
        given: ReadToken | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.person = person
        self.addresses = addresses or Addresses.usual()
        self.given = given
        self.pause = pause
        self._token: str | None = None
        self._token_lock = asyncio.Lock()
        self._ways = Ways(transport)

    async def __aenter__(self) -> Self:
        """Return itself: connections are opened when they are needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._ways.close()

    def turn_to(self, service: str) -> None:
        """Ask another service from now on, unless somebody said where to ask."""
        self.addresses = self.addresses.of(service)

    async def token(self) -> str:
        """Return this person's access token; asked for once, and again when it no longer holds.

        Raises:
            NotSignedInError: none was given, and the service is on another machine.
            InvalidInputError: one was given, and must not be sent to where the service is.
        """
        # Each time: whoever turned to another service must not take the token along unasked.
        if self.given is not None:
            self.addresses.refuse_token_in_wrong_hands()
        elif not self.addresses.has_demo_people:
            raise not_signed_in(self.addresses.service)
        async with self._token_lock:
            if self._token is None:
                self._token = await self._signed_in() if self.given is None else self.given()
            return self._token

    async def _signed_in(self) -> str:
        form = {"grant_type": "urn:daybook:demo-person", "person": self.person}
        url = f"{self.addresses.issuer}/token"
        try:
            answer = await self._exchange(self._ways.to(url).build_request("POST", url, data=form))
        except UnavailableError as error:
            raise no_issuer(error) from error
        return read_answer(Token, answer).access_token

    async def customer(
        self, customer_id: UUID | str, *, as_of: str | None = None, version: int | None = None
    ) -> Customer:
        """Return one customer as of now, of a time, or of a version."""
        params = {"as_of": as_of, "version": version}
        return await self.get(Customer, f"/v1/customers/{customer_id}", params)

    async def search(self, text: str, *, limit: int, filters: Params | None = None) -> CustomerPage:
        """Return up to `limit` customers, page by page; a next_page_token means there are more."""
        found: list[Customer] = []
        page_token: str | None = None
        while True:
            size = min(limit - len(found), LARGEST_PAGE)
            params = {**(filters or {}), "page_size": size, "page_token": page_token}
            if text:
                params["q"] = text
            page = await self._get_dated(CustomerPage, "/v1/customers", params)
            found += page.items
            page_token = page.next_page_token
            if page_token is None or len(found) >= limit:
                return page.model_copy(update={"items": found})

    async def activity(self) -> LiveActivity:
        """Return how much is happening now: live and approximate."""
        return await self.get(LiveActivity, "/v1/activity")

    async def daily_activity(self, first: date | None, last: date | None) -> DailyActivity:
        """Return how much happened on each day, exactly; by default of the last seven days."""
        days = {"from": first, "to": last}
        params = {name: day.isoformat() for name, day in days.items() if day}
        return await self._get_dated(DailyActivity, "/v1/activity/daily", params)

    async def history(self, customer_id: UUID | str) -> History:
        """Return what happened to one customer, and what each event changed."""
        return await self.get(History, f"/v1/customers/{customer_id}/history")

    async def journey(self, customer_id: UUID | str, *, version: int | None = None) -> Journey:
        """Return where a change is now; without a version, the latest."""
        path = f"/v1/customers/{customer_id}/journey"
        return await self.get(Journey, path, {"version": version})

    async def lag(self) -> Lag:
        """Return how far every part is behind the store."""
        return await self.get(Lag, "/v1/lag")

    async def projections(self) -> ProjectionList:
        """Return every read model and what was ordered of it lately."""
        return await self.get(ProjectionList, "/v1/projections")

    async def parked(self, *, limit: int) -> ParkedPage:
        """Return up to `limit` parked streams, page by page."""
        found: list[ParkedStream] = []
        page_token: str | None = None
        while True:
            size = min(limit - len(found), LARGEST_PAGE)
            params = {"page_size": size, "page_token": page_token}
            page = await self.get(ParkedPage, "/v1/parked", params)
            found += page.items
            page_token = page.next_page_token
            if page_token is None or len(found) >= limit:
                return ParkedPage(items=found, next_page_token=page_token)

    async def consumers(self) -> ConsumerList:
        """Return the registered consumers, and when each was last seen."""
        return await self.get(ConsumerList, "/v1/consumers")

    async def order(self, projection: str, order_id: str) -> Order:
        """Return an order to the projector as it is now."""
        return await self.get(Order, f"/v1/projections/{projection}/orders/{order_id}")

    async def place_order(
        self, projection: str, kind: str, argument: Mapping[str, object], *, idempotency_key: str
    ) -> Order:
        """Order something of the projector; returns at once, the order goes on."""
        path = f"/v1/projections/{projection}/orders"
        key = {"Idempotency-Key": idempotency_key}
        call = Call("POST", path, json={"kind": kind, **argument}, headers=key)
        return read_answer(Order, await self.send(call))

    @asynccontextmanager
    async def watch(self, last_event_id: str | None) -> AsyncIterator[AsyncIterator[str]]:
        """Open the stream of changes and hand out its lines; it ends when the service ends it.

        A connection that breaks, or is silent for 30 s, raises UnavailableError inside the block.
        """
        resume = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        call = Call("GET", "/v1/watch", headers={"Accept": "text/event-stream", **resume})
        answer = await self.send(call, is_stream=True)
        try:
            yield answer.aiter_lines()
        except httpx.TransportError as error:
            raise unreachable(answer.url) from error
        finally:
            await answer.aclose()

    async def get(self, model: type[A], path: str, params: Params | None = None) -> A:
        """Return what stands at a path."""
        return read_answer(model, await self.send(Call("GET", path, params or {})))

    async def _get_dated(self, model: type[D], path: str, params: Params) -> D:
        answer = await self.send(Call("GET", path, params))
        told, as_of = read_answer(model, answer), answer.headers.get(DATA_AS_OF)
        if as_of is None:
            return told
        return told.model_copy(update={"data_as_of": datetime.fromisoformat(as_of)})

    async def send_patiently(self, call: Call, tries: int = TRIES) -> httpx.Response:
        """Do as `send`, again while the service is away; the request must bear repeating."""
        failed = 0
        while True:
            try:
                return await self.send(call)
            except (UnavailableError, RefusedError) as error:
                failed += 1
                if failed == tries or not is_worth_another_try(error):
                    raise
                await self.pause(pause_seconds(failed - 1, error))

    async def send(self, call: Call, *, is_stream: bool = False) -> httpx.Response:
        """Return the answer to a request, if it is no refusal."""
        token = await self.token()
        answer = await self._exchange(self._request(call, token), is_stream=is_stream)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            # A token lives an hour, an import may live longer: one more try, with a new one.
            if self._token == token:
                self._token = None
            renewed = await self.token()
            if renewed != token:
                again = self._request(call, renewed)
                answer = await self._exchange(again, is_stream=is_stream)
        raise_if_refused(answer)
        return answer

    def _request(self, call: Call, token: str) -> httpx.Request:
        url = f"{self.addresses.service}{call.path}"
        return self._ways.to(url).build_request(
            call.method,
            url,
            params={name: value for name, value in call.params.items() if value is not None},
            json=call.json,
            content=None if call.content is None else call.content(),
            headers={"Authorization": f"Bearer {token}", **call.headers},
        )

    async def _exchange(self, request: httpx.Request, *, is_stream: bool = False) -> httpx.Response:
        try:
            answer = await self._ways.to(request.url).send(request, stream=is_stream)
            if is_stream and not answer.is_success:
                await answer.aread()
        except httpx.TransportError as error:
            raise unreachable(request.url) from error
        return answer
