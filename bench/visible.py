"""A change is in the read model milliseconds after its commit: a few times one hop and a commit.

Ours: append, relay, projector and watcher in one process and loop, from the return of the append
to the moment a read with its token would be answered. The floor: one record produced, consumed and
committed in one row, with the same client settings. Both at 200 a second.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.ground import Ground
from bench.measuring import Claim, Paired, Row, in_turns, must_be, pair
from bench.parts import Parts, parts, running
from bench.plain_table import connections
from bench.samples import Registration, registrations
from services.customers.application.loading import stream_of
from shared.messaging.clients import new_consumer, new_producer
from shared.messaging.topics import Topic, ensure_topics
from shared.security.subject_keys import KeyPool

RATE = 200
DROPPED_SECONDS = 1.5
COUNTED_SECONDS = 2.5
SAMPLES = round(RATE * (DROPPED_SECONDS + COUNTED_SECONDS))
ROUNDS = 5
ARRIVES_WITHIN_SECONDS = 20.0
MILLISECONDS = 1_000.0
CREATE = """create table plain (id int primary key, records bigint not null);
    insert into plain values (1, 0)"""
COMMIT = "update plain set records = records + $1 where id = 1"

Trip = Callable[[Registration], Coroutine[None, None, float]]


async def at_rate(trip: Trip) -> list[float]:
    """Start trips at a steady rate; return the milliseconds of each, the first 1.5 s left out."""
    warm, *work = registrations(1 + SAMPLES)
    await trip(warm)
    first = perf_counter()
    trips = []
    for number, one in enumerate(work):
        await asyncio.sleep(max(first + number / RATE - perf_counter(), 0))
        trips.append(asyncio.create_task(trip(one)))
    async with asyncio.timeout(ARRIVES_WITHIN_SECONDS):
        seconds = await asyncio.gather(*trips)
    return [one * MILLISECONDS for one in seconds[round(RATE * DROPPED_SECONDS) :]]


def percentile(milliseconds: list[float], share: float) -> float:
    """Return the value that this share of the samples stays below."""
    return sorted(milliseconds)[int(len(milliseconds) * share)]


@asynccontextmanager
async def our_way(here: Parts) -> AsyncIterator[Trip]:
    """Run everything of a service in this loop; a trip begins when the append returns."""
    store, pool = await here.store(), KeyPool(await here.keys())
    await ensure_topics(here.kafka, [here.topic])
    relay, runner, watcher = await here.relay(), await here.runner(), await here.watcher()

    async def trip(one: Registration) -> float:
        event = one.sealed(await pool.take())
        appended = await store.append(
            stream_of(one.customer_id), str(one.customer_id), 0, [event], one.origin,
            here.clock.now(), one.remember,
        )  # fmt: skip
        committed = perf_counter()
        here.appended.set()
        await watcher.wait_for([appended.token], ARRIVES_WITHIN_SECONDS)
        return perf_counter() - committed

    async with running(relay.run, runner.run, watcher.run):
        yield trip
    views = await here.lanes(here.databases.views, "api", 1)
    must_be(SAMPLES + 1, await views.fetchval("select count(*) from directory"), "customers")


class Floor:
    """One hop through Kafka and one commit, and nothing else."""

    def __init__(
        self,
        topic: Topic,
        producer: AIOKafkaProducer,
        consumer: AIOKafkaConsumer,
        views: asyncpg.Connection,
    ) -> None:
        self._topic = topic
        self._producer = producer
        self._consumer = consumer
        self._views = views
        self._under_way: dict[bytes, asyncio.Future[None]] = {}
        self._number = 0

    async def trip(self, one: Registration) -> float:
        """Return the seconds from the call of `send` to the commit behind the consumer."""
        self._number += 1
        key = one.customer_id.bytes
        arrived = self._under_way[key] = asyncio.get_running_loop().create_future()
        started = perf_counter()
        await self._producer.send(
            self._topic.name, one.name.encode(), key, self._number % self._topic.partitions
        )
        await arrived
        return perf_counter() - started

    async def commit(self, stop: asyncio.Event) -> None:
        """Commit each batch that comes as one row."""
        while not stop.is_set():
            got = await self._consumer.getmany(timeout_ms=100)
            keys = [record.key for records in got.values() for record in records]
            if keys:
                await self._views.execute(COMMIT, len(keys))
            for key in keys:
                self._under_way.pop(key).set_result(None)


@asynccontextmanager
async def floor(ground: Ground, views: asyncpg.Connection) -> AsyncIterator[Floor]:
    """Make a topic, a producer and a consumer as the relay and the runner have them."""
    topic = Topic(f"bench-{uuid4()}", Parts.partitions)
    await ensure_topics(ground.kafka, [topic])
    producer, consumer = new_producer(ground.kafka), new_consumer(ground.kafka)
    await producer.start()
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic.name, number) for number in range(topic.partitions)])
        yield Floor(topic, producer, consumer, views)
    finally:
        await consumer.stop()
        await producer.stop()


async def measure(ground: Ground) -> Mapping[str, Paired]:
    """Measure our way and the floor in turns, each started anew and warmed up."""
    plain = await ground.plain_databases()
    async with connections(plain.views, 1) as (views,):
        await views.execute(CREATE)

        async def ours() -> list[float]:
            async with parts(ground) as here, our_way(here) as trip:
                return await at_rate(trip)

        async def beside() -> list[float]:
            async with floor(ground, views) as hop, running(hop.commit):
                return await at_rate(hop.trip)

        mine, floors = await in_turns(ROUNDS, ours, beside)
        trips = (SAMPLES + 1) * (ROUNDS + 1)
        must_be(trips, await views.fetchval("select records from plain"), "records at the floor")
    return {
        f"visible_p{share:.0%}".removesuffix("%"): pair(
            [percentile(one, share) for one in mine], [percentile(one, share) for one in floors]
        )
        for share in (0.5, 0.99)
    }


ROW = Row(
    "visible",
    (
        Claim("visible_p50", 4, 2.5, "ms", better="lower"),
        Claim("visible_p99", 6, 3, "ms", better="lower"),
    ),
    measure,
)
