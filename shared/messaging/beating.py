"""A relay says four times a second until when Kafka certainly has everything (DESIGN §7).

The time is taken first, then X0, the next transaction id that nobody has. Once every transaction
before X0 has ended and what they wrote is acknowledged, a beat says so. A transaction that stays
open holds the beat back, however well events of others travel: nobody may take that for fresh.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from uuid6 import uuid7

from shared.clock import Clock
from shared.errors import UnavailableError
from shared.events import EventToAppend
from shared.messaging.headers import source_of
from shared.messaging.heartbeats import BEAT_SECONDS, Beat
from shared.messaging.publishing import Derived, Publisher
from shared.messaging.topics import Topic
from shared.observability.work import Deeds, Work
from shared.postgres.lanes import Lanes

# How often is asked whether a beat that is held back may go.
LOOK_SECONDS: Final = 0.02
ACKNOWLEDGED_WITHIN_SECONDS: Final = 2.0
# The embedded broker keeps each in its memory for ever, at 1.5 KB: seven hours of them are enough.
FORGOTTEN_AFTER: Final = 100_000
LOOKED_AT_AFTER: Final = 20
PAUSE_AFTER_FAILURE_SECONDS: Final = 0.2

NEXT_TRANSACTION = "select pg_snapshot_xmax(pg_current_snapshot())"
# One statement sees one snapshot: whatever ended before it is either acknowledged or found here.
REACHED = """
    select c.epoch, c.feed_position, pg_snapshot_xmin(pg_current_snapshot()) >= $3::xid8
        and not exists (select from events e where e.partition = c.partition
            and (e.txid, e.position) > (c.txid, c.position) and e.txid < $3::xid8) as is_level
    from relay_checkpoints c join store s on s.epoch = c.epoch
    where c.topic = $1 and c.partition = 0 and c.owner = $2
        and c.lease_until > clock_timestamp()"""

log = logging.getLogger(__name__)


class Heart:
    """Beats for a topic of one partition, as long as the relay of the same owner leads it."""

    def __init__(
        self,
        lanes: Lanes,
        publisher: Publisher,
        topic: Topic,
        service: str,
        owner: UUID,
        clock: Clock,
        *,
        is_checked: Callable[[], bool],
    ) -> None:
        """Beat; `is_checked` says whether the relay knows that the store did not go back in time.

        Before that, a number that the store reached may name other events than Kafka has.
        """
        if topic.partitions != 1:
            raise ValueError("a beat names one feed position, so there can be one partition only")
        self._lanes = lanes
        self._publisher = publisher
        self._topic = topic
        self._source = source_of(service)
        self._owner = owner
        self._clock = clock
        self._is_checked = is_checked
        self._deeds = Deeds(f"heartbeat {topic.name}")
        self._held: tuple[datetime, int] | None = None
        self._sent = 0

    def work(self) -> Work:
        """Return what this heart did last."""
        return self._deeds.seen(self._clock.monotonic())

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until `stop` is set; what fails is tried again, and nobody looks fresh meanwhile."""
        while not stop.is_set():
            pause = PAUSE_AFTER_FAILURE_SECONDS
            try:
                pause = BEAT_SECONDS if await self._beat() else LOOK_SECONDS
            except (UnavailableError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as e:
                self._held = None
                self._failed(e)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        await self._publisher.close()

    async def _beat(self) -> bool:
        """Send the beat that is due; False if it is held back."""
        if self._held is None:
            # In this order: what is committed later than the time said may be there as well.
            at = self._clock.now()
            self._held = at, await self._lanes.fetchval(NEXT_TRANSACTION)
        at, before = self._held
        row = await self._lanes.fetchrow(REACHED, self._topic.name, self._owner, before)
        if row is None or not self._is_checked():  # another relay leads and beats, or none yet
            self._held = None
            self._deeds.succeeded("stood by", self._clock.monotonic())
            return True
        if not row["is_level"]:
            self._deeds.did("waited for what is not acknowledged", self._clock.monotonic())
            return False
        self._held = None
        await self._send(Beat(self._source, row["epoch"], at, row["feed_position"]))
        self._deeds.succeeded("sent a beat", self._clock.monotonic())
        return True

    async def _send(self, beat: Beat) -> None:
        event = EventToAppend(uuid7(), "RelayBeat", 1, beat.to_bytes())
        if self._sent >= FORGOTTEN_AFTER:
            await self._publisher.forget()
            self._sent = 0
        elif self._sent % LOOKED_AT_AFTER == LOOKED_AT_AFTER - 1:
            await self._publisher.look()
        await self._publisher.publish([Derived(0, self._source, event, beat.at)])
        self._sent += 1

    def _failed(self, error: Exception) -> None:
        log.warning("no beat can be sent now", extra={"error": type(error).__name__})
        self._deeds.failed(type(error).__name__, self._clock.monotonic())
