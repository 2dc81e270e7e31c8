"""A canary event makes the whole trip, so that a green light is proof of work and has an age."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from uuid6 import uuid7

from shared.clock import Clock
from shared.errors import DaybookError, DiskNearlyFullError, VersionConflictError
from shared.events import Event, Origin
from shared.eventstore.codec import EventCodec
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.observability.traces import Tracing, current_traceparent

log = logging.getLogger(__name__)

ARRIVES_WITHIN_SECONDS = 30.0
OLD_AFTER_PERIODS = 3
OLD_AFTER_AT_LEAST_SECONDS = 10.0
TRIES = 5


class CanarySent(Event):
    """A canary left the store of a service; it says nothing about any customer."""

    sent_at: datetime
    """When it left, by the clock of the process that sent it."""


@dataclass(frozen=True, slots=True)
class CanaryTrip:
    """The last canary that arrived."""

    event_id: UUID
    arrived_at: float
    trip_ms: float


class Arrival(Protocol):
    """Knows when an event has gone its whole way."""

    name: str
    """Where the way ends, behind Kafka."""

    async def wait_for(self, token: Sequence[TokenPart], seconds: float) -> None:
        """Return once everything that the token has is there.

        Raises:
            NotYetError: not within `seconds`.
        """
        ...


class CanaryKeeper:
    """Sends a canary at start and once a period, and remembers the last one that arrived."""

    def __init__(
        self,
        store: EventStore,
        codec: EventCodec,
        arrival: Arrival,
        clock: Clock,
        tracing: Tracing,
        *,
        actor: str,
        period_seconds: float,
        wake: asyncio.Event,
    ) -> None:
        self._store = store
        self._codec = codec
        self._arrival = arrival
        self._clock = clock
        self._tracing = tracing
        self._actor = actor
        self._period_seconds = period_seconds
        self._wake = wake
        self._began = clock.monotonic()
        self.last: CanaryTrip | None = None
        self.under_way: TokenPart | None = None
        """The place in the log of a canary that was stored and has not arrived."""
        self.problem: str | None = None
        """Why the last one did not arrive, or could not be sent."""

    @property
    def last_hop(self) -> str:
        """The hop behind which it has arrived."""
        return f"Kafka → {self._arrival.name}"

    @property
    def age_seconds(self) -> float:
        """How long ago a canary last arrived; while none has, since the process began."""
        since = self._began if self.last is None else self.last.arrived_at
        return self._clock.monotonic() - since

    @property
    def is_old(self) -> bool:
        """Whether several canaries should have arrived since."""
        limit = max(self._period_seconds * OLD_AFTER_PERIODS, OLD_AFTER_AT_LEAST_SECONDS)
        return self.age_seconds > limit

    async def run(self, stop: asyncio.Event) -> None:
        """Send canaries until `stop` is set; one that does not arrive is logged and tried again.

        A canary under way is given up: whoever carries it may have stopped already.
        """
        sending = asyncio.create_task(self._keep_sending())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending  # It never ends by itself, so this raises what ended it.
        finally:
            sending.cancel()
            stopping.cancel()
            await asyncio.wait({sending, stopping})

    async def _keep_sending(self) -> None:
        while True:
            pause = self._period_seconds
            try:
                if self.last is None:
                    # The first one also waits until the readers have started: no measure of a trip.
                    await self.send()
                self.last = await self.send()
            except DiskNearlyFullError as error:
                self.problem = error.problem_code  # an alarm says so; no hurry, and no line each
            except DaybookError as error:
                self.problem = error.problem_code
                log.warning("the canary did not arrive", extra={"problem": error.problem_code})
                pause = min(pause, 1.0)
            else:
                self.problem = None
            await asyncio.sleep(pause)

    async def send(self) -> CanaryTrip:
        """Send one canary and wait until it has gone its whole way.

        Raises:
            NotYetError: it did not arrive within 30 seconds.
            DaybookError: it could not be stored.
        """
        started = self._clock.monotonic()
        self.under_way = None
        with self._tracing.root("canary"):
            event_id = uuid7()
            now = self._clock.now()
            event = self._codec.encode(CanarySent(sent_at=now), event_id)
            origin = Origin(self._actor, uuid4(), traceparent=current_traceparent())
            stream = f"canary-{self._store.service}"
            for _ in range(TRIES):
                version = await self._store.version_of(stream)
                try:
                    appended = await self._store.append(
                        stream, stream, version, [event], origin, now
                    )
                except VersionConflictError:
                    continue  # another process sends canaries too
                self._wake.set()
                self.under_way = appended.token
                await self._arrival.wait_for([appended.token], ARRIVES_WITHIN_SECONDS)
                self.under_way = None
                arrived = self._clock.monotonic()
                return CanaryTrip(event_id, arrived, (arrived - started) * 1000)
        raise VersionConflictError("others keep sending canaries at the same moment")
