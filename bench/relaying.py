"""The relay drains the store nearly as fast as a Kafka client alone sends the same records.

The events lie in the store behind an open transaction, so the running relay cannot see them;
the clock starts when that transaction ends, and stops when the last checkpoint has moved.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from uuid import uuid4

import asyncpg

from bench.ground import Ground
from bench.kafka_client import Client, count_records, messages_of
from bench.measuring import Claim, Paired, Row, in_turns, must_be, pair
from bench.parts import Parts, parts, running, until
from bench.plain_table import connections
from bench.samples import NOW, new_stream, origin
from shared.eventstore.store import EventStore
from shared.messaging.clients import new_producer
from shared.messaging.relay import Relay
from shared.messaging.topics import Topic, ensure_topics
from shared.postgres.dsn import dsn_for

EVENTS = 24_000
TRANSACTION = 100
ROUNDS = 5
SAMPLED_OF = 20
SENT = "select sum(feed_position)::bigint from relay_checkpoints where topic = $1"
HOLD = "begin; set local idle_in_transaction_session_timeout = 0; select pg_current_xact_id()"


class HeldBack:
    """A relay that runs, and a door that holds events back from it."""

    def __init__(
        self, store: EventStore, relay: Relay, door: asyncpg.Connection, appended: asyncio.Event
    ) -> None:
        self._store = store
        self._relay = relay
        self._door = door
        self._appended = appended
        self.stored = 0

    async def drain(self) -> float:
        """Fill the store, open the door; return how many events a second reach Kafka."""
        await self._door.execute(HOLD)
        for number in range(EVENTS // TRANSACTION):
            asked = origin(is_sampled=number % SAMPLED_OF == 0, every_member=True)
            appends = [new_stream() for _ in range(TRANSACTION)]
            await self._store.append_many(appends, asked, NOW)
        self.stored += EVENTS
        started = perf_counter()
        await self._door.execute("commit")
        self._appended.set()
        await until(lambda: self._relay.status.events_sent == self.stored)
        return EVENTS / (perf_counter() - started)


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure the relay, explicit batches and single sends in turns."""
    async with (
        parts(ground) as here,
        connections(dsn_for(here.databases.truth, "api"), 2) as (door, looking),
        a_client(ground) as (batching, batches),
        a_client(ground) as (sending, sends),
    ):
        relay = await here.relay()
        held_back = HeldBack(await here.store(), relay, door, here.appended)
        async with running(relay.run):
            await held_back.drain()
            ready = await messages_of(ground.kafka, here.topic)
            ours, by_batch, one_by_one = await in_turns(
                ROUNDS,
                held_back.drain,
                lambda: batching.send_batch(ready),
                lambda: sending.send(ready),
            )
        must_be(held_back.stored, await looking.fetchval(SENT, here.topic.name), "feed positions")
        must_be(held_back.stored, await count_records(ground.kafka, here.topic), "relayed records")
        for topic in (batches, sends):
            there = await count_records(ground.kafka, topic)
            must_be(EVENTS * (ROUNDS + 1), there, "records")
        return {
            "relay_vs_send_batch": pair(ours, by_batch),
            "relay_vs_send": pair(ours, one_by_one),
        }


@asynccontextmanager
async def a_client(ground: Ground) -> AsyncIterator[tuple[Client, Topic]]:
    """Give a Kafka client alone, and the topic that it sends to."""
    topic = Topic(f"bench-{uuid4()}", Parts.partitions)
    await ensure_topics(ground.kafka, [topic])
    producer = new_producer(ground.kafka)
    await producer.start()
    try:
        yield Client(producer, topic.name), topic
    finally:
        await producer.stop()


ROW = Row(
    "relay",
    (
        Claim("relay_vs_send_batch", 0.45, 0.6, "events/s"),
        Claim("relay_vs_send", 0.8, 1.1, "events/s"),
    ),
    measure,
)
