"""The relay role: what the store has, Kafka gets, events and records by a relay each."""

from uuid import UUID, uuid4

from shared.messaging.account import RelayStatus
from shared.messaging.beating import ACKNOWLEDGED_WITHIN_SECONDS, Heart
from shared.messaging.outbox import Outbox
from shared.messaging.publishing import Publisher
from shared.messaging.relay import Relay
from shared.messaging.sending import GIVE_UP_SECONDS
from shared.messaging.topics import Topic
from shared.service.process import Process
from shared.web.health import RelayReport


async def add_relay(process: Process) -> None:
    """Let the process relay the service's topic, and its records."""
    service, owner = process.service, uuid4()
    relays = {topic: await _relay(process, owner, topic) for topic in service.relayed}
    process.readiness.works += [relay.work for relay in relays.values()]
    process.readiness.relay = lambda: _report(relays[service.topic].status)
    process.runs += [relay.run for relay in relays.values()]
    if service.beats is not None:
        await _add_heart(process, owner, service.beats, relays[service.topic])


async def _add_heart(process: Process, owner: UUID, beats: Topic, relay: Relay) -> None:
    service = process.service
    truth = await process.lanes(process.stores.truth_dsn, "relay", 1, answer_within=GIVE_UP_SECONDS)
    publisher = Publisher(
        process.kafka, beats, service.name, within_seconds=ACKNOWLEDGED_WITHIN_SECONDS
    )
    process.opened.push_async_callback(publisher.close)
    heart = Heart(
        truth, publisher, service.topic, service.name, owner, process.clock,
        is_checked=lambda: relay.is_checked,
    )  # fmt: skip
    process.readiness.works.append(heart.work)
    process.runs.append(heart.run)


async def _relay(process: Process, owner: UUID, topic: Topic) -> Relay:
    truth = await process.lanes(process.stores.truth_dsn, "relay", 2, answer_within=GIVE_UP_SECONDS)
    outbox = Outbox(truth, topic.name, topic.partitions, owner, topic.table)
    return Relay(
        outbox,
        process.kafka,
        topic,
        process.service.name,
        process.clock,
        process.tracing,
        # A record may wait for the next look, a change is looked for at once.
        wake=process.appended if topic is process.service.topic else None,
        metrics=process.metrics,
    )


def _report(status: RelayStatus) -> RelayReport:
    return RelayReport(
        partitions_led=status.partitions_led,
        events_sent=status.events_sent,
        refilled_events=status.refill_events,
        refill_seconds=status.refill_seconds,
    )
