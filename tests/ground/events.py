"""Events of no service, for tests of the rooms that never look inside an event."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from uuid import UUID

from shared.events import EventToAppend, Origin
from shared.eventstore.store import EventStore
from shared.eventstore.writing import Appended
from shared.testing.clock import NOON

ORIGIN = Origin(
    "actor-1",
    UUID(int=0xC0),
    UUID(int=0xCA),
    "erp",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
_numbers = count(1)


def an_event(note: str = "hello", *, name: str = "NoteWritten", schema: int = 1) -> EventToAppend:
    """Return an event with an id of its own; its bytes are JSON, but nobody's canonical JSON."""
    data = f'{{ "note" : "{note}" }}'.encode()
    return EventToAppend(UUID(int=next(_numbers)), name, schema, data)


def some_events(number: int) -> list[EventToAppend]:
    """Return so many events."""
    return [an_event(f"number {n}") for n in range(number)]


async def write(
    store: EventStore,
    stream: str,
    version: int,
    events: Sequence[EventToAppend] | None = None,
    *,
    subject: str | None = None,
    seconds: float = 0,
    origin: Origin = ORIGIN,
) -> Appended:
    """Append behind `version`, so many seconds after noon; the subject is the stream by default."""
    written = [an_event()] if events is None else events
    at = NOON + timedelta(seconds=seconds)
    return await store.append(stream, subject or stream, version, written, origin, at)
