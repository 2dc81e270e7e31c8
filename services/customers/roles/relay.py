"""The relay role: what the store has, Kafka gets."""

from uuid import uuid4

from services.customers.roles.process import SERVICE, Process
from shared.messaging.account import RelayStatus
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.sending import GIVE_UP_SECONDS
from shared.messaging.topics import CUSTOMERS
from shared.web.health import RelayReport


async def add_relay(process: Process) -> None:
    """Let the process relay the customers topic."""
    truth = await process.lanes(process.stores.truth_dsn, "relay", 2, answer_within=GIVE_UP_SECONDS)
    outbox = Outbox(truth, CUSTOMERS.name, CUSTOMERS.partitions, uuid4())
    relay = Relay(
        outbox,
        process.kafka,
        CUSTOMERS,
        SERVICE,
        process.clock,
        process.tracing,
        wake=process.appended,
        metrics=process.metrics,
    )
    process.readiness.works.append(relay.work)
    process.readiness.relay = lambda: _report(relay.status)
    process.runs.append(relay.run)


def _report(status: RelayStatus) -> RelayReport:
    return RelayReport(
        partitions_led=status.partitions_led,
        events_sent=status.events_sent,
        refilled_events=status.refill_events,
        refill_seconds=status.refill_seconds,
    )
