"""A replica follows its topic without a group: a snapshot first, then every event behind it.

What fails is tried again; meanwhile nothing makes the replica younger, so it closes by itself.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.authorization.replica import Replica, Snapshot
from shared.errors import DaybookError
from shared.messaging.clients import new_consumer, start_consumer
from shared.messaging.following import is_past_the_end
from shared.messaging.headers import received
from shared.messaging.heartbeats import beat_of
from shared.messaging.topics import HEARTBEATS, PERMISSIONS, Topic
from shared.settings import KafkaSettings

POLL_MS: Final = 100
LOOK_EVERY_POLLS: Final = 50
PAUSE_SECONDS: Final = 0.3

log = logging.getLogger(__name__)


class SnapshotSource(Protocol):
    """Where a replica gets what it starts from."""

    async def snapshot(self) -> Snapshot:
        """Return all permissions there are now.

        Raises:
            DaybookError: whoever has them does not answer, or refuses.
        """
        ...


class ReplicaTail:
    """Keeps one replica level with the topic of events and that of beats; `run` until told to end.

    Each has one partition.
    """

    def __init__(
        self,
        replica: Replica,
        settings: KafkaSettings,
        source: SnapshotSource,
        *,
        events: Topic = PERMISSIONS,
        beats: Topic = HEARTBEATS,
    ) -> None:
        self._replica = replica
        self._settings = settings
        self._source = source
        self._events = TopicPartition(events.name, 0)
        self._beats = TopicPartition(beats.name, 0)
        self._offset: int | None = None
        self._was_misled = False
        self._told = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop` is set."""
        while not stop.is_set():
            try:
                await self._follow(stop)
            except (KafkaError, OSError) as error:
                self._tell("the topic of permissions cannot be read now", type(error).__name__)
            except DaybookError as error:
                self._tell("there is no snapshot of permissions now", error.detail)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)

    async def _follow(self, stop: asyncio.Event) -> None:
        if self._replica.needs_snapshot:
            await self._begin_anew()
        consumer = new_consumer(self._settings)
        try:
            await start_consumer(consumer)
            await self._read(consumer, stop)
        finally:
            await consumer.stop()

    async def _begin_anew(self) -> None:
        snapshot = await self._source.snapshot()
        if self._replica.adopt(snapshot):
            # Whoever was led to a gap by a hint begins at the beginning.
            self._offset = None if self._was_misled else snapshot.kafka_offset
            place = {"epoch": snapshot.epoch, "feed_position": snapshot.world.position}
            log.info("permissions are known as of a snapshot", extra=place)

    async def _read(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        """Read until told to stop, or a snapshot is needed, or a topic is not there any more."""
        polls = 0
        while not stop.is_set() and not self._replica.needs_snapshot:
            # A client that reads what is not there asks for it without a pause.
            if polls % LOOK_EVERY_POLLS == 0:
                if not {self._events.topic, self._beats.topic} <= await consumer.topics():
                    return
                if polls == 0:
                    await self._assign(consumer)
                elif await is_past_the_end(consumer):
                    return
            polls += 1
            came = await consumer.getmany(timeout_ms=POLL_MS)
            self._told = ""
            # Events first: a beat of the same moment may speak of them.
            self._take(came.get(self._events, []))
            for record in came.get(self._beats, []):
                if (beat := beat_of(record.value)) is not None:
                    self._replica.hear(beat)

    async def _assign(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign([self._events, self._beats])
        # An offset is a hint; where it is wrong the numbers say so, and the first record is right.
        ends = await consumer.end_offsets([self._events, self._beats])
        hint = self._offset
        consumer.seek(self._events, hint if hint is not None and hint <= ends[self._events] else 0)
        consumer.seek(self._beats, max(0, ends[self._beats] - 1))

    def _take(self, records: list[ConsumerRecord]) -> None:
        if not records:
            return
        at = self._replica.world.position
        self._replica.take(event for record in records if (event := received(record)) is not None)
        self._was_misled = self._replica.needs_snapshot and self._replica.world.position == at
        self._offset = records[-1].offset + 1

    def _tell(self, what: str, why: str) -> None:
        """Say it once, not several times a second."""
        if self._told != what:
            self._told = what
            log.warning(what, extra={"problem": why})
