"""What goes with an append (Remember) and what comes back from one (Appended)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.errors import EventTooLargeError
from shared.events import EventToAppend, Origin
from shared.eventstore.tokens import TokenPart

MAX_EVENT_BYTES = 60_000
NO_EVENT = (None, None, None, None)


@dataclass(frozen=True, slots=True)
class Remember:
    """An answer to keep under an idempotency key, in the transaction of the command.

    `key` is a digest of (actor, route, Idempotency-Key), `body_mac` an HMAC of the request.
    """

    key: bytes | None
    body_mac: bytes | None
    status: int | None
    location: str | None


NOTHING_TO_REMEMBER = Remember(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did: where its last event lies, or the first answer of a repeated command."""

    is_replay: bool
    status: int | None
    location: str | None
    stream: str
    version: int
    token: TokenPart

    @staticmethod
    def from_row(service: str, row: asyncpg.Record) -> "Appended":
        """Read the row that the append function returns."""
        token = TokenPart(
            service, row["o_epoch"], row["o_partition"], row["o_txid"], row["o_position"]
        )
        return Appended(
            row["o_replayed"], row["o_status"], row["o_location"],
            row["o_stream"], row["o_version"], token,
        )  # fmt: skip

    @staticmethod
    def from_remembered(service: str, row: asyncpg.Record) -> "Appended":
        """Read a remembered answer."""
        token = TokenPart(service, row["epoch"], row["partition"], row["txid"], row["position"])
        return Appended(
            True, row["status"], row["location"], row["stream"], row["version"], token
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreamAppend:
    """What one stream gets in a call that writes many."""

    stream: str
    subject: str
    expected_version: int
    events: Sequence[EventToAppend]


def arguments_of_many(
    appends: Sequence[StreamAppend],
    partitions: Sequence[int],
    origin: Origin,
    recorded_at: datetime,
) -> tuple[object, ...]:
    """Return what append_to_streams wants.

    Raises:
        EventTooLargeError: an event is over 60,000 bytes.
    """
    of, versions, events = [], [], []
    for place, append in enumerate(appends, start=1):
        checked(append.events)
        for offset, event in enumerate(append.events, start=1):
            of.append(place)
            versions.append(append.expected_version + offset)
            events.append(event)
    return (
        [a.stream for a in appends], [a.expected_version for a in appends],
        [len(a.events) for a in appends], [a.subject for a in appends], list(partitions),
        recorded_at, origin.actor, origin.correlation_id, origin.causation_id,
        origin.connection, origin.traceparent, of, versions,
        [e.event_id for e in events], [e.type for e in events],
        [e.schema_version for e in events], [e.data for e in events],
    )  # fmt: skip


def checked(events: Sequence[EventToAppend]) -> None:
    """Refuse what Kafka would refuse later.

    Raises:
        EventTooLargeError: an event is over 60,000 bytes.
    """
    for event in events:
        if len(event.data) > MAX_EVENT_BYTES:
            raise EventTooLargeError(
                f"a {event.type} of {len(event.data)} bytes is over {MAX_EVENT_BYTES}",
                fix="send less text in one change",
            )


def as_arguments(events: Sequence[EventToAppend]) -> tuple[object, ...]:
    """Return the first event as plain values and the others as arrays, as the function wants."""
    if not events:
        return NO_EVENT + NO_EVENT
    first, *more = events
    values = (first.event_id, first.type, first.schema_version, first.data)
    if not more:
        return values + NO_EVENT
    return (
        *values,
        [e.event_id for e in more], [e.type for e in more],
        [e.schema_version for e in more], [e.data for e in more],
    )  # fmt: skip
