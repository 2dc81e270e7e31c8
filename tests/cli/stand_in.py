"""A customers service and token issuer in memory that keep the contract our commands rely on."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import click
import httpx
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cli.addresses import Addresses
from cli.client import DaybookClient
from cli.commands import register

ADDRESSES = Addresses("http://daybook.test:8101", "http://daybook.test:8105")
ALICE = "00000000-0000-4000-8000-000000000001"
UNSET: Mapping[str, str | None] = dict.fromkeys(
    (
        "DAYBOOK_TOKEN", "DAYBOOK_PORT_BASE", "DAYBOOK_SERVICE_CUSTOMERS_URL",
        "DAYBOOK_SERVICE_PERMISSIONS_URL",
    )
)  # fmt: skip
"""What the shell of whoever runs the tests may say, and no command here may hear."""
PROBLEM = "application/problem+json"
Json = dict[str, Any]


def problem(status: int, code: str, detail: str, **more: object) -> Response:
    """Return a refusal as the service words it; `retry_after` becomes the header."""
    headers = {"Retry-After": str(more.pop("retry_after"))} if "retry_after" in more else None
    body = {"type": f"/problems/{code}", "title": code, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, media_type=PROBLEM)


def customer_id(number: int) -> str:
    """Return the id of the nth customer."""
    return f"0198a000-0000-7000-8000-{number:012d}"


@dataclass
class StandIn:
    """What the stand-in knows, what it will answer first, and what it was asked."""

    customers: dict[str, list[Json]] = field(default_factory=dict)
    first_answers: deque[Response | Exception] = field(default_factory=deque)
    first_tokens: deque[Exception] = field(default_factory=deque)
    on_asked: Callable[[], object] = lambda: None
    """What happens elsewhere while the stand-in is asked."""
    first_reads: deque[Exception] = field(default_factory=deque)
    streams: deque[str | Response | Exception] = field(default_factory=deque)
    valid_tokens: set[str] = field(default_factory=set)
    tokens_asked: int = 0
    asked: list[Request] = field(default_factory=list)
    other: dict[str, Json] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def have(self, *names: str, kind: str = "person") -> None:
        """Add customers without asking anybody."""
        for name in names:
            self._add({"kind": kind, "name": name, "emails": []})

    def transport(self) -> httpx.ASGITransport:
        """Return the way to the stand-in that needs no socket."""
        every = ["GET", "POST"]
        routes = [
            Route("/token", self._token, methods=["POST"]),
            Route("/v1/customers", self._customers),
            Route("/v1/watch", self._watch),
            Route("/v1/customers/{id}", self._customer),
            Route("/{path:path}", self._other, methods=every),
        ]
        return httpx.ASGITransport(Starlette(routes=routes))

    def asked_for(self, path: str) -> list[Request]:
        """Return the requests for one path."""
        return [request for request in self.asked if request.url.path == path]

    async def _token(self, request: Request) -> Response:
        if self.first_tokens:
            raise self.first_tokens.popleft()
        (person,) = parse_qs((await request.body()).decode())["person"]
        if person not in {"alice", "oscar", "dave", "bob", "petra"}:
            known = "There are alice, oscar, dave, bob and petra."
            return problem(400, "unknown-person", f"Nobody is called {person}. {known}")
        self.tokens_asked += 1
        token = f"token-{self.tokens_asked}-of-{person}"
        self.valid_tokens.add(token)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _stopped_at_the_door(self, request: Request) -> Response | None:
        self.asked.append(request)
        self.on_asked()
        if self.first_answers:
            first = self.first_answers.popleft()
            if isinstance(first, Exception):
                raise first
            return first
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token not in self.valid_tokens:
            return problem(401, "not-signed-in", "The token does not hold.")
        return None

    async def _customers(self, request: Request) -> Response:
        stopped = self._stopped_at_the_door(request)
        if stopped is not None:
            return stopped
        return self._list(request)

    def _add(self, body: Json) -> Json:
        emails = [{"id": f"e{n}", "address": address} for n, address in enumerate(body["emails"])]
        customer = {"id": customer_id(len(self.customers) + 1), **body, "emails": emails}
        self.customers[customer["id"]] = [{**customer, "version": 1}]
        return self.customers[customer["id"]][-1]

    def _list(self, request: Request) -> Response:
        q, size = request.query_params.get("q", ""), int(request.query_params["page_size"])
        start = int(request.query_params.get("page_token", "0"))
        hits = [
            versions[-1]
            for versions in self.customers.values()
            if q.lower() in (versions[-1]["name"] or "").lower()
        ]
        more = str(start + size) if len(hits) > start + size else None
        page = {"items": hits[start : start + size], "next_page_token": more}
        return JSONResponse(page, headers=self.headers)

    async def _customer(self, request: Request) -> Response:
        stopped = self._stopped_at_the_door(request)
        if stopped is not None:
            return stopped
        if self.first_reads:
            raise self.first_reads.popleft()
        versions = self.customers.get(request.path_params["id"])
        if versions is None:
            return problem(404, "not-found", "There is no such customer.")
        version = int(request.query_params.get("version", len(versions)))
        return JSONResponse(versions[version - 1])

    async def _watch(self, request: Request) -> Response:
        stopped = self._stopped_at_the_door(request)
        if stopped is not None:
            return stopped
        if not self.streams:
            return problem(410, "gone", "The stream is over.")
        stream = self.streams.popleft()
        if isinstance(stream, Exception):
            raise stream
        if isinstance(stream, Response):
            return stream
        return Response(stream, media_type="text/event-stream")

    async def _other(self, request: Request) -> Response:
        await request.body()  # Kept in the request, for whoever looks what was sent.
        stopped = self._stopped_at_the_door(request)
        if stopped:
            return stopped
        path, life = request.url.path, request.query_params.get("life")
        its = self.other.get(f"{path}?life={life}") if life else self.other[path]
        return JSONResponse(its or self.other[path], 200, self.headers)


def a_client(stand_in: StandIn, pauses: list[float] | None = None) -> DaybookClient:
    """Return alice's client; it does not wait, it writes down how long it would have."""
    written_down = [] if pauses is None else pauses

    async def pause(seconds: float) -> None:
        written_down.append(seconds)

    return DaybookClient("alice", ADDRESSES, transport=stand_in.transport(), pause=pause)


def daybook(stand_in: StandIn, *words: str, environ: Mapping[str, str] | None = None) -> Result:
    """Type a command, into a pipe; of the variables of a command only `environ` are set."""
    group = click.Group("daybook")
    register(group)
    env = {**UNSET, **(environ or {})}
    return CliRunner().invoke(group, list(words), obj=stand_in.transport(), env=env)


def change_message(number: int, event: str, version: int, *, message_id: str) -> str:
    """Return one change as the watch sends it."""
    data = json.dumps({"id": customer_id(number), "type": event, "version": version})
    return f"id: {message_id}\nevent: changed\ndata: {data}\n\n"


def lines_of(text: str) -> Sequence[str]:
    """Return the lines that hold something."""
    return [line for line in text.splitlines() if line.strip()]
