"""A million customers are listed and found nearly as fast as ten thousand, while others write.

Whoever sees only some of them (bench.rights) gets a page nearly as fast as whoever sees all.

Every side is asked over HTTP by one client, one request after the other; what is compared is the
time that 95 of 100 answers stay below. A writer applies a hundred events a second to the large
directory all the while, through the projection. The baseline of searches is the plain api reading
one row of a million by its primary key.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import urlencode

from bench.ground import Ground
from bench.large_directory import LargeDirectory, Writer
from bench.measuring import BrokenSideError, Claim, Paired, Row, in_turns, pair
from bench.people import OWNERS
from bench.plain_table import connections
from bench.post_customers import api_program, plain_program, token_of

CUSTOMERS = int(os.environ.get("BENCH_LARGE_CUSTOMERS", "1000000"))
SMALL_CUSTOMERS = CUSTOMERS // 100
ROUNDS = 5
REQUESTS = 160
BATCH, BATCHES_PER_SECOND = 20, 5
P95 = 0.95
FILL = """insert into plain_customers (id, kind, name, emails)
    select gen_random_uuid(), 'person', 'Customer ' || n, array['c' || n || '@example.org']
    from generate_series(1, $1::int) n"""
SOME_IDS = "select id from plain_customers tablesample system_rows($1)"

Paths = Callable[[random.Random], str]


def listing(drawn: random.Random) -> str:
    """Return a list that somebody looks at, without a text."""
    return _path(
        drawn.choice(
            [
                {},
                {"sort": "-changed_at"},
                {"sort": "-registered_at"},
                {"stage": drawn.choice(("lead", "active", "closed"))},
                {"owner": str(drawn.choice(OWNERS))},
                {"country": drawn.choice(("DE", "CN", "US"))},
                {"tag": f"event {drawn.randrange(3000)}"},
            ]
        )
    )


def page(drawn: random.Random) -> str:
    """Return a page of fifty, by name or the newest first."""
    return _path(drawn.choice([{}, {"sort": "-changed_at"}]))


def exact(known: LargeDirectory, drawn: random.Random) -> str:
    """Return a search that means one customer, or few."""
    _, entry = drawn.choice(known.known)
    customer = entry.customer
    name = str(customer.name)
    words = (
        customer.emails[0].address,
        customer.phones[0].number,
        name,
        name[: max(len(name) - 2, 2)],
    )
    return _path({"q": drawn.choice((*words, customer.emails[0].address.partition("@")[0]))})


def common(drawn: random.Random) -> str:
    """Return a search that thousands match, with filter or sort, misspelt, or in two characters."""
    return _path(
        drawn.choice(
            [
                {"q": drawn.choice(("müller", "schmidt", "smith")), "sort": "-changed_at"},
                {"q": drawn.choice(("müller", "wagner", "brown")), "stage": "active"},
                {"q": drawn.choice(("smiht", "schmitd", "jonson", "zimermann"))},
                {"q": drawn.choice(("海望", "科技", "东方", "集团", "志海"))},
            ]
        )
    )


def _path(query: Mapping[str, str]) -> str:
    return f"/v1/customers?{urlencode(query)}"


class Asked:
    """One HTTP api, asked so many things a round."""

    def __init__(self, port: int, token: str, paths: Paths) -> None:
        self._port, self._token, self._paths = port, token, paths
        self._drawn = random.Random(7)  # noqa: S311 - the same questions in every run

    async def p95(self) -> float:
        """Return the milliseconds that 95 of 100 answers stay below."""
        paths = "\n".join(self._paths(self._drawn) for _ in range(REQUESTS))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.asking", str(self._port), self._token,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, _ = await process.communicate(paths.encode())
        if process.returncode != 0:
            raise BrokenSideError(f"the api on port {self._port} refused a request")
        milliseconds: list[float] = sorted(json.loads(told))
        return milliseconds[int(REQUESTS * P95)]


@asynccontextmanager
async def writes(directory: LargeDirectory) -> AsyncIterator[None]:
    """Let a hundred events a second happen meanwhile."""
    writer = await Writer.of(directory)
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await writer.batch(BATCH)
            await asyncio.sleep(1 / BATCHES_PER_SECOND)

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        try:
            yield
        finally:
            stop.set()
    await writer.close()


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Fill a large and a small directory and a plain table, then ask all of them in turns."""
    token = await token_of(ground.ports.issuer_url, "alice")
    async with AsyncExitStack() as opened:
        large, large_port = await _filled(ground, opened, CUSTOMERS)
        _, small_port = await _filled(ground, opened, SMALL_CUSTOMERS)
        plain_port, rows = await _plain(ground, opened)
        await opened.enter_async_context(writes(large))
        sides = [
            Asked(large_port, token, listing),
            Asked(small_port, token, listing),
            Asked(large_port, token, partial(exact, large)),
            Asked(large_port, token, common),
            Asked(plain_port, token, lambda drawn: drawn.choice(rows)),
        ]
        leo = await token_of(ground.ports.issuer_url, "leo")
        bob = await token_of(ground.ports.issuer_url, "bob")
        sides += [
            Asked(large_port, leo, page),
            Asked(large_port, bob, page),
            Asked(large_port, token, page),
        ]
        lists, small, exacts, commons, by_key, team, department, whole = await in_turns(
            ROUNDS, *(side.p95 for side in sides)
        )
    return {
        "list_at_1m": pair(lists, small),
        "find_exact_at_1m": pair(exacts, by_key),
        "find_common_at_1m": pair(commons, by_key),
        "filtered_page": pair(team, whole),
        "filtered_page_department": pair(department, whole),
    }


async def _filled(ground: Ground, opened: AsyncExitStack, count: int) -> tuple[LargeDirectory, int]:
    """Return a directory of so many customers and the port of the api that answers from it."""
    print(f"{count} customers …", end=" ", flush=True)
    directory = LargeDirectory(await ground.databases())
    await directory.fill(count)
    port = ground.free_port
    program = api_program(ground, directory.databases, port, f"api-{count}", "0.05")
    await opened.enter_async_context(ground.running(program))
    return directory, port


async def _plain(ground: Ground, opened: AsyncExitStack) -> tuple[int, list[str]]:
    """Return the port of the plain api, and paths of some of its million rows."""
    dsn, port = (await ground.plain_databases()).views, ground.free_port
    await opened.enter_async_context(ground.running(plain_program(ground, dsn, port)))
    async with connections(dsn, 1) as (baseline,):
        await baseline.execute("create extension tsm_system_rows")
        await baseline.execute(FILL, CUSTOMERS)
        await baseline.execute("analyze plain_customers")
        ids = await baseline.fetch(SOME_IDS, 2_000)
    return port, [f"/v1/customers/{row['id']}" for row in ids]


ROW = Row(
    "finding",
    (
        Claim("list_at_1m", 1.5, 1.1, "ms", "lower"),
        Claim("find_exact_at_1m", 3.0, 1.5, "ms", "lower"),
        Claim("find_common_at_1m", 15.0, 6.0, "ms", "lower"),
        Claim("filtered_page", 5.0, 2.0, "ms", "lower"),
        Claim("filtered_page_department", 5.0, 2.0, "ms", "lower"),
    ),
    measure,
)
