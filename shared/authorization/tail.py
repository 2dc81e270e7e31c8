"""A replica follows its topic without a group: a snapshot first, then every event behind it.

What fails is tried again; meanwhile nothing makes the replica younger, so it closes by itself.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from aiokafka import ConsumerRecord

from shared.authorization.replica import Replica, Snapshot
from shared.errors import DaybookError
from shared.messaging.following import follow
from shared.messaging.headers import received
from shared.messaging.heartbeats import beat_of
from shared.messaging.topics import HEARTBEATS, PERMISSIONS, Topic
from shared.parts import run_part
from shared.settings import KafkaSettings

PAUSE_SECONDS: Final = 0.3
BEATS_WAIT_MS: Final = 50
"""How long a fetch of beats waits at the embedded broker; there are four a second."""

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

    Each has one partition. A beat may come before the events that it speaks of: it counts when the
    replica has them.
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
        self._events = events
        self._beats = beats
        self._offset = 0
        self._was_misled = False
        self._told = ""
        # Set while events are no use: the replica needs a snapshot, or the process ends.
        self._is_done = asyncio.Event()
        self._has_begun = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            for part in (self._follow_beats, self._end_with, self._follow):
                group.create_task(run_part(part(stop)))

    async def _end_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._is_done.set()
        self._has_begun.set()

    async def _follow_beats(self, stop: asyncio.Event) -> None:
        # One that came before the first snapshot would prove nothing.
        await self._has_begun.wait()
        settings = self._settings.unhurried(BEATS_WAIT_MS)
        await follow(settings, self._beats, self._hear, stop, begin="last")

    async def _follow(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self._replica.needs_snapshot or await self._begins_anew():
                self._look(stop)
                begin = self._next_offset
                await follow(self._settings, self._events, self._take, self._is_done, begin=begin)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), PAUSE_SECONDS)

    async def _begins_anew(self) -> bool:
        try:
            snapshot = await self._source.snapshot()
        except DaybookError as error:
            self._tell("there is no snapshot of permissions now", error.detail)
            return False
        if self._replica.adopt(snapshot):
            # Whoever was led to a gap by a hint begins at the beginning.
            self._offset = 0 if self._was_misled else snapshot.kafka_offset or 0
            self._told = ""
            place = {"epoch": snapshot.epoch, "feed_position": snapshot.world.position}
            log.info("permissions are known as of a snapshot", extra=place)
        if not self._replica.needs_snapshot:
            self._has_begun.set()
        return not self._replica.needs_snapshot

    def _next_offset(self) -> int:
        """Return where to go on: a hint; where it is wrong the numbers of the events say so."""
        return self._offset

    def _look(self, stop: asyncio.Event) -> None:
        if self._replica.needs_snapshot or stop.is_set():
            self._is_done.set()
        else:
            self._is_done.clear()

    def _take(self, records: Sequence[ConsumerRecord]) -> None:
        at = self._replica.world.position
        self._replica.take(event for record in records if (event := received(record)) is not None)
        self._was_misled = self._replica.needs_snapshot and self._replica.world.position == at
        self._offset = records[-1].offset + 1
        if self._replica.needs_snapshot:
            self._is_done.set()

    def _hear(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            if (beat := beat_of(record.value)) is not None:
                self._replica.hear(beat)
        if self._replica.needs_snapshot:
            self._is_done.set()

    def _tell(self, what: str, why: str) -> None:
        """Say it once, not several times a second."""
        if self._told != what:
            self._told = what
            log.warning(what, extra={"problem": why})
