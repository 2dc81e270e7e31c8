"""A client asks, gets no answer because the service died, and asks the same again."""

from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import uuid4

import httpx

from shared.testing.verifier import token_of
from shared.testing.waiting import until
from tests.faults.conftest import Ground
from tests.faults.nursery import Life

CANARY = "canary-customers"


@dataclass(frozen=True, slots=True)
class Request:
    """A command over HTTP with an idempotency key; the same object is the same request."""

    path: str
    body: dict[str, object]
    version: int | None = None
    key: str = field(default_factory=lambda: str(uuid4()))

    @property
    def headers(self) -> dict[str, str]:
        """Who asks, under which key, having read which version."""
        given = {"Authorization": f"Bearer {token_of('alice')}", "Idempotency-Key": self.key}
        if self.version is not None:
            given["If-Match"] = f'"{self.version}"'
        return given


def register(name: str) -> Request:
    """Return the request that registers a person."""
    return Request("/v1/customers", {"kind": "person", "name": name, "emails": ["a@b.example"]})


def rename(location: str, version: int, name: str) -> Request:
    """Return the request that renames the customer, read at this version."""
    return Request(f"{location}/rename", {"name": name}, version)


async def ask(ground: Ground, request: Request) -> httpx.Response | None:
    """Ask once, on a connection of its own; None if the service did not live to answer."""
    async with a_client(ground) as client:
        return await ask_on(client, request)


def a_client(ground: Ground) -> httpx.AsyncClient:
    """Return a client of the service."""
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{ground.port}", timeout=60)


async def ask_on(client: httpx.AsyncClient, request: Request) -> httpx.Response | None:
    """Ask once; None if the service did not live to answer."""
    try:
        return await client.post(request.path, json=request.body, headers=request.headers)
    except httpx.TransportError:
        return None


async def ask_until_done(ground: Ground, request: Request) -> httpx.Response:
    """Ask again as long as the answer is 503, as our errors tell a client to do."""
    answers: list[httpx.Response] = []

    async def is_done() -> bool:
        response = await ask(ground, request)
        if response is None or response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return False
        answers.append(response)
        return True

    await until(is_done, what="that the service comes back")
    return answers[0]


async def canary_is_back(ground: Ground) -> None:
    """Wait until the api has heard of its canary, so that it appends nothing more by itself."""
    url = f"http://127.0.0.1:{ground.port}/readyz"

    async def is_back() -> bool:
        async with httpx.AsyncClient(timeout=60) as client:
            return (await client.get(url)).json()["canary"]["event_id"] is not None

    await until(is_back, what="that the canary is back")


async def begin_api(ground: Ground, at: int = 0, text: str = "") -> Life:
    """Begin an api, and return when it has sent its canary (or died of it)."""
    store = ground.house.store
    before = await store.version_of(CANARY)
    life = await ground.nursery.begin("api", at, text=text)

    async def is_past_its_canary() -> bool:
        return life.code is not None or await store.version_of(CANARY) > before

    await until(is_past_its_canary, what="that an api starts")
    return life
