"""Every topic, with the partition count that never changes, exists before anybody uses it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from shared.errors import UnavailableError
from shared.eventstore.rows import Table
from shared.messaging.clients import REQUEST_TIMEOUT_MS
from shared.messaging.securing import security_of
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)

FOREVER = {"retention.ms": "-1", "cleanup.policy": "delete"}
# Kafka drops whole segments only, so that they must be short where retention is.
ONE_HOUR = {"retention.ms": "3600000", "segment.ms": "300000", "cleanup.policy": "delete"}
TWO_HOURS = {"retention.ms": "7200000", "segment.ms": "600000", "cleanup.policy": "delete"}
DELETE_WAIT_SECONDS = 0.05
DELETE_TRIES = 100
TELL_WAIT_SECONDS = 0.05
TELL_TRIES = 100
FEW_COPIES = 2


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, its partition count, and the table of the event store that fills it, if one does."""

    name: str
    partitions: int
    table: Table = "events"
    settings: Mapping[str, str] = field(default_factory=lambda: FOREVER, hash=False, compare=False)
    """Its settings on Kafka, when it is made."""


CUSTOMERS = Topic("daybook.customers.v1", 12)
ACCESS = Topic("daybook.access.v1", 12, "records")
ACTIVITY = Topic("daybook.activity.v1", 12, settings=TWO_HOURS)
ALERTS = Topic("daybook.alerts.v1", 12)
# One partition: every process reads all of it, and there is one order of all grants and roles.
PERMISSIONS = Topic("daybook.permissions.v1", 1)
HEARTBEATS = Topic("daybook.heartbeats.v1", 1, settings=ONE_HOUR)


async def ensure_topics(settings: KafkaSettings, topics: Sequence[Topic]) -> list[str]:
    """Create what is missing and return the names of what was created.

    A broker that a faster client made create the topic by itself picks its own partition count:
    on the embedded broker, which holds nothing that the store does not, such a topic is deleted
    and made again. Elsewhere that is an operator's decision.

    Raises:
        UnavailableError: the broker does not answer, or a topic has another partition count.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **security_of(settings),
    )
    try:
        await admin.start()
        existing = await _partition_counts(admin, topics)
        for topic in topics:
            await _drop_if_misshapen(admin, topic, existing.get(topic.name), settings)
        missing = [t for t in topics if existing.get(t.name) != t.partitions]
        for topic in missing:
            if await _create(admin, topic, settings) and settings.is_embedded:
                # It takes records for a topic that is not there, from a sender that has not noticed
                # its restart, and chokes on them once the topic is: deleting it frees them.
                await _drop(admin, topic)
                await _create(admin, topic, settings)
        if missing and not settings.is_embedded:
            await _await_everywhere(admin, missing, settings)
        return [topic.name for topic in missing]
    except (KafkaError, OSError) as error:
        raise _silent(error) from error
    finally:
        await admin.close()


async def drop_topic(settings: KafkaSettings, topic: Topic) -> None:
    """Delete a topic with all that it holds.

    Raises:
        UnavailableError: the broker does not answer.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=settings.bootstrap,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **security_of(settings),
    )
    try:
        await admin.start()
        await _drop(admin, topic)
    except (KafkaError, OSError) as error:
        raise _silent(error) from error
    finally:
        await admin.close()


def _silent(error: BaseException) -> UnavailableError:
    return UnavailableError(
        f"Kafka does not answer ({type(error).__name__})",
        fix="start the broker; `daybook status` shows whether it runs",
        who_can_help="an operator",
        retry_after_seconds=1,
    )


async def _partition_counts(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, int]:
    listed = set(await admin.list_topics())
    names = [topic.name for topic in topics if topic.name in listed]
    if not names:
        return {}
    described = await admin.describe_topics(names)
    return {d["topic"]: len(d["partitions"]) for d in described if not d["error_code"]}


async def _await_everywhere(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], settings: KafkaSettings
) -> None:
    """Wait until a client is told of them: Apache Kafka's brokers hear of a new topic late.

    What came into being meanwhile, and was hidden from us, may have another partition count.
    """
    for _ in range(TELL_TRIES):
        told = await _partition_counts(admin, topics)
        for topic in topics:
            await _drop_if_misshapen(admin, topic, told.get(topic.name), settings)
        if len(told) == len(topics):
            return
        await asyncio.sleep(TELL_WAIT_SECONDS)


async def _drop_if_misshapen(
    admin: AIOKafkaAdminClient, topic: Topic, count: int | None, settings: KafkaSettings
) -> None:
    if count is None or count == topic.partitions:
        return
    if not settings.is_embedded:
        raise UnavailableError(
            f"the topic {topic.name} has {count} partitions instead of {topic.partitions}",
            code="topic-misshapen",
            fix=f"delete the topic {topic.name}: the relay makes and fills it again",
            who_can_help="an operator",
        )
    log.warning("topic has another partition count and is made anew", extra={"topic": topic.name})
    await _drop(admin, topic)


async def _drop(admin: AIOKafkaAdminClient, topic: Topic) -> None:
    await admin.delete_topics([topic.name])
    for _ in range(DELETE_TRIES):
        if topic.name not in await admin.list_topics():
            return
        await asyncio.sleep(DELETE_WAIT_SECONDS)


async def _create(admin: AIOKafkaAdminClient, topic: Topic, settings: KafkaSettings) -> bool:
    """Create the topic; False if another process was faster."""
    copies = 1 if settings.is_embedded else settings.replication
    new = NewTopic(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=copies,
        # What was acknowledged lies on two brokers if there are three, and one may be away.
        topic_configs={
            **topic.settings,
            "min.insync.replicas": "2" if copies > FEW_COPIES else "1",
        },
    )
    try:
        response = await admin.create_topics([new])
    except TopicAlreadyExistsError:
        return False
    codes = {code for _, code, *_rest in response.topic_errors}
    if refusals := codes - {0, TopicAlreadyExistsError.errno}:
        raise UnavailableError(
            f"the broker refused to create {topic.name} (error {min(refusals)})",
            fix="let the service's account create topics, or create it by hand",
            who_can_help="an operator",
        )
    return codes == {0}
