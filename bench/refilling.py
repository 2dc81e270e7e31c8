"""An emptied Kafka is filled again from the store nearly as fast as a client alone fills it."""

from time import perf_counter

from bench.ground import Ground
from bench.kafka_client import Client, an_empty_topic, messages_of
from bench.large_log import LargeLog
from bench.measuring import Claim, Paired, in_turns, must_be, pair
from bench.parts import running, until
from bench.plain_table import connections
from shared.messaging.clients import new_producer
from shared.postgres.dsn import dsn_for

ROUNDS = 3
SAMPLE = 100_000
FILLED_WITHIN_SECONDS = 600.0

CLAIM = Claim("refill", 0.4, 0.6, "events/s")


async def measure(ground: Ground, large: LargeLog) -> Paired:
    """Fill an empty topic with the whole store; then the client fills one with as many records."""
    here = large.here
    async with connections(dsn_for(here.databases.truth, "relay"), 1) as (truth,):
        stored = int(await truth.fetchval("select count(*) from events"))

    async with an_empty_topic(ground.kafka, here.partitions) as topic:
        relay = await here.relay(topic)
        async with running(relay.run):
            await until(lambda: relay.status.events_sent >= min(SAMPLE, stored))
        sample = (await messages_of(ground.kafka, topic))[:SAMPLE]

    async def ours() -> float:
        async with an_empty_topic(ground.kafka, here.partitions) as topic:
            relay = await here.relay(topic)
            async with running(relay.run):
                # The client's connections stand already, so the clock waits for ours.
                await until(lambda: relay.status.events_sent > 0)
                before, started = relay.status.events_sent, perf_counter()
                await until(lambda: relay.status.events_sent >= stored, FILLED_WITHIN_SECONDS)
                passed = perf_counter() - started
            must_be(stored, relay.status.events_sent, "sent events")
            return (stored - before) / passed

    async def theirs() -> float:
        producer = new_producer(ground.kafka)
        await producer.start()
        try:
            async with an_empty_topic(ground.kafka, here.partitions) as topic:
                client, left = Client(producer, topic.name), stored
                await client.send_batch(sample[:1])
                started = perf_counter()
                while left:
                    await client.send_batch(sample[:left])
                    left -= min(left, len(sample))
                return stored / (perf_counter() - started)
        finally:
            await producer.stop()

    return pair(*await in_turns(ROUNDS, ours, theirs))
