"""Whoever is let go while much of theirs runs is refused and cut everywhere within the bound.

A whole Daybook in processes of its own, and others who read meanwhile. Wang has a token, a watch, a
slow export, an import with rows to come, and a program with a token of its own; an identity
provider lets him go over SCIM. Refusals of both apis are timed by whoever asks, from the answer to
the provider to the first 403; what ran, also at the worker, as the leaver page tells it, from when
the leaving was recorded, which is earlier. The baseline is the bound that Daybook publishes.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final

import httpx

from bench.ground import Ground
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, pair
from bench.post_customers import token_of
from bench.whole import DECIDING, whole_daybook
from services.permissions.application.leavers import FRESH_MS
from shared.authorization.people import DEMO_PEOPLE

ROUNDS: Final = 5
WITHIN_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.002
READERS: Final = ("bob", "carol", "petra")
ROWS, LONG_ONES, REST = 20_000, 2_500, "n" * 280
ENDED: Final = frozenset({"watch", "export", "import", "service_token"})
WANG, BILLING = (DEMO_PEOPLE[name].subject for name in ("wang", "billing"))
CSV: Final = {"Content-Type": "text/csv"}
SCIM: Final = {"Content-Type": "application/scim+json"}
SLOW_LINE: Final = (
    (socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096),
    (socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536),
)
Json = dict[str, Any]


def active(state: bool) -> Json:
    """Return the body that lets somebody go or come back."""
    operation = {"op": "replace", "path": "active", "value": state}
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [operation],
    }


@dataclass(frozen=True, slots=True)
class People:
    """Everybody of the story, each before the service that they ask."""

    wang: httpx.AsyncClient
    wang_at_rights: httpx.AsyncClient
    billing: httpx.AsyncClient
    erin: httpx.AsyncClient
    erin_at_rights: httpx.AsyncClient
    dave: httpx.AsyncClient
    directory: httpx.AsyncClient


async def until(
    ask: Callable[[], Awaitable[httpx.Response]], is_it: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """Ask again and again until the answer is the one that is waited for."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while not is_it(answer := await ask()):  # noqa: ASYNC110 - as a client asks
            await asyncio.sleep(LOOK_SECONDS)
    return answer


def is_fine(answer: httpx.Response) -> bool:
    """Say whether it was done; a 503 means that permissions were too old just then."""
    if answer.is_success or answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return answer.is_success
    raise BrokenSideError(f"{answer.request.url.path}: {answer.status_code} {answer.text}")


def is_refused(answer: httpx.Response) -> bool:
    """Say whether it was refused for good."""
    return answer.status_code == HTTPStatus.FORBIDDEN


async def refused_after(ask: Callable[[], Awaitable[httpx.Response]], since: float) -> float:
    """Return how many milliseconds after that moment the first refusal was answered."""
    await until(ask, is_refused)
    return max(0.0, (perf_counter() - since) * 1_000)


async def hand_in(client: httpx.AsyncClient, name: str, many: int, rest: str = "") -> str:
    """Hand customers of Wang's in; return the path of their import."""
    rows = "".join(f"{name} {number} {rest},{WANG}\n" for number in range(many))
    body = f"name,owner\n{rows}"
    answer = await until(lambda: client.post("/v1/imports", content=body, headers=CSV), is_fine)
    return f"/v1/imports/{answer.json()['id']}"


async def change(erin: httpx.AsyncClient, deed: str, body: Json) -> None:
    """Do something to the program as it is now."""
    path = f"/v1/subjects/{BILLING}"

    async def done() -> httpx.Response:
        its = await until(lambda: erin.get(path), is_fine)
        return await erin.post(
            f"{path}/{deed}", json=body, headers={"If-Match": its.headers["ETag"]}
        )

    await until(done, is_fine)


async def let_in_and_out(people: People) -> None:
    """Let Wang import and export: he asks for it, and it is approved."""
    for permission in ("customer:import", "customer:export"):
        wanted = {"permission": permission, "reason": "A list of a fair"}
        post = people.wang_at_rights.post
        asked = await until(partial(post, "/v1/requests", json=wanted), is_fine)
        agreed = {"subject_id": WANG, "grant_id": asked.json()["grant_id"]}
        await until(partial(people.erin_at_rights.post, "/v1/approvals", json=agreed), is_fine)


async def prepare(people: People) -> None:
    """Let Wang have much to export, and a program."""
    await let_in_and_out(people)
    path = await hand_in(people.wang, "Long", LONG_ONES, REST)
    await until(lambda: people.wang.get(path), lambda its: bool(its.json()["state"] == "done"))
    last = {"q": f"Long {LONG_ONES - 1}"}
    await until(
        lambda: people.wang.get("/v1/customers", params=last), lambda its: bool(its.json()["items"])
    )
    await change(people.erin_at_rights, "move", {"owner": WANG})


@asynccontextmanager
async def slow_reader(client: httpx.AsyncClient, path: str) -> AsyncIterator[None]:
    """Begin to take an answer, and let the rest wait as a slow line does."""
    url = client.base_url
    connection = socket.socket()
    for option in SLOW_LINE:
        connection.setsockopt(*option)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (url.host, url.port))
    head = f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\n"
    head += f"Authorization: {client.headers['Authorization']}\r\n\r\n"
    await loop.sock_sendall(connection, head.encode())
    if b" 200 " not in await loop.sock_recv(connection, 4_096):
        raise BrokenSideError(f"{path} was not answered")
    try:
        yield
    finally:
        connection.close()


async def told_by(people: People) -> list[float]:
    """Return the milliseconds in which all that ran was cut, once each process told of its own."""

    def ended(answer: httpx.Response) -> list[Json]:
        services = answer.json()["services"]
        told = [one for its in services for one in its["processes"] if one["state"] == "refuses"]
        here = {one["process"].rpartition("/")[0] for one in told if one["service_accounts"]}
        return [each for one in told for each in one["ended"]] if here == {*DECIDING} else []

    shown = await until(
        lambda: people.dave.get(f"/v1/leavers/{WANG}"),
        lambda answer: answer.is_success and {each["kind"] for each in ended(answer)} == ENDED,
    )
    return [float(each["ms"]) for each in ended(shown)]


async def one_leaver(people: People) -> float:
    """Let Wang go while all of it runs; return the milliseconds of what came last."""
    async with AsyncExitStack() as opened:
        await until(lambda: people.billing.get("/v1/fields"), is_fine)
        watch = await opened.enter_async_context(people.wang.stream("GET", "/v1/watch"))
        messages = watch.aiter_lines()
        await anext(messages)
        path = await hand_in(people.wang, "Fair", ROWS)
        await until(lambda: people.erin.get(path), _has_begun)
        await opened.enter_async_context(slow_reader(people.wang, "/v1/exported-customers"))
        gone = await people.directory.patch(
            f"/scim/v2/Users/{WANG}", json=active(state=False), headers=SCIM
        )
        answered = perf_counter()
        gone.raise_for_status()
        refused = await asyncio.gather(
            refused_after(lambda: people.wang.get("/v1/customers"), answered),
            refused_after(lambda: people.billing.get("/v1/fields"), answered),
            refused_after(lambda: people.wang_at_rights.get("/v1/subjects"), answered),
        )
        async with asyncio.timeout(WITHIN_SECONDS):
            async for _ in messages:
                """The watch tells why it ends, and ends."""
        cut = await told_by(people)
    await _comes_back(people)
    return max(*refused, *cut)


def _has_begun(answer: httpx.Response) -> bool:
    return answer.is_success and sum(answer.json()["counts"].values()) > 0


async def _comes_back(people: People) -> None:
    back = active(state=True)
    await until(
        lambda: people.directory.patch(f"/scim/v2/Users/{WANG}", json=back, headers=SCIM), is_fine
    )
    role = {"subject_id": WANG, "role": "sales_rep", "reason": "He sells again"}
    await until(partial(people.erin_at_rights.post, "/v1/grants", json=role), is_fine)
    mine = f"/v1/subjects/{WANG}"
    for there, path in ((people.wang_at_rights, mine), (people.wang, "/v1/customers")):
        await until(partial(there.get, path), lambda its: its.is_success)
    await let_in_and_out(people)
    await change(people.erin_at_rights, "reinstate", {"reason": "Its owner is there again"})


async def _read(client: httpx.AsyncClient) -> None:
    while True:
        answer = await client.get("/v1/customers", params={"page_size": "50"})
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}:
            raise BrokenSideError(f"those who read are answered {answer.status_code}")


@asynccontextmanager
async def _everybody(here: Ground) -> AsyncIterator[People]:
    at, rights = here.ports.url("customers"), here.ports.url("permissions")
    async with AsyncExitStack() as opened:

        async def person(name: str, url: str) -> httpx.AsyncClient:
            token = await token_of(here.ports.issuer_url, name)
            return await opened.enter_async_context(
                httpx.AsyncClient(
                    base_url=url, headers={"Authorization": f"Bearer {token}"},
                    timeout=WITHIN_SECONDS, trust_env=False,
                )
            )  # fmt: skip

        yield People(
            await person("wang", at), await person("wang", rights), await person("billing", at),
            await person("erin", at), await person("erin", rights),
            await person("dave", rights), await person("directory", rights),
        )  # fmt: skip


@asynccontextmanager
async def _others_read(here: Ground) -> AsyncIterator[None]:
    async with AsyncExitStack() as opened:
        for name in READERS:
            token = await token_of(here.ports.issuer_url, name)
            client = httpx.AsyncClient(
                base_url=here.ports.url("customers"), timeout=WITHIN_SECONDS, trust_env=False,
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
            reads = asyncio.create_task(_read(await opened.enter_async_context(client)))
            opened.push_async_callback(_ended, reads)
        yield


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def measure(_beside: Ground) -> Mapping[str, Paired]:
    """Let him go and come back, again and again."""
    async with whole_daybook() as here, _everybody(here) as people:
        await prepare(people)
        async with _others_read(here):
            (rounds,) = await in_turns(ROUNDS, lambda: one_leaver(people))
    print(f"{', '.join(f'{one:.0f}' for one in rounds)} ms,", end=" ")
    # A bound is kept by all or it is not kept, so the worst of the rounds is held against it.
    return {"leaver_cut": pair([max(rounds)], [float(FRESH_MS)])}


ROW = Row("leaver", (Claim("leaver_cut", 1, 0.5, "ms", better="lower"),), measure)
