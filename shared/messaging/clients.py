"""Kafka clients with the settings that each kind of broker needs; nobody else picks them."""

import asyncio
from functools import partial

import aiokafka.client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from shared.messaging.securing import security_of
from shared.settings import KafkaSettings

# A client that asks for a missing topic would make the broker create it, with the broker's own
# partition count; aiokafka 0.14 has no setting for it, so the request it sends is changed here.
aiokafka.client.MetadataRequest = partial(MetadataRequest, allow_auto_topic_creation=False)

ANSWER_WITHIN_MS = 2_000
# A node that hangs is asked by every client now and then, and each time costs as much: with 30 s,
# events stood still for a minute although two of three nodes were well.
REQUEST_TIMEOUT_MS = 5_000
MAX_REQUEST_BYTES = 1_000_000
# A group that shares its partitions out anew waits so long for a member that does not come, so it
# is longer than a batch takes, and shorter than a request may: joining is one.
REBALANCE_TIMEOUT_MS = 4_000
# A member that answers and asks for nothing so long hangs in its work: others take over.
MAX_POLL_INTERVAL_MS = 60_000
HEARTBEATS_PER_SESSION = 10
# The embedded broker looks for records when a fetch comes and in the middle of its wait, so that a
# record is 5 ms late, and 10 at most; asked twice as often it kept an idle machine busy.
EMBEDDED_WAIT_MS = 20
WAIT_MS = 500
# What one answer may hold of a partition.
WHOLE_FETCH_BYTES = 1_048_576
# Below the broker's limit of a record batch, and room for any single event.
MAX_BATCH_BYTES = 900_000


class Consumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka tells no types
    """A consumer that closes its connections even where a part of it fails while it is stopped."""

    async def stop(self) -> None:
        """Stop it; never cancelled by itself, only by whoever waits for it.

        aiokafka 0.14 cancels what it asked of the broker and waits for it: where that had failed
        and slept before asking again, `stop` itself ends as cancelled, which whoever waits takes
        for being told to end, and it leaves the connections open.
        """
        try:
            await super().stop()
        except asyncio.CancelledError:
            await self._client.close()
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise


def is_compressed(settings: KafkaSettings) -> bool:
    """Whether batches are compressed (lz4); the embedded broker shares our two cores."""
    return not settings.is_embedded


def new_producer(settings: KafkaSettings) -> AIOKafkaProducer:
    """Return a producer that is not started; after any failed send throw it away."""
    embedded = settings.is_embedded
    return AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap,
        acks="all",
        enable_idempotence=not embedded,
        linger_ms=0,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_REQUEST_BYTES,
        compression_type="lz4" if is_compressed(settings) else None,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=5_000 if embedded else 60_000,
        retry_backoff_ms=50,
        **security_of(settings),
    )


def new_consumer(
    settings: KafkaSettings,
    *,
    max_poll_records: int = 2_000,
    group: str | None = None,
    fetch_bytes: int = WHOLE_FETCH_BYTES,
) -> Consumer:
    """Return a consumer, not started: it reads what it is assigned, or what its group leaves it.

    Its marks live in PostgreSQL, so it commits no offsets. Where its offset is unknown to the
    broker it goes back to the earliest record; the marks drop what was applied already.
    """
    embedded = settings.is_embedded
    return Consumer(
        bootstrap_servers=settings.bootstrap,
        group_id=group,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.session_timeout_ms // HEARTBEATS_PER_SESSION,
        rebalance_timeout_ms=min(settings.session_timeout_ms, REBALANCE_TIMEOUT_MS),
        max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_max_wait_ms or (EMBEDDED_WAIT_MS if embedded else WAIT_MS),
        max_poll_records=max_poll_records,
        max_partition_fetch_bytes=fetch_bytes,
        # A group is told by a member that a topic was made anew, and reads nothing before.
        metadata_max_age_ms=5_000 if embedded or group else 60_000,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=50,
        **security_of(settings),
    )


async def broker_answers(settings: KafkaSettings) -> bool:
    """Whether the broker answers a request, and says that there is a broker to send to.

    A port that takes connections proves less: Apache Kafka opens it long before it serves.
    """
    client = AIOKafkaClient(
        bootstrap_servers=settings.bootstrap,
        request_timeout_ms=ANSWER_WITHIN_MS,
        **security_of(settings),
    )
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()


async def start_consumer(consumer: AIOKafkaConsumer) -> None:
    """Start a consumer so that it may be stopped at once.

    aiokafka's `stop` cancels a task of its own; if that never came to run, `stop` itself ends as
    cancelled and leaves the connection open.
    """
    await consumer.start()
    await asyncio.sleep(0)
