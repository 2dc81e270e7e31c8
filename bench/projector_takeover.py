"""What a dead or hung projector had is applied by another as soon as its session may end.

Two projector processes share the partitions of Apache Kafka; one is killed or stopped, a hundred
customers are registered at that moment, and the clock runs until all of them are in the directory.
The baseline is the session timeout.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from time import perf_counter

import asyncpg
from confluent_kafka.admin import AdminClient
from uuid6 import uuid7

from bench.apache import on_apache_kafka
from bench.ground import Ground
from bench.measuring import Claim, Paired, Row, pair
from bench.parts import Parts, parts, running
from bench.plain_table import connections
from bench.processes import a_process
from bench.samples import NOW, as_appends, lives, origin
from services.customers.projections.directory import NAME as DIRECTORY
from shared.eventstore.store import EventStore
from shared.messaging.topics import CUSTOMERS
from shared.postgres.dsn import dsn_for
from shared.security.subject_keys import KEYS_PER_CALL, SubjectKeys

ROUNDS = 3
LOOK_SECONDS = 0.005
WITHIN_SECONDS = 60.0
ANSWER_WITHIN_SECONDS = 5.0
APPLIED = """select coalesce(sum(feed_position), 0)::bigint from projection_marks
    where projection = $1"""

CLAIMS = (
    Claim("projector_takeover_killed", 1.5, 1.1, "s", "lower"),
    Claim("projector_takeover_stopped", 1.5, 1.1, "s", "lower"),
)


class Group:
    """The projectors of the directory, and what they do to it."""

    def __init__(self, here: Parts, store: EventStore, keys: SubjectKeys) -> None:
        self._here = here
        self._store = store
        self._keys = keys
        self._admin = AdminClient({"bootstrap.servers": here.kafka.bootstrap, "log_level": 0})
        self._stored = 0

    async def is_shared(self, *shares: int) -> None:
        """Return when Kafka says that its members have so many partitions each."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                if await asyncio.to_thread(self._shares) == list(shares):
                    return
                await asyncio.sleep(LOOK_SECONDS)

    async def register(self) -> None:
        """Register a hundred customers, spread over all partitions."""
        ids, keys = [uuid7() for _ in range(KEYS_PER_CALL)], await self._keys.make()
        for appends in as_appends(lives(len(ids), len(ids)), ids, keys, len(ids)):
            await self._store.append_many(appends, origin(), NOW)
        self._here.appended.set()
        self._stored += len(ids)

    async def has_all(self, views: asyncpg.Connection) -> float:
        """Return when the directory has everything."""
        async with asyncio.timeout(WITHIN_SECONDS):
            while True:
                if await views.fetchval(APPLIED, DIRECTORY) == self._stored:
                    return perf_counter()
                await asyncio.sleep(LOOK_SECONDS)

    def _shares(self) -> Sequence[int]:
        prefix = f"{CUSTOMERS.name}.{DIRECTORY}@"
        listed = self._admin.list_consumer_groups().result(ANSWER_WITHIN_SECONDS).valid
        ours = [group.group_id for group in listed if group.group_id.startswith(prefix)]
        if not ours:
            return []
        (described,) = self._admin.describe_consumer_groups(ours).values()
        members = described.result(ANSWER_WITHIN_SECONDS).members
        return sorted(len(member.assignment.topic_partitions) for member in members)


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Let projectors die and hang in turns."""
    killed, stopped = [], []
    async with on_apache_kafka(ground) as its, parts(its) as here:
        session = [its.kafka.session_timeout_ms / 1000] * ROUNDS
        group = Group(here, await here.store(), await here.keys())
        relay = await here.relay(CUSTOMERS)
        async with (
            connections(dsn_for(here.databases.views, "projector"), 1) as (views,),
            running(relay.run),
        ):
            for _ in range(ROUNDS):
                killed.append(await _taken_over(its, here, group, views, signal.SIGKILL))
                stopped.append(await _taken_over(its, here, group, views, signal.SIGSTOP))
    return {
        "projector_takeover_killed": pair(killed, session),
        "projector_takeover_stopped": pair(stopped, session),
    }


async def _taken_over(
    ground: Ground, here: Parts, group: Group, views: asyncpg.Connection, how: signal.Signals
) -> float:
    """Return how many seconds it took until what came at that moment was applied."""
    async with AsyncExitStack() as opened:
        first = await opened.enter_async_context(a_process(ground, here.databases, "projector"))
        await opened.enter_async_context(a_process(ground, here.databases, "projector"))
        half = CUSTOMERS.partitions // 2
        await group.is_shared(half, half)
        await group.register()
        await group.has_all(views)
        os.kill(first.pid, how)
        struck = perf_counter()
        await group.register()
        return await group.has_all(views) - struck


ROW = Row("projector_takeover", CLAIMS, measure)
