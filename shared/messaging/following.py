"""A topic is followed without a group: every record, by everybody who wants to know it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Literal

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.clients import new_consumer, start_consumer
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings

Begin = Literal["first", "last"] | Callable[[], int]
"""At which record of each partition; a callable says the offset, which is only a hint."""
Take = Callable[[Sequence[ConsumerRecord]], None]
Place = tuple[TopicPartition, int]
"""A partition, and the offset that is read next of it."""

POLL_MS = 200
LOOK_EVERY_POLLS = 25
PAUSE_SECONDS = 0.3
ANSWER_WITHIN_SECONDS = 5.0

log = logging.getLogger(__name__)


async def follow(
    settings: KafkaSettings, topic: Topic, take: Take, stop: asyncio.Event, *, begin: Begin
) -> None:
    """Hand every record of the topic to `take` until `stop` is set; what fails is tried again.

    A reader that begins anew begins at the first record of each partition, or at the last, or
    where it is told now; where there is no such offset any more, at the first.
    """
    while not stop.is_set():
        try:
            async with reading(settings, topic, range(topic.partitions), begin=begin) as consumer:
                await _until_stopped(consumer, topic, take, stop)
        except (KafkaError, OSError) as error:
            told = {"topic": topic.name, "error": type(error).__name__}
            log.warning("a topic cannot be read now", extra=told)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)


@asynccontextmanager
async def reading(
    settings: KafkaSettings, topic: Topic, partitions: Iterable[int], *, begin: Begin = "first"
) -> AsyncIterator[AIOKafkaConsumer]:
    """Have a consumer of these partitions; of none if there was no such topic."""
    consumer = new_consumer(settings)
    try:
        await start_consumer(consumer)
        if topic.name in await consumer.topics():
            places = [TopicPartition(topic.name, partition) for partition in partitions]
            consumer.assign(places)
            ends = await consumer.end_offsets(places) if begin != "first" else {}
            for place in places:
                consumer.seek(place, _first_of(begin, ends.get(place, 0)))
        yield consumer
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(consumer.stop(), ANSWER_WITHIN_SECONDS)


def _first_of(begin: Begin, end: int) -> int:
    if begin == "first":
        return 0
    if begin == "last":
        return max(0, end - 1)
    offset = begin()
    return offset if offset <= end else 0


async def take_what_came(consumer: AIOKafkaConsumer, take: Take) -> bool:
    """Wait a moment for records and hand them on, a partition at a time; False: none came."""
    came = await consumer.getmany(timeout_ms=POLL_MS)
    for batch in came.values():
        take(batch)
    return bool(came)


async def _until_stopped(
    consumer: AIOKafkaConsumer, topic: Topic, take: Take, stop: asyncio.Event
) -> None:
    """Read until `stop` is set, the topic is not there (any more), or nothing comes of it."""
    polls, stuck = 0, set[Place]()
    # A topic that came into being after `reading` looked is not assigned: look again.
    while consumer.assignment() and not stop.is_set():
        # Whoever asked a broker that hung may never hear again: then it begins anew.
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            is_due = polls % LOOK_EVERY_POLLS == 0
            # A client that reads what is not there asks for it without a pause.
            if is_due and topic.name not in await consumer.topics():
                return
            polls += 1
            came = await take_what_came(consumer, take)
            if is_due or stuck:
                # Once is nothing: an end that the embedded broker tells may be a moment old.
                before, stuck = stuck, await _stuck(consumer, is_quiet=not came)
                if before & stuck:
                    return


async def _stuck(consumer: AIOKafkaConsumer, *, is_quiet: bool) -> set[Place]:
    """Return the places from which nothing more may come.

    Where a log that is read was emptied, it ends before what is read next: the embedded broker
    answers such a reader with nothing, until there is as much again. Where there is more and
    nothing came, a client whose broker hung may wait for ever for an answer to what it asked then.
    """
    ends = await consumer.end_offsets(list(consumer.assignment()))
    places = [(its, await consumer.position(its), end) for its, end in ends.items()]
    return {(its, at) for its, at, end in places if at > end or (is_quiet and at < end)}
