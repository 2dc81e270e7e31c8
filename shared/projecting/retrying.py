"""What was parked is applied again when an operator says so, or passed over for good."""

from collections.abc import Sequence

import asyncpg

from shared.clock import Clock
from shared.errors import RuleBrokenError
from shared.eventstore.codec import Ciphers, EventCodec
from shared.messaging.headers import ReceivedEvent
from shared.postgres.lanes import Lanes
from shared.projecting.applied import AppliedEvent, Projection
from shared.projecting.orders import Json, Order
from shared.projecting.parked import ParkedStreams
from shared.projecting.parking import TRIES, tried
from shared.projecting.poison import Failure
from shared.projecting.reading import read_events
from shared.projecting.versions import settings_of

VERSIONS = """select version from public.parked_streams
    where projection = $1 and stream = $2 and ($3::int is null or version = $3) order by version"""


class StillParkedError(RuleBrokenError):
    """An event of the stream failed again; what lay before it is applied, the rest waits."""

    code = "still-parked"
    title = "The stream is still parked"

    def __init__(self, event: ReceivedEvent, failure: Failure) -> None:
        super().__init__(
            f"event {event.event_id} ({event.type}, version {event.version} of {event.stream})"
            f" failed again: {failure.error} at {failure.place}",
            fix="mend the code and retry, or discard the event with a reason",
            who_can_help="the developers of this service",
        )


class Retrying:
    """Does the orders `retry` and `discard` of one read model, for every version it concerns."""

    def __init__(
        self,
        projection: Projection,
        lanes: Lanes,
        codec: EventCodec,
        ciphers: Ciphers,
        clock: Clock,
    ) -> None:
        self._projection = projection
        self._lanes = lanes
        self._codec = codec
        self._ciphers = ciphers
        self._clock = clock

    async def retry(self, order: Order) -> Json:
        """Apply a stream's parked events, in order, as far as they go.

        Raises:
            StillParkedError: one failed again.
        """
        return await self._every_version(order, discarded=None)

    async def discard(self, order: Order) -> Json:
        """Pass over one parked event, then retry what follows it.

        It changes nothing but the version, as an event of an unknown type. The record of it is
        durable in the store since before this order was placed, and every rebuild honours it.

        Raises:
            StillParkedError: an event behind it, or before it, failed again.
        """
        return await self._every_version(order, discarded=str(order.argument["event_id"]))

    async def _every_version(self, order: Order, discarded: str | None) -> Json:
        stream = str(order.argument["stream"])
        rows = await self._lanes.fetch(
            VERSIONS, self._projection.name, stream, order.argument.get("version")
        )
        applied = 0
        for row in rows:
            applied += await self._one_version(row["version"], stream, discarded)
        return {"applied": applied}

    async def _one_version(self, version: int, stream: str, discarded: str | None) -> int:
        parked = ParkedStreams(self._projection.name, version)
        search_path = settings_of(self._projection.name, version)["search_path"]
        async with self._lanes.lane() as connection, connection.transaction():
            await connection.execute("select set_config('search_path', $1, true)", search_path)
            if not await parked.lock(connection, [stream]):
                return 0
            events = await parked.events(connection, stream)
            passed_over = {discarded} if discarded else set[str]()
            read = await read_events(events, self._codec, self._ciphers, passed_over)
            done, error = await self._as_far_as_possible(connection, read, discarded)
            if error is None:
                await parked.unpark(connection, [stream])
                return done
            failure = Failure.of(error)
            await parked.take_away(connection, stream, events[:done])
            await parked.park(connection, events[done], failure, TRIES, self._clock.now())
        raise StillParkedError(events[done], failure)

    async def _as_far_as_possible(
        self, connection: asyncpg.Connection, events: Sequence[AppliedEvent], discarded: str | None
    ) -> tuple[int, Exception | None]:
        """Apply events in order up to the first that fails; return how many, and the error."""
        error = await tried(self._projection, connection, events)
        if error is None:
            return len(events), None
        if len(events) == 1:
            return await self._alone(connection, events[0], error, discarded)
        middle = len(events) // 2
        done, failed = await self._as_far_as_possible(connection, events[:middle], discarded)
        if failed is not None:
            return done, failed
        more, failed = await self._as_far_as_possible(connection, events[middle:], discarded)
        return middle + more, failed

    async def _alone(
        self,
        connection: asyncpg.Connection,
        event: AppliedEvent,
        error: Exception,
        discarded: str | None,
    ) -> tuple[int, Exception | None]:
        if event.received.event_id == discarded:
            return 1, None
        for _ in range(TRIES - 1):
            again = await tried(self._projection, connection, [event])
            if again is None:
                return 1, None
            error = again
        return 0, error
