"""One round of the relay: one explicit batch per partition, all of them acknowledged."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata
from opentelemetry.trace import SpanKind

from shared.messaging.headers import Header, headers_of
from shared.messaging.outbox import HEADERS_FROM, Checkpoint, Moved
from shared.observability.traces import Tracing, is_sampled

RENEW_EVERY_SECONDS = 0.5
GIVE_UP_SECONDS = 10.0


class NoAcknowledgementError(Exception):
    """Kafka did not acknowledge a round in time; whether it has the records is unknown."""


class LogEmptiedError(Exception):
    """The round lies at or before the last acknowledged record: what stood there is gone."""


class TopicMisshapenError(Exception):
    """The topic lost a partition under us: somebody made it anew with another count."""


@dataclass(slots=True)
class Round:
    """What goes out together; of each event that is traced its traceparent, id and partition."""

    moved: list[Moved]
    batches: list[BatchBuilder]
    traces: list[tuple[str, str, int]]

    @property
    def events(self) -> int:
        """How many events the round holds."""
        return sum(m.feed_position - m.before.feed_position for m in self.moved)


def make_round(
    producer: AIOKafkaProducer,
    page: Sequence[asyncpg.Record],
    held: Mapping[int, Checkpoint],
    fixed: list[Header],
) -> Round:
    """Pack a page into one batch per partition; what does not fit waits for the next round."""
    made = Round([], [], [])
    moved: Moved | None = None
    batch: BatchBuilder | None = None
    for row in page:
        partition = row[0]
        if moved is None or moved.before.partition != partition:
            before = held[partition]
            moved = Moved(before, before.txid, before.position, before.feed_position)
            batch = producer.create_batch()
            made.moved.append(moved)
            made.batches.append(batch)
        if batch is None:
            continue
        values = row[HEADERS_FROM:]
        headers = headers_of(values, moved.feed_position + 1, fixed)
        if batch.append(timestamp=None, key=row[3], value=row[4], headers=headers) is None:
            batch = None  # full: the rest of this partition goes next time
            continue
        moved.add(row[1], row[2])
        traceparent = values[-1]
        if traceparent is not None and traceparent.endswith(b"1"):
            made.traces.append((traceparent.decode(), values[0].decode(), partition))
    return made


async def send_round(
    producer: AIOKafkaProducer,
    topic: str,
    made: Round,
    renew: Callable[[], Awaitable[None]],
) -> None:
    """Send a round and wait until Kafka acknowledged all of it, renewing the lease meanwhile.

    Raises:
        NoAcknowledgementError: nothing came within 10 seconds.
        TopicMisshapenError: the topic has no such partition any more.
        LogEmptiedError: the log lost what it had before this round.
        KafkaError: a batch was refused.
    """
    deadline = time.monotonic() + GIVE_UP_SECONDS
    futures: list[asyncio.Future[RecordMetadata]] = []
    try:
        for batch, moved in zip(made.batches, made.moved, strict=True):
            sending = producer.send_batch(batch, topic, partition=moved.before.partition)
            future = await asyncio.wait_for(sending, GIVE_UP_SECONDS)
            # Once one has failed nobody asks the others how they ended.
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            futures.append(future)
    except AssertionError as error:  # aiokafka's way to say that there is no such partition
        raise TopicMisshapenError from error
    pending: set[asyncio.Future[RecordMetadata]] = set(futures)
    while pending:
        _, pending = await asyncio.wait(pending, timeout=RENEW_EVERY_SECONDS)
        if pending and time.monotonic() > deadline:
            raise NoAcknowledgementError
        if pending:
            await renew()
    for future, batch, moved in zip(futures, made.batches, made.moved, strict=True):
        first = future.result().offset
        if moved.before.kafka_offset is not None and first <= moved.before.kafka_offset:
            raise LogEmptiedError
        moved.kafka_offset = first + batch.record_count() - 1


def trace_round(tracing: Tracing, topic: str, made: Round, start_ns: int) -> None:
    """Keep a span for each event of the round whose trace is sampled."""
    end_ns = time.time_ns()
    for traceparent, event_id, partition in made.traces:
        if is_sampled(traceparent):
            tracing.record(
                "send daybook.customers.v1",
                parent=traceparent,
                start_ns=start_ns,
                end_ns=end_ns,
                kind=SpanKind.PRODUCER,
                attributes={
                    "messaging.system": "kafka",
                    "messaging.operation.name": "send",
                    "messaging.operation.type": "send",
                    "messaging.destination.name": topic,
                    "messaging.destination.partition.id": str(partition),
                    "messaging.message.id": event_id,
                    "messaging.batch.message_count": made.events,
                },
            )
