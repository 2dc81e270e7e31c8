"""A client of SCIM over any httpx client, and a service without a store that it can ask."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
from scim2_client import BaseSyncSCIMClient
from scim2_models import ScimPolicy, ScimProvider

from services.permissions.api.scim.kept import KeptPeople, KeptTeams
from services.permissions.api.scim.routes import add_scim
from services.permissions.domain.policy.commands import ChooseDefaultRole
from services.permissions.domain.subject.state import Subject
from shared.errors import UnavailableError
from shared.events import Event
from shared.observability.traces import Tracing
from shared.testing.clock import TurnableClock
from shared.web.app import Api, create_app
from shared.web.callers import Guard
from shared.web.health import Readiness
from shared.web.recording import Recorder
from shared.web.routes import Routes
from tests.ground.rights import open_decisions
from tests.permissions.domain.stories import Story, nothing, permission, policy, role
from tests.permissions.scim.desk import DeskInMemory
from tests.shared.fakes import FakeIssuer

PUBLIC = "https://rights.example.org"
ROOT = "http://daybook/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SCIM = {"Content-Type": "application/scim+json"}


def a_start() -> Story:
    """Begin with nobody, and a role for everybody who comes."""
    default = policy(ChooseDefaultRole("joiner"))
    story = nothing().given(permission("customer:read"), *role("joiner", 0), default)
    return replace(story, is_installation=False)


class ScimClient(BaseSyncSCIMClient):
    """The public client library, over httpx."""

    def __init__(self, http: httpx.Client) -> None:
        tolerant = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)
        super().__init__(provider=ScimProvider(policy=tolerant))
        self._http = http

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return not urlsplit(endpoint).scheme

    def _parse_json(self, response: Any) -> Any:  # noqa: ANN401 - the library's own signature
        return response.json()

    def request(self, method: str, url: str, **kwargs: Any) -> httpx.Response:  # noqa: ANN401
        return self._http.request(method, url, **kwargs)


class InProcess(httpx.BaseTransport):
    """Asks an app in this process, one request after the other; in a loop that runs elsewhere."""

    def __init__(self, app: Api, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._app = httpx.ASGITransport(app)
        self._loop = loop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._loop is None:
            return asyncio.run(self._answer(request))
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        sent = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.read()
        )
        answer = await self._app.handle_async_request(sent)
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=await answer.aread()
        )


class Stage:
    """The service without a store; everybody in the demo can sign in."""

    def __init__(self, story: Story | None = None) -> None:
        clock = TurnableClock()
        self.issuer = FakeIssuer(clock)
        self.desk = DeskInMemory(story or a_start())
        self.records: list[Event] = []
        guard, recorder = (
            Guard(self.issuer.verifier(), open_decisions(clock)),
            Recorder(self, clock),
        )
        app = create_app(
            title="SCIM",
            version="1",
            guard=guard,
            recorder=recorder,
            tracing=Tracing([], share=0.0),
            readiness=self._readiness,
        )
        people, teams = KeptPeople(self.desk, uuid4), KeptTeams(self.desk, uuid4)
        add_scim(app, Routes(app, guard, recorder), people, teams, f"{PUBLIC}/")
        self.app = app
        self.http = self.client("directory")

    def client(self, person: str | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.issuer.token_of(person)}"} if person else {}
        return httpx.Client(transport=InProcess(self.app), base_url=ROOT, headers=headers)

    def subject(self, person_id: str) -> Subject:
        return self.desk.book_now.subject(UUID(person_id))

    def create(self, user_name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        return self.post("/Users", schemas=[USER], userName=user_name, **more)

    def form(self, display_name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        return self.post("/Groups", schemas=[GROUP], displayName=display_name, **more)

    def post(self, path: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        answer = self.http.post(path, json=body, headers=SCIM)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> httpx.Response:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        sent = SCIM | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.patch(path, json=body, headers=sent)

    def names(self, filter_: str, path: str = "/Users", **more: str) -> list[str]:
        answer = self.http.get(path, params={"filter": filter_, **more})
        assert answer.status_code == 200, answer.text
        shown = "userName" if path == "/Users" else "displayName"
        return [one[shown] for one in answer.json().get("Resources", [])]

    async def keep(self, record: Event, *, subject: str, actor: str) -> None:
        """Be the keeper of records."""
        del subject, actor
        self.records.append(record)

    async def note(self, record: Event, *, subject: str, actor: str) -> None:
        """Be the keeper of records that nobody waits for."""
        await self.keep(record, subject=subject, actor=actor)

    async def _readiness(self) -> Readiness:
        raise UnavailableError("nobody asks")
