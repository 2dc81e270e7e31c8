"""A small api on shared.web, as a service would write one, and people who ask it."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import httpx
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from starlette.requests import Request
from starlette.responses import Response

from shared.authorization.permissions import Permission
from shared.errors import NotFoundError, UnavailableError, VersionConflictError
from shared.events import Event
from shared.eventstore.records import RecordRefusedError
from shared.given import Line
from shared.observability.traces import Tracing, current_trace_id
from shared.testing.clock import TurnableClock
from shared.web.answers import Answer, JsonAnswer
from shared.web.app import Api, create_app
from shared.web.bodies import parse, read_body
from shared.web.callers import Caller, Guard
from shared.web.documents import IDEMPOTENCY_KEY, IF_MATCH, PAGE_SIZE, Parameter
from shared.web.headers import idempotency_key, waiting_seconds
from shared.web.health import Canary, Readiness
from shared.web.queries import path_id
from shared.web.recording import Recorder
from shared.web.routes import Routes
from shared.web.versions import etag, version_of_if_match
from tests.ground.rights import open_decisions
from tests.shared.fakes import FakeIssuer

SOMEBODY = "018f0000-0000-7000-8000-000000000001"
NOBODY = "018f0000-0000-7000-8000-00000000ffff"


class Register(BaseModel):
    """A new customer."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["person", "organisation"]
    name: Line = Field(min_length=1, max_length=20)
    emails: list[EmailStr] = Field(default=[], max_length=2)


class Rename(BaseModel):
    """A new name."""

    model_config = ConfigDict(extra="forbid")
    name: Line = Field(min_length=1, max_length=20)


class Customer(BaseModel):
    """A customer as it is answered."""

    id: str
    name: str


class Kept(SpanProcessor):
    """Keeps every span that ends."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class Stage:
    """The api, its issuer, what it traced, and a switch for each way it can fail."""

    def __init__(self, *, share: float = 1.0) -> None:
        self.clock = TurnableClock()
        self.issuer = FakeIssuer(self.clock)
        self.kept = Kept()
        self.checks: dict[str, str] = {"truth": "ok"}
        self.failure: Exception | None = None
        self.seen: list[Any] = []
        self.kept_records: list[tuple[str, Event, str, str]] = []
        self.is_store_down = False
        self.refuses_records = False
        self.recorder = Recorder(self, self.clock)
        self.guard = Guard(self.issuer.verifier(), open_decisions(self.clock))
        self.app = self._app(Tracing([self.kept], share=share))

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://daybook")

    def signed_in(self, person: str, **headers: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token_of(person)}"} | headers

    async def ask(
        self,
        person: str | None,
        method: str,
        path: str,
        **request: Any,  # noqa: ANN401 - whatever httpx takes
    ) -> httpx.Response:
        """Send one request as that person, or as nobody."""
        headers: Mapping[str, str] = request.pop("headers", {})
        signed_in = {} if person is None else self.signed_in(person)
        async with self.client() as client:
            return await client.request(method, path, headers=signed_in | dict(headers), **request)

    def _app(self, tracing: Tracing) -> Api:
        app = create_app(
            title="Stage",
            version="1",
            guard=self.guard,
            recorder=self.recorder,
            tracing=tracing,
            readiness=self._readiness,
        )
        routes = Routes(app, self.guard, self.recorder)
        found = {200: Answer("The customer.", Customer, {"ETag": "Its version."})}
        routes.add(
            "POST",
            "/v1/customers",
            "register_customer",
            Permission.CUSTOMERS_REGISTER,
            self._register,
            body=Register,
            parameters=[IDEMPOTENCY_KEY],
            answers={201: Answer("Registered.", Customer, {"ETag": "1", "Location": "Where."})},
        )
        routes.add(
            "GET",
            "/v1/customers",
            "list_customers",
            Permission.CUSTOMERS_READ,
            self._list,
            parameters=[PAGE_SIZE, Parameter("q", "query", "What to look for.")],
            answers={200: Answer("Some customers.")},
        )
        routes.add(
            "POST",
            "/v1/customers/{customer_id}/rename",
            "rename_customer",
            Permission.CUSTOMERS_CHANGE,
            self._rename,
            body=Rename,
            parameters=[IF_MATCH],
            answers=found,
        )
        return app

    async def keep(self, record: Event, *, subject: str, actor: str) -> None:
        """Be the keeper of records: durable at once, unless the store is down."""
        self._remember("kept", record, subject, actor)

    async def note(self, record: Event, *, subject: str, actor: str) -> None:
        """Be the keeper of records that nobody waits for."""
        self._remember("noted", record, subject, actor)

    def _remember(self, how: str, record: Event, subject: str, actor: str) -> None:
        if self.is_store_down:
            raise UnavailableError("no", code="record-not-kept")
        if self.refuses_records:
            raise RecordRefusedError("no")
        self.kept_records.append((how, record, subject, actor))

    async def _readiness(self) -> Readiness:
        canary = Canary(age_seconds=3.2, trip_ms=38, event_id=UUID(SOMEBODY))
        return Readiness.of("all", self.checks, canary)

    async def _register(self, request: Request, caller: Caller) -> Response:
        """Register a customer."""
        command = parse(Register, await read_body(request))
        self.seen.append((caller.subject, command, idempotency_key(request), current_trace_id()))
        answer = Customer(id=SOMEBODY, name=command.name)
        return JsonAnswer(answer, 201, {"ETag": etag(1), "Location": f"/v1/customers/{SOMEBODY}"})

    async def _list(self, request: Request, _caller: Caller) -> Response:
        """List customers."""
        self.seen.append(waiting_seconds(request))
        if self.failure is not None:
            raise self.failure
        return JsonAnswer({"items": []})

    async def _rename(self, request: Request, _caller: Caller) -> Response:
        """Give a customer another name."""
        customer_id = path_id(request, "customer_id")
        if str(customer_id) != SOMEBODY:
            raise NotFoundError("There is no such customer.", fix="List them.")
        version = version_of_if_match(request)
        command = parse(Rename, await read_body(request))
        if version != 1:
            raise VersionConflictError("It has changed since.", current_version=1, fix="Read it.")
        return JsonAnswer(Customer(id=SOMEBODY, name=command.name), headers={"ETag": etag(2)})
