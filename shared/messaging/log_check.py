"""Whether Kafka still has what it acknowledged, found out by fetching it, never by asking offsets.

Kafka is disposable: if the record at the checkpoint is gone, or another stands there, the relay
publishes from feed position 1 again. And if Kafka has records of ours that the store does not,
the store went back in time, and its epoch must rise.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.clients import WHOLE_FETCH_BYTES, new_consumer, start_consumer
from shared.messaging.headers import received
from shared.messaging.outbox import Checkpoint
from shared.settings import KafkaSettings

ANSWER_WITHIN_SECONDS = 5.0
POLL_MS = 200
END_WITHIN_SECONDS = 0.2
# Who leads a partition of Apache Kafka since a moment shows its last records a little later.
SHORT_SECONDS = 3.0
# However little is asked for, a broker gives the first batch whole.
ONE_BATCH_BYTES = 1


class BrokerSilentError(Exception):
    """The broker did not answer the check; nothing is known."""


@dataclass(slots=True)
class LogState:
    """What the check found; `ends` is the offset behind each partition's last record."""

    lost: set[int] = field(default_factory=set)
    beyond: list[tuple[str, int, str]] = field(default_factory=list)  # stream, version, id
    ends: dict[int, int] = field(default_factory=dict)
    newest_epoch: int = 0


@dataclass(slots=True)
class _Looking:
    """One partition under the check."""

    checkpoint: Checkpoint
    first_offset: int
    patience_seconds: float
    is_seen: bool = False
    short_since: float | None = None
    is_read_again: bool = False

    def was_short_for_long(self) -> bool:
        """Whether the log has ended too early for as long as an honest one may."""
        now = time.monotonic()
        self.short_since = self.short_since or now
        return now - self.short_since >= self.patience_seconds


async def check_log(
    settings: KafkaSettings,
    topic: str,
    source: str,
    checkpoints: Sequence[Checkpoint],
    *,
    to_the_end: bool,
) -> LogState:
    """Fetch the last acknowledged record of each partition, and with `to_the_end` what follows.

    Partitions of which nothing was ever sent have nothing to lose: of those only the end is asked,
    unless `to_the_end` has them read from their first record, and so with those whose record is
    gone: what stands there now may be of a later life of the store.

    Raises:
        BrokerSilentError: no answer within five seconds.
    """
    patience = 0.0 if settings.is_embedded else SHORT_SECONDS
    looking = {
        TopicPartition(topic, c.partition): _Looking(c, c.kafka_offset or 0, patience)
        for c in checkpoints
    }
    state = LogState()
    fetch_bytes = WHOLE_FETCH_BYTES if to_the_end else ONE_BATCH_BYTES
    consumer = new_consumer(settings, fetch_bytes=fetch_bytes)
    try:
        # Also when there is nothing to look at, so that a look always proves that Kafka answers.
        await start_consumer(consumer)
        consumer.assign(list(looking))
        for place, look in looking.items():
            consumer.seek(place, look.first_offset)
        await _look(consumer, looking, state, source, to_the_end=to_the_end)
    except (KafkaError, OSError) as error:
        raise BrokerSilentError from error
    finally:
        await consumer.stop()
    return state


async def end_check(check: "asyncio.Task[LogState]") -> None:
    """End a check that nobody waits for any more; its connections are closed when this returns.

    It is let go on for a moment: aiokafka leaves a connection open when its start is cut off.
    """
    await asyncio.wait([check], timeout=END_WITHIN_SECONDS)
    check.cancel()
    await asyncio.wait([check])
    if not check.cancelled():
        check.exception()  # taken, so that nobody is told: the next check finds it again


async def _look(
    consumer: AIOKafkaConsumer,
    looking: dict[TopicPartition, _Looking],
    state: LogState,
    source: str,
    *,
    to_the_end: bool,
) -> None:
    deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
    while looking:
        if time.monotonic() > deadline:
            raise BrokerSilentError
        # Rounds go on meanwhile, and behind a checkpoint may lie as much as fits in a fetch.
        at_most = None if to_the_end else 1
        records = await consumer.getmany(*looking, timeout_ms=POLL_MS, max_records=at_most)
        if records:
            deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
        for place, batch in records.items():
            for record in batch:
                _see(record, looking[place], state, source)
        if to_the_end and await _read_the_lost_again(consumer, looking, state):
            deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
        done = [
            place
            for place, look in looking.items()
            if await _is_done(consumer, place, look, state, to_the_end=to_the_end)
        ]
        consumer.pause(*done)
        for place in done:
            del looking[place]


def _see(record: ConsumerRecord, look: _Looking, state: LogState, source: str) -> None:
    checkpoint = look.checkpoint
    event = received(record)
    if checkpoint.kafka_offset is not None and not look.is_seen:
        # The very first record that comes back must be the one that was acknowledged there.
        look.is_seen = True
        if (
            record.offset != checkpoint.kafka_offset
            or event is None
            or event.source != source
            or event.epoch != checkpoint.epoch
            or event.feed_position != checkpoint.feed_position
        ):
            state.lost.add(checkpoint.partition)
    elif event is not None and event.source == source:
        state.newest_epoch = max(state.newest_epoch, event.epoch)
        if event.epoch == checkpoint.epoch:
            state.beyond.append((event.stream, event.version, event.event_id))


async def _read_the_lost_again(
    consumer: AIOKafkaConsumer, looking: dict[TopicPartition, _Looking], state: LogState
) -> bool:
    """Go to the beginning of all that were found lost, at once: each question waits for a fetch."""
    lost = [
        place
        for place, look in looking.items()
        if place.partition in state.lost and not look.is_read_again
    ]
    for place in lost:
        looking[place].is_seen = looking[place].is_read_again = True
    if lost:
        await consumer.seek_to_beginning(*lost)
    return bool(lost)


async def _is_done(
    consumer: AIOKafkaConsumer,
    place: TopicPartition,
    look: _Looking,
    state: LogState,
    *,
    to_the_end: bool,
) -> bool:
    checkpoint = look.checkpoint
    high = consumer.highwater(place)
    if high is not None:
        state.ends[checkpoint.partition] = int(high)
    is_lost = checkpoint.partition in state.lost
    if (is_lost or look.is_seen) and not to_the_end:
        return True
    if high is None:
        return False
    if checkpoint.kafka_offset is None and not to_the_end:
        return True
    if not is_lost and checkpoint.kafka_offset is not None and high <= checkpoint.kafka_offset:
        if not look.was_short_for_long():
            return False
        state.lost.add(checkpoint.partition)
        return not to_the_end
    # Not what the last record says: behind it may lie what a client never gets to see.
    position = await asyncio.wait_for(consumer.position(place), ANSWER_WITHIN_SECONDS)
    return int(position) >= int(high)
