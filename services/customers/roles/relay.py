"""The relay role: what the store has, Kafka gets."""

from uuid import uuid4

from services.customers.roles.process import SERVICE, Process
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topics import CUSTOMERS


async def add_relay(process: Process) -> None:
    """Let the process relay the customers topic."""
    truth = await process.lanes(process.stores.truth_dsn, "relay", 2)
    outbox = Outbox(truth, CUSTOMERS.name, CUSTOMERS.partitions, uuid4())
    process.relay = Relay(
        outbox,
        process.kafka,
        CUSTOMERS,
        SERVICE,
        process.clock,
        process.tracing,
        wake=process.appended,
    )
    process.runs.append(process.relay.run)
