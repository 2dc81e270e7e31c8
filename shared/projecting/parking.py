"""An event that cannot be applied is parked with what follows in its stream; the others flow.

This is the way of a batch that failed, and of one that touches a parked stream. What is not parked
is applied in halves, each inside a savepoint, down to the one event that raises; that one is tried
three times. An event that erases its subject is never parked behind others: it deletes them.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from shared.messaging.headers import ReceivedEvent
from shared.observability.traces import enter_trace, leave_trace
from shared.projecting.applied import AppliedEvent, Projection, apply_events, erase_subjects
from shared.projecting.marks import Followed
from shared.projecting.parked import ParkedStreams
from shared.projecting.poison import Failure, PoisonError, is_poison

log = logging.getLogger(__name__)

TRIES = 3


class Parking:
    """Parks the poisoned streams of one version of a read model.

    It keeps in mind which streams are parked, so that a batch without any costs nothing. A stream
    that another process parks cannot be missed: its mark has moved, and our batch fails at that.
    After any failure `reset` must be called.
    """

    def __init__(
        self,
        projection: Projection,
        followed: Followed,
        *,
        parks: bool,
        discarded: Collection[str],
    ) -> None:
        """Park, or with `parks` false raise PoisonError; discarded ids are passed over."""
        self._rows = ParkedStreams(followed.projection, followed.version)
        self._projection = projection
        self._parks = parks
        self._discarded = discarded
        self._streams: set[str] | None = None

    async def open(self, connection: asyncpg.Connection) -> None:
        """Learn which streams are parked, if that is not known."""
        if self._streams is None:
            self._streams = await self._rows.streams(connection)

    def reset(self) -> None:
        """Forget what was known: a transaction failed, or somebody else may have changed it."""
        self._streams = None

    def concerns(self, events: Sequence[AppliedEvent]) -> bool:
        """Say whether these events need more care than one call of the read model."""
        if any(event.unreadable is not None for event in events):
            return True
        if not self._streams:
            return False
        return any(e.erases_subject or e.received.stream in self._streams for e in events)

    async def apply(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent], at: datetime
    ) -> None:
        """Apply what can be applied and park the rest, inside the running transaction.

        Raises:
            PoisonError: an event cannot be applied and nothing may be parked.
        """
        streams = self._streams or set()
        touched = sorted({event.received.stream for event in events} & streams)
        if touched:
            # One that was retried meanwhile is not parked any more; the others now stay so.
            streams -= set(touched) - await self._rows.lock(connection, touched)
        self._streams = streams
        await self._sort(connection, events, at)

    async def _sort(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent], at: datetime
    ) -> None:
        """Put the events of parked streams behind their own; apply the others, in order."""
        free: list[AppliedEvent] = []
        for event in events:
            if event.erases_subject and self._known:
                await self._halve(connection, free, at)
                free = []
                self._known.difference_update(
                    await self._rows.forget(connection, [event.received.subject])
                )
            if event.received.stream in self._known:
                await self._rows.add(connection, event.received)
            else:
                free.append(event)
        await self._halve(connection, free, at)

    @property
    def _known(self) -> set[str]:
        return self._streams if self._streams is not None else set()

    async def _halve(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent], at: datetime
    ) -> None:
        """Apply all of them, or each half by itself; an event alone is tried again, then parked."""
        error = await tried(self._projection, connection, events) if events else None
        if error is None:
            return
        if len(events) == 1:
            entered = enter_trace(events[0].received.traceparent)
            try:
                await self._alone(connection, events[0], error, at)
            finally:
                leave_trace(entered)
            return
        middle = len(events) // 2
        await self._sort(connection, events[:middle], at)
        await self._sort(connection, events[middle:], at)

    async def _alone(
        self, connection: asyncpg.Connection, event: AppliedEvent, error: Exception, at: datetime
    ) -> None:
        for _ in range(TRIES - 1):
            again = await tried(self._projection, connection, [event])
            if again is None:
                log.warning("an event was applied at another try", extra=_told(event.received))
                return
            error = again
        its, failure = event.received, Failure.of(error)
        if its.event_id in self._discarded:
            log.warning("a discarded event is passed over", extra=_told(its))
            return
        if not self._parks:
            raise PoisonError(its.event_id, its.stream, failure) from error
        await erase_subjects(self._projection, connection, [event])
        await self._rows.park(connection, its, failure, TRIES, at)
        await self._rows.add(connection, its)
        self._known.add(its.stream)
        told = {**_told(its), "projection": self._projection.name, "error": failure.error}
        log.error("an event cannot be applied: its stream is parked", extra=told)


async def tried(
    projection: Projection, connection: asyncpg.Connection, events: Sequence[AppliedEvent]
) -> Exception | None:
    """Apply the events inside a savepoint; return the error one of them is to blame for, if any."""
    for event in events:
        if event.unreadable is not None:
            return event.unreadable
    try:
        async with connection.transaction():
            await apply_events(projection, connection, events)
    except Exception as error:
        if not is_poison(error):
            raise
        return error
    return None


def _told(event: ReceivedEvent) -> dict[str, object]:
    return {"stream": event.stream, "event_id": event.event_id, "event_type": event.type}
