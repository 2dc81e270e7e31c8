"""A batch of events changes the read model and its marks together, in one transaction, or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import time_ns
from typing import Protocol

import asyncpg
from opentelemetry.trace import SpanKind

from shared.clock import Clock
from shared.events import Event
from shared.eventstore.codec import Ciphers, EventCodec
from shared.messaging.headers import ReceivedEvent
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing, is_sampled
from shared.postgres.lanes import Lanes
from shared.projecting.erased import note_erased
from shared.projecting.marks import Followed, Mark, move_marks

CHANNEL = "daybook_marks"


@dataclass(frozen=True, slots=True)
class AppliedEvent:
    """One event to apply: how it came, and what it says (None: a type we do not know)."""

    received: ReceivedEvent
    event: Event | None


class Projection(Protocol):
    """A read model: what it is called and what events do to it."""

    @property
    def name(self) -> str:
        """The read model's name, also in marks and journeys."""
        ...

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Change the read model by these events, in order, inside the running transaction."""
        ...

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Delete what is kept of these erased subjects, whichever of their events are applied."""
        ...


class Applier:
    """Applies batches of one read model."""

    def __init__(
        self,
        projection: Projection,
        followed: Followed,
        lanes: Lanes,
        codec: EventCodec,
        ciphers: Ciphers,
        clock: Clock,
        tracing: Tracing,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._metrics = metrics
        self._projection = projection
        self._followed = followed
        self._lanes = lanes
        self._codec = codec
        self._ciphers = ciphers
        self._clock = clock
        self._tracing = tracing

    async def apply(
        self, events: Sequence[ReceivedEvent], moves: Sequence[tuple[Mark, Mark]]
    ) -> None:
        """Apply events in order and move the marks from the first to the second of each pair.

        Raises:
            MarkMovedError: another runner moved a mark; nothing of this was applied.
        """
        start_ns = time_ns()
        decoded = await self._codec.decode(events, self._ciphers)
        applied = [AppliedEvent(e, d) for e, d in zip(events, decoded, strict=True)]
        async with self._lanes.lane() as connection:
            async with connection.transaction():
                await self._apply(connection, applied)
                await move_marks(connection, self._followed, moves, self._clock.now())
            await connection.execute("select pg_notify($1, $2)", CHANNEL, self._projection.name)
        self._trace(events, start_ns)
        seconds = (time_ns() - start_ns) / 1e9
        self._metrics.observe("daybook_projection_batch_seconds", seconds, self._projection.name)
        self._metrics.count("daybook_projection_events_total", len(events), self._projection.name)

    async def _apply(self, connection: asyncpg.Connection, applied: Sequence[AppliedEvent]) -> None:
        erased = {
            e.received.subject: e.received.recorded_at
            for e in applied
            if e.event is not None and e.event.erases_subject
        }
        if not erased:
            await self._projection.apply(connection, applied)
            return
        # Noted first, so that nothing of the same batch is written with what is to be forgotten.
        await note_erased(connection, erased)
        await self._projection.apply(connection, applied)
        await self._projection.forget(connection, sorted(erased))

    def _trace(self, events: Sequence[ReceivedEvent], start_ns: int) -> None:
        end_ns = time_ns()
        for event in events:
            if is_sampled(event.traceparent):
                self._tracing.record(
                    "process daybook.customers.v1",
                    parent=event.traceparent,
                    start_ns=start_ns,
                    end_ns=end_ns,
                    kind=SpanKind.CONSUMER,
                    attributes=self._attributes(event),
                )

    def _attributes(self, event: ReceivedEvent) -> Mapping[str, str | int]:
        return {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": event.topic,
            "messaging.destination.partition.id": str(event.partition),
            "messaging.kafka.offset": event.offset,
            "messaging.message.id": event.event_id,
            "daybook.projection": self._projection.name,
        }
