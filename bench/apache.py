"""The same rows stand on a node of Apache Kafka, with its idempotent producer on both sides."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from uuid import uuid4

from bench import projecting, relaying
from bench.ground import Ground
from bench.measuring import Paired, Row
from cli.local import environment
from cli.local.kafka import Node
from cli.local.machine import KAFKA_STOP_SECONDS
from cli.local.ports import LOOPBACK
from cli.local.program import Program, Tier
from cli.local.readiness import kafka_answers
from shared.settings import KafkaSettings

SUFFIX = "_on_kafka"


@asynccontextmanager
async def on_apache_kafka(ground: Ground) -> AsyncIterator[Ground]:
    """Run one node, as `make up BROKER=kafka` does, and give the same ground with it."""
    port, folder = ground.free_port, ground.place.var / f"kafka-{uuid4()}"
    node = Node(folder, port, ground.free_port)
    node.write_properties(node.data)
    await ground.supervisor.run_once(
        "format-kafka", node.format_command(uuid4(), node.data), environment.bare()
    )
    program = Program(
        name="kafka",
        tier=Tier.BROKER,
        command=node.command,
        environment=environment.bare(),
        is_ready=partial(kafka_answers, "kafka", port),
        slow_stop_seconds=KAFKA_STOP_SECONDS,
    )
    settings = KafkaSettings(mode="kafka", bootstrap=f"{LOOPBACK}:{port}", replication=1)
    async with ground.running(program):
        yield ground.with_kafka(settings)


def row_on_kafka(row: Row) -> Row:
    """Return the same row, measured there: the same claims under names of their own."""
    claims = tuple(replace(claim, name=f"{claim.name}{SUFFIX}") for claim in row.claims)
    return Row(f"{row.name}{SUFFIX}", claims, _measured_there(row.measure))


def _measured_there(
    measure: Callable[[Ground], Awaitable[Mapping[str, Paired]]],
) -> Callable[[Ground], Awaitable[Mapping[str, Paired]]]:
    async def there(ground: Ground) -> Mapping[str, Paired]:
        async with on_apache_kafka(ground) as its:
            return {f"{name}{SUFFIX}": seen for name, seen in (await measure(its)).items()}

    return there


RELAY = row_on_kafka(relaying.ROW)
PROJECTION = row_on_kafka(projecting.ROW)
