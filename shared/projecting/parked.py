"""The streams that a version of a read model could not apply wait here, in order, as ciphertext."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import asyncpg
import orjson

from shared.messaging.headers import ReceivedEvent
from shared.projecting.poison import Failure

OF = "projection = $1 and version = $2"
STREAMS = f"select stream from public.parked_streams where {OF}"
LOCK = f"""select stream from public.parked_streams where {OF} and stream = any($3)
    order by stream for update"""
PARK = """
    insert into public.parked_streams (projection, version, stream, subject, event_id, error, place,
        attempts, first_failed_at, last_failed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
    on conflict (projection, version, stream) do update set
        event_id = excluded.event_id, error = excluded.error, place = excluded.place,
        attempts = excluded.attempts
            + case when parked_streams.event_id = excluded.event_id
                then parked_streams.attempts else 0 end,
        first_failed_at = case when parked_streams.event_id = excluded.event_id
            then parked_streams.first_failed_at else excluded.first_failed_at end,
        last_failed_at = excluded.last_failed_at"""
ADD = """
    insert into public.parked_events (projection, version, stream, feed_position, event_id, type,
        stream_version, envelope, data)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
EVENTS = f"""select envelope, data from public.parked_events where {OF} and stream = $3
    order by feed_position"""
TAKE_AWAY = f"""delete from public.parked_events
    where {OF} and stream = $3 and feed_position = any($4)"""
UNPARK = f"delete from public.parked_streams where {OF} and stream = any($3)"
FORGET = f"delete from public.parked_streams where {OF} and subject = any($3) returning stream"


class ParkedStreams:
    """The parked streams of one version of a read model, in the caller's transactions."""

    def __init__(self, projection: str, version: int) -> None:
        self._of = (projection, version)

    async def streams(self, connection: asyncpg.Connection) -> set[str]:
        """Return which streams are parked."""
        return {row["stream"] for row in await connection.fetch(STREAMS, *self._of)}

    async def lock(self, connection: asyncpg.Connection, streams: Sequence[str]) -> set[str]:
        """Return which of these are parked, and keep them so until the transaction ends."""
        rows = await connection.fetch(LOCK, *self._of, list(streams))
        return {row["stream"] for row in rows}

    async def park(
        self,
        connection: asyncpg.Connection,
        event: ReceivedEvent,
        failure: Failure,
        tries: int,
        at: datetime,
    ) -> None:
        """Note that this event failed: its stream is parked from now on."""
        await connection.execute(
            PARK, *self._of, event.stream, event.subject, event.event_id,
            failure.error, failure.place, tries, at,
        )  # fmt: skip

    async def add(self, connection: asyncpg.Connection, event: ReceivedEvent) -> None:
        """Put an event behind the others of its parked stream."""
        envelope = asdict(event)
        data: bytes = envelope.pop("data")
        del envelope["actor"]  # No read model asks for it, and an older release could not read it.
        await connection.execute(
            ADD, *self._of, event.stream, event.feed_position, event.event_id, event.type,
            event.version, orjson.dumps(envelope).decode(), data,
        )  # fmt: skip

    async def events(self, connection: asyncpg.Connection, stream: str) -> list[ReceivedEvent]:
        """Return the parked events of a stream, in order."""
        rows = await connection.fetch(EVENTS, *self._of, stream)
        return [ReceivedEvent(**orjson.loads(row["envelope"]), data=row["data"]) for row in rows]

    async def take_away(
        self, connection: asyncpg.Connection, stream: str, events: Sequence[ReceivedEvent]
    ) -> None:
        """Delete these events of a parked stream."""
        positions = [event.feed_position for event in events]
        await connection.execute(TAKE_AWAY, *self._of, stream, positions)

    async def unpark(self, connection: asyncpg.Connection, streams: Sequence[str]) -> None:
        """Delete streams with everything that is parked of them."""
        await connection.execute(UNPARK, *self._of, list(streams))

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> set[str]:
        """Delete everything parked about these subjects; returns the streams it was."""
        rows = await connection.fetch(FORGET, *self._of, list(subjects))
        return {row["stream"] for row in rows}
