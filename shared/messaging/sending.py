"""One round of the relay: one explicit batch per partition, all of them acknowledged."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata
from opentelemetry.trace import SpanKind

from shared.eventstore.feed import INDEX_EVERY
from shared.messaging.outbox import Checkpoint, Moved
from shared.messaging.packing import Heads, RecordBatch
from shared.messaging.topics import ACCESS, PERMISSIONS
from shared.observability.names import SpanName
from shared.observability.traces import Tracing

RENEW_EVERY_SECONDS = 0.5
GIVE_UP_SECONDS = 10.0
SPANS: Mapping[str, SpanName] = {
    ACCESS.name: "send daybook.access.v1",
    PERMISSIONS.name: "send daybook.permissions.v1",
}

_partition = itemgetter(0)


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
    batches: list[RecordBatch]
    traces: list[tuple[str, str, int]]
    first_trace: str | None = None
    """The trace of its first event, which its log lines carry."""

    @property
    def events(self) -> int:
        """How many events the round holds."""
        return sum(m.feed_position - m.before.feed_position for m in self.moved)


async def make_round(
    page: Sequence[asyncpg.Record],
    held: Mapping[int, Checkpoint],
    heads: Heads,
    *,
    is_compressed: bool,
) -> Round:
    """Pack a page into one batch per partition; what does not fit waits for the next round.

    Between two batches others get their turn: the round under way, and the page that follows.
    """
    made = Round([], [], [], page[0]["traceparent"] if page else None)
    now_ms = time.time_ns() // 1_000_000
    for partition, rows in groupby(page, _partition):
        before = held[partition]
        moved = Moved(before, before.txid, before.position, before.feed_position)
        batch = RecordBatch(now_ms, is_compressed=is_compressed)
        _pack(batch, rows, moved, heads, made.traces)
        batch.close()
        made.moved.append(moved)
        made.batches.append(batch)
        await asyncio.sleep(0)
    return made


def _pack(
    batch: RecordBatch,
    rows: Iterable[asyncpg.Record],
    moved: Moved,
    heads: Heads,
    traces: list[tuple[str, str, int]],
) -> None:
    """Fill one batch until the rows end or it is full; every event goes through here."""
    add, head_of, number = batch.add, heads.of, moved.feed_position
    for partition, txid, position, key, value, optional, own, traceparent, traced_id in rows:
        number += 1
        digits = b"%d" % number
        if not add(key, value, head_of(optional, len(digits)), digits, own):
            return
        moved.txid, moved.position, moved.feed_position = txid, position, number
        if number % INDEX_EVERY == 0:
            moved.index.append((number, txid, position))
        if traced_id is not None:
            traces.append((traceparent, traced_id, partition))


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
        tracing.record(
            SPANS.get(topic, "send daybook.customers.v1"),
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
