"""An emptied Kafka is filled again from the store nearly as fast as a client alone fills it."""

from time import perf_counter
from uuid import uuid4

from bench.ground import Ground
from bench.large_log import LargeLog
from bench.measuring import Claim, Paired, in_turns, must_be, pair
from bench.parts import running, until
from bench.plain_table import connections
from bench.relaying import a_client, messages
from shared.messaging.topics import Topic
from shared.postgres.dsn import dsn_for

ROUNDS = 3
SAMPLE = 100_000
FILLED_WITHIN_SECONDS = 600.0

CLAIM = Claim("refill", 0.4, 0.6, "events/s")


async def measure(ground: Ground, large: LargeLog) -> Paired:
    """Fill an empty topic with the whole store; the client sends a part of it again and again."""
    here = large.here
    async with (
        connections(dsn_for(here.databases.truth, "relay"), 1) as (truth,),
        a_client(ground) as (client, _),
    ):
        sample = await messages(truth, min(SAMPLE, large.events))
        stored = await truth.fetchval("select count(*) from events")

        async def ours() -> float:
            # A topic that is new is an emptied one: nothing of this store has ever been sent to it.
            relay = await here.relay(Topic(f"bench-{uuid4()}", here.partitions))
            async with running(relay.run):
                # The client's connections stand already, so the clock waits for ours.
                await until(lambda: relay.status.events_sent > 0)
                before, started = relay.status.events_sent, perf_counter()
                await until(lambda: relay.status.events_sent >= stored, FILLED_WITHIN_SECONDS)
                passed = perf_counter() - started
            must_be(stored, relay.status.events_sent, "sent events")
            return float((stored - before) / passed)

        return pair(*await in_turns(ROUNDS, ours, lambda: client.send_batch(sample)))
