"""A batch of events changes the read model and its marks together, in one transaction, or not."""

import logging
from collections.abc import Collection, Mapping, Sequence
from time import time_ns

import asyncpg
from opentelemetry.trace import SpanKind

from shared.clock import Clock
from shared.eventstore.codec import Ciphers, EventCodec
from shared.messaging.headers import ReceivedEvent
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing, is_sampled
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent, Projection, apply_events
from shared.projecting.marks import Followed, Mark, move_marks
from shared.projecting.parking import Parking
from shared.projecting.poison import Failure, is_poison
from shared.projecting.reading import read_events

log = logging.getLogger(__name__)

CHANNEL = "daybook_marks"


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
        *,
        parks: bool = True,
        discarded: Collection[str] = frozenset(),
    ) -> None:
        """Apply to one version; with `parks` false poison stops everything, as a rebuild must.

        `discarded`: ids of events that an operator discarded; they change nothing but versions.
        """
        self._metrics = metrics
        self._projection = projection
        self._followed = followed
        self._lanes = lanes
        self._codec = codec
        self._ciphers = ciphers
        self._clock = clock
        self._tracing = tracing
        self._discarded = discarded
        self._parks = parks
        self._parking = Parking(projection, followed, parks=parks, discarded=discarded)

    async def apply(
        self, events: Sequence[ReceivedEvent], moves: Sequence[tuple[Mark, Mark]]
    ) -> None:
        """Apply events in order and move the marks from the first to the second of each pair.

        An event that cannot be applied is parked with its stream, and the marks move on.

        Raises:
            MarkMovedError: another runner moved a mark; nothing of this was applied.
            PoisonError: an event cannot be applied, and nothing may be parked.
        """
        start_ns = time_ns()
        applied = await read_events(events, self._codec, self._ciphers, self._discarded)
        async with self._lanes.lane() as connection:
            try:
                await self._parking.open(connection)
                await self._change(connection, applied, moves)
            except BaseException:
                self._parking.reset()
                raise
            await connection.execute("select pg_notify($1, $2)", CHANNEL, self._projection.name)
        self._trace(events, start_ns)
        seconds = (time_ns() - start_ns) / 1e9
        self._metrics.observe("daybook_projection_batch_seconds", seconds, self._projection.name)
        self._metrics.count("daybook_projection_events_total", len(events), self._projection.name)

    async def _change(
        self,
        connection: asyncpg.Connection,
        events: Sequence[AppliedEvent],
        moves: Sequence[tuple[Mark, Mark]],
    ) -> None:
        failure: Failure | None = None
        if not self._parking.concerns(events):
            try:
                async with connection.transaction():
                    await apply_events(self._projection, connection, events)
                    await move_marks(connection, self._followed, moves, self._clock.now())
            except Exception as error:
                if not is_poison(error):
                    raise
                failure = Failure.of(error)
            else:
                return
        async with connection.transaction():
            # The marks first: a zombie ends here, before it tries anything. What it failed of was
            # no event, but rows that another runner had written meanwhile.
            await move_marks(connection, self._followed, moves, self._clock.now())
            if failure is not None:
                told = {"events": len(events), "problem": failure.error, "place": failure.place}
                log.warning("a batch failed and is applied piece by piece", extra=told)
            await self._parking.apply(connection, events, self._clock.now())

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
