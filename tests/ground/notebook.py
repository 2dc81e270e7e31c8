"""A service of notes: a store, a topic and relays, for tests of what lies between them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition

from shared.clock import SystemClock
from shared.eventstore.feed import Feed
from shared.eventstore.records import RecordKeeper
from shared.eventstore.store import EventStore
from shared.messaging.clients import new_consumer, new_producer, start_consumer
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import Topic, ensure_topics
from shared.observability.traces import Tracing
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.settings import KafkaSettings
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from tests.ground.servers import Databases
from tests.ground.tasks import Runs, Tasks

SERVICE = "notes"
PARTITIONS = 4
RECORDS_WITHIN_SECONDS = 60.0


class Notebook:
    """The store, the topic, as many relays as a test wants; the clock runs and can be turned."""

    def __init__(
        self, databases: Databases, kafka: KafkaSettings, topic: Topic, service: str = SERVICE
    ) -> None:
        self.service = service
        self.databases = databases
        self.kafka = kafka
        self.topic = topic
        self.clock = TurnableClock(SystemClock().now(), runs=True)
        self.stopping = asyncio.Event()
        self._opened = AsyncExitStack()
        self._tasks = Tasks()

    async def lanes(
        self, template: str, role: str, size: int = 2, settings: Mapping[str, str] | None = None
    ) -> Lanes:
        """Open connections that are closed with the notebook."""
        dsn = dsn_for(template, role)
        lanes = Lanes(dsn, size, application_name=f"notes-{role}", settings=settings)
        await lanes.open()
        self._opened.push_async_callback(lanes.close)
        return lanes

    async def open(self) -> None:
        """Open the store."""
        api = await self.lanes(self.databases.truth_dsn, "api", 4)
        self.store = EventStore(api, self.service, self.topic.partitions)
        self.feed = Feed(api, self.topic.name, self.topic.table)
        self.keeper = RecordKeeper(api, self.clock, self.topic.partitions)
        self._opened.push_async_callback(self.keeper.close)

    async def new_outbox(self) -> Outbox:
        """Return the outbox of one more relay."""
        lanes = await self.lanes(self.databases.truth_dsn, "relay")
        return Outbox(lanes, self.topic.name, self.topic.partitions, uuid4(), self.topic.table)

    def relay_of(self, outbox: Outbox) -> Relay:
        """Return a relay, not running."""
        return Relay(outbox, self.kafka, self.topic, self.service, self.clock, Tracing())

    async def start_relay(self) -> Relay:
        """Run one more relay until the notebook is closed."""
        relay = self.relay_of(await self.new_outbox())
        self.run(relay)
        return relay

    def run(self, part: Runs) -> asyncio.Task[None]:
        """Run a part until the notebook is closed; if it dies by an exception, the test fails."""
        return self._tasks.start(part, self.stopping)

    async def stop(self) -> None:
        """End what runs, and let more be run."""
        self.stopping.set()
        await self._tasks.end()
        self.stopping = asyncio.Event()

    async def close(self) -> None:
        """Stop, then close every connection."""
        try:
            await self.stop()
        finally:
            await self._opened.aclose()

    async def ask(self, kind: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask one of the databases as its superuser."""
        connection = await asyncpg.connect(self.databases.admin_dsn(kind))
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    async def make_topic(self) -> None:
        """Make the topic without a relay."""
        await ensure_topics(self.kafka, [self.topic])

    async def publish(
        self, partition: int, records: Sequence[tuple[bytes, bytes, list[tuple[str, bytes]]]]
    ) -> None:
        """Put (key, value, headers) on the topic as they are, as no relay of ours would."""
        producer: AIOKafkaProducer = new_producer(self.kafka)
        await producer.start()
        try:
            for key, value, headers in records:
                await producer.send_and_wait(
                    self.topic.name, value, key=key, headers=headers, partition=partition
                )
        finally:
            await producer.stop()

    async def records(self, at_least: int) -> list[ConsumerRecord]:
        """Return all records of the topic, per partition in order, once there are so many."""
        return await records_of(self.kafka, self.topic, at_least)


async def records_of(kafka: KafkaSettings, topic: Topic, at_least: int) -> list[ConsumerRecord]:
    """Return all records of a topic, per partition in order, once there are so many."""
    found: dict[TopicPartition, list[ConsumerRecord]] = {}
    places = [TopicPartition(topic.name, p) for p in range(topic.partitions)]
    consumer = new_consumer(kafka)
    try:
        await start_consumer(consumer)

        async def is_there() -> bool:
            return topic.name in await consumer.topics()

        # Who reads a topic before it is there may not notice when it is.
        await until(is_there, what="the topic")
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
            found[place] = []
        async with asyncio.timeout(RECORDS_WITHIN_SECONDS):
            while sum(map(len, found.values())) < at_least or not _is_at_end(consumer, found):
                for place, batch in (await consumer.getmany(timeout_ms=50)).items():
                    found[place] += batch
    finally:
        await consumer.stop()
    return [record for place in places for record in found[place]]


def _is_at_end(consumer: object, found: dict[TopicPartition, list[ConsumerRecord]]) -> bool:
    ends = {place: consumer.highwater(place) for place in found}  # type: ignore[attr-defined]
    return all(end is not None and len(found[place]) >= end for place, end in ends.items())


@asynccontextmanager
async def a_notebook(
    databases: Databases,
    kafka: KafkaSettings,
    topic: Topic | None = None,
    service: str = SERVICE,
) -> AsyncIterator[Notebook]:
    """Have a notebook for as long as the body of the `with`; its topic is its own unless given."""
    topic = topic or Topic(f"daybook.notes.{uuid4().hex[:12]}", PARTITIONS)
    notebook = Notebook(databases, kafka, topic, service)
    try:
        await notebook.open()
        yield notebook
    finally:
        await notebook.close()
