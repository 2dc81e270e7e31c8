"""Registering a customer over HTTP, with everything on, beats a plain ORM create without anything.

Everything: token, permission, validation, sealing with a key of its own, idempotency, tracing.
The service is the real process; the baseline is another, under the same uvicorn settings; only
one of them is loaded at a time.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial

import httpx

from bench.ground import Databases, Ground
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, must_be, pair
from bench.plain_table import connections
from cli.local import environment
from cli.local.issuer import GRANT
from cli.local.machine import SERVICE
from cli.local.program import Program, Tier
from cli.local.readiness import ask_readiness, url_answers
from shared.postgres.dsn import dsn_for

BURST_SECONDS = 1.5
ROUNDS = 7
SHARES = {"post_customers_5": "0.05", "post_customers_100": "1.0"}
REGISTERED = """select count(*) from events e join idempotency i
    on i.stream = e.stream and i.version = e.version where e.type = 'CustomerRegistered'"""
INSERTED = "select count(*) from plain_customers"


class Side:
    """One HTTP api, loaded now and then, whose work can be counted in its database."""

    def __init__(self, port: int, token: str, count: Callable[[], Awaitable[object]]) -> None:
        self._port = port
        self._token = token
        self._count = count
        self._answered = 0

    async def burst(self) -> float:
        """Return how many customers a second it registers."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.load", str(self._port), str(BURST_SECONDS), self._token,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, _ = await process.communicate()
        if process.returncode != 0:
            raise BrokenSideError(f"the api on port {self._port} refused a request")
        seen = json.loads(told)
        self._answered += seen["answered"]
        return float(seen["answered"] / seen["seconds"])

    async def check(self) -> None:
        """Raise BrokenSideError unless every answer of 201 has its customer."""
        must_be(self._answered, await self._count(), "customers")


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure the service traced 5 %, the service traced 100 %, and the baseline, in turns."""
    token = await token_of(ground.ports.issuer_url, "alice")
    async with AsyncExitStack() as opened:
        sides = [await _service(ground, opened, token, name) for name in SHARES]
        sides.append(await _plain(ground, opened, token))
        *traced, plain = await in_turns(ROUNDS, *(side.burst for side in sides))
        for side in sides:
            await side.check()
        return {name: pair(rates, plain) for name, rates in zip(SHARES, traced, strict=True)}


async def _service(ground: Ground, opened: AsyncExitStack, token: str, name: str) -> Side:
    """Start an api process of the customers service on databases of its own."""
    databases, port = await ground.databases(), ground.free_port
    program = api_program(ground, databases, port, name, SHARES[name])
    await opened.enter_async_context(ground.running(program))
    dsn = dsn_for(databases.truth, "api")
    (truth,) = await opened.enter_async_context(connections(dsn, 1))
    return Side(port, token, partial(truth.fetchval, REGISTERED))


def api_program(
    ground: Ground, databases: Databases, port: int, name: str, trace_share: str
) -> Program:
    """Return an api process of the customers service on these databases."""
    settings = {
        "DAYBOOK_STORE_TRUTH_DSN": databases.truth,
        "DAYBOOK_STORE_VIEWS_DSN": databases.views,
        "DAYBOOK_STORE_KEYS_DSN": databases.keys,
        "DAYBOOK_SERVICE_PORT": str(port),
        "DAYBOOK_SERVICE_CANARY_SECONDS": "3600",
        "DAYBOOK_SERVICE_REQUESTS_PER_SECOND": "0",
        "DAYBOOK_OBSERVABILITY_TRACE_SHARE": trace_share,
        "DAYBOOK_OBSERVABILITY_TRACE_FILE": str(ground.place.logs / f"traces-{name}.jsonl"),
    }

    async def is_ready() -> bool:
        readiness = await ask_readiness(f"http://127.0.0.1:{port}")
        return readiness is not None and readiness.status == "ready"

    return Program(
        name=name,
        tier=Tier.SERVICES,
        command=environment.python(f"services.{SERVICE}", "api"),
        environment=environment.of_service(SERVICE, ground.place) | settings,
        is_ready=is_ready,
    )


async def _plain(ground: Ground, opened: AsyncExitStack, token: str) -> Side:
    """Start the baseline's process."""
    dsn, port = (await ground.plain_databases()).truth, ground.free_port
    await opened.enter_async_context(ground.running(plain_program(ground, dsn, port)))
    (baseline,) = await opened.enter_async_context(connections(dsn, 1))
    return Side(port, token, partial(baseline.fetchval, INSERTED))


def plain_program(ground: Ground, dsn: str, port: int) -> Program:
    """Return a process of the baseline on this database."""
    return Program(
        name="plain_api",
        tier=Tier.SERVICES,
        command=environment.python("bench.plain_api", dsn, str(port)),
        environment=environment.of_service(SERVICE, ground.place),
        is_ready=partial(url_answers, f"http://127.0.0.1:{port}/ready"),
    )


async def token_of(issuer: str, person: str) -> str:
    """Return a token of that demo person."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{issuer}/token", data={"grant_type": GRANT, "person": person})
        token: str = answer.raise_for_status().json()["access_token"]
        return token


ROW = Row(
    "post_customers",
    (
        Claim("post_customers_5", 1.2, 2.0, "requests/s"),
        Claim("post_customers_100", 0.9, 1.4, "requests/s"),
    ),
    measure,
)
