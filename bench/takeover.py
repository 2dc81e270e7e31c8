"""What a dead or hung leader held is led by another as soon as its lease may end.

Two relay processes; the one that leads is killed or stopped, and the clock runs until the other's
lease on every partition stands in the database. The baseline is the lease itself.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from time import perf_counter

import asyncpg

from bench.ground import Databases, Ground
from bench.measuring import Claim, Paired, Row, pair
from bench.plain_table import connections
from bench.processes import a_process
from shared.messaging.outbox import LEASE
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import dsn_for

ROUNDS = 5
LOOK_SECONDS = 0.005
WITHIN_SECONDS = 30.0
LEADERS = """select owner, count(*) as led from relay_checkpoints
    where topic = $1 and lease_until > clock_timestamp() group by owner"""

CLAIMS = (
    Claim("takeover_killed", 1.5, 1.1, "s", "lower"),
    Claim("takeover_stopped", 1.5, 1.1, "s", "lower"),
)


class Leaders:
    """Who leads, by the database."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def are(self, shares: list[int]) -> float:
        """Return when so many leaders hold so much each."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                rows = await self._connection.fetch(LEADERS, CUSTOMERS.name)
                if sorted(row["led"] for row in rows) == shares:
                    return perf_counter()
                await asyncio.sleep(LOOK_SECONDS)


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Let leaders die and hang in turns."""
    databases = await ground.databases()
    lease = [LEASE.total_seconds()] * ROUNDS
    async with connections(dsn_for(databases.truth, "relay"), 1) as (looking,):
        leaders = Leaders(looking)
        killed, stopped = [], []
        for _ in range(ROUNDS):
            killed.append(await _taken_over(ground, databases, leaders, signal.SIGKILL))
            stopped.append(await _taken_over(ground, databases, leaders, signal.SIGSTOP))
    return {"takeover_killed": pair(killed, lease), "takeover_stopped": pair(stopped, lease)}


async def _taken_over(
    ground: Ground, databases: Databases, leaders: Leaders, how: signal.Signals
) -> float:
    """Return how many seconds half of the partitions were led by nobody who lives."""
    async with AsyncExitStack() as opened:
        first = await opened.enter_async_context(a_process(ground, databases, "relay"))
        await opened.enter_async_context(a_process(ground, databases, "relay"))
        half = CUSTOMERS.partitions // 2
        await leaders.are([half, half])
        os.kill(first.pid, how)
        struck = perf_counter()
        return await leaders.are([CUSTOMERS.partitions]) - struck


ROW = Row("takeover", CLAIMS, measure)
