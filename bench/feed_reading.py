"""A new subscriber reads the whole feed over HTTP nearly as fast as PostgreSQL gives the rows."""

import http.client
from contextlib import AsyncExitStack
from time import perf_counter

import asyncpg
import orjson

from bench.ground import Ground
from bench.large_log import LargeLog
from bench.measuring import Claim, Paired, in_turns, must_be, pair
from bench.plain_table import connections
from bench.post_customers import api_program, token_of
from shared.eventstore.feed import MAX_PAGE
from shared.eventstore.rows import EVENT_COLUMNS
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import dsn_for

ROUNDS = 5
PARTITIONS_READ = 1
PAGE = f"""select {EVENT_COLUMNS} from events e
    where e.partition = $1 and (e.txid, e.position) > ($2::xid8, $3::bigint)
    order by e.txid, e.position limit $4"""

CLAIM = Claim("feed_read", 0.4, 0.7, "events/s")


async def measure(ground: Ground, large: LargeLog) -> Paired:
    """Read the same partition by both ways, in turns."""
    async with AsyncExitStack() as opened:
        port = ground.free_port
        program = api_program(ground, large.here.databases, port, "feed", "0.05")
        await opened.enter_async_context(ground.running(program))
        dsn = dsn_for(large.here.databases.truth, "api")
        (truth,) = await opened.enter_async_context(connections(dsn, 1))
        token = await token_of(ground.ports.issuer_url, "billing")
        wanted = await truth.fetchval("select count(*) from events where partition = 0")

        async def ours() -> float:
            started = perf_counter()
            must_be(wanted, _read_over_http(port, token), "events of the feed")
            return float(wanted / (perf_counter() - started))

        async def baseline() -> float:
            started = perf_counter()
            must_be(wanted, await _select(truth), "rows")
            return float(wanted / (perf_counter() - started))

        return pair(*await in_turns(ROUNDS, ours, baseline))


def _read_over_http(port: int, token: str) -> int:
    """Read every page on one connection, as a subscriber does, and decode each."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    start = 1
    while True:
        connection.request(
            "GET",
            f"/v1/feed?topic={CUSTOMERS.name}&partition=0&from={start}&page_size={MAX_PAGE}",
            headers={"Authorization": f"Bearer {token}"},
        )
        page = orjson.loads(connection.getresponse().read())
        if not page["items"]:
            connection.close()
            return start - 1
        start = page["next_from"]


async def _select(connection: asyncpg.Connection) -> int:
    statement = await connection.prepare(PAGE)
    read, txid, position = 0, 0, 0
    while rows := await statement.fetch(0, txid, position, MAX_PAGE):
        read += len(rows)
        txid, position = rows[-1]["txid"], rows[-1]["position"]
    return read
