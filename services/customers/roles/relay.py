"""The relay role: what the store has, Kafka gets, events and records by a relay each."""

import asyncio
from uuid import UUID, uuid4

from services.customers.roles.process import SERVICE, Process
from shared.messaging.account import RelayStatus
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.sending import GIVE_UP_SECONDS
from shared.messaging.topics import ACCESS, CUSTOMERS, Topic
from shared.web.health import RelayReport


async def add_relay(process: Process) -> None:
    """Let the process relay the customers topic, and the service's records."""
    owner = uuid4()
    events = await _relay(process, owner, CUSTOMERS, process.appended)
    records = await _relay(process, owner, ACCESS)
    process.readiness.works += [events.work, records.work]
    process.readiness.relay = lambda: _report(events.status)
    process.runs += [events.run, records.run]


async def _relay(
    process: Process, owner: UUID, topic: Topic, wake: asyncio.Event | None = None
) -> Relay:
    truth = await process.lanes(process.stores.truth_dsn, "relay", 2, answer_within=GIVE_UP_SECONDS)
    outbox = Outbox(truth, topic.name, topic.partitions, owner, topic.table)
    return Relay(
        outbox,
        process.kafka,
        topic,
        SERVICE,
        process.clock,
        process.tracing,
        wake=wake,
        metrics=process.metrics,
    )


def _report(status: RelayStatus) -> RelayReport:
    return RelayReport(
        partitions_led=status.partitions_led,
        events_sent=status.events_sent,
        refilled_events=status.refill_events,
        refill_seconds=status.refill_seconds,
    )
