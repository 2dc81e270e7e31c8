"""What a read model is given: events as they came and as they read, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import asyncpg

from shared.events import Event
from shared.messaging.headers import ReceivedEvent
from shared.projecting.erased import note_erased


@dataclass(frozen=True, slots=True)
class AppliedEvent:
    """One event to apply: how it came, and what it says.

    `event` is None for a type that we do not know and for an event that was discarded: it changes
    nothing but the version. `unreadable` says why its bytes could not be read.
    """

    received: ReceivedEvent
    event: Event | None
    unreadable: Exception | None = None

    @property
    def erases_subject(self) -> bool:
        """Whether nothing may be kept any more of the person it is about."""
        return self.event is not None and self.event.erases_subject


class Projection(Protocol):
    """A read model: what it is called and what events do to it."""

    @property
    def name(self) -> str:
        """The read model's name, also in marks and journeys."""
        ...

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Change the read model by these events, in order, inside the running transaction.

        Whatever it raises that is no server's fault parks the event's stream. An event that erases
        its subject may follow any version: what was parked before it was deleted.
        """
        ...

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Delete what is kept of these erased subjects, whichever of their events are applied."""
        ...


async def apply_events(
    projection: Projection, connection: asyncpg.Connection, events: Sequence[AppliedEvent]
) -> None:
    """Change the read model by these events, and let it forget whom they erase."""
    erased = _erased(events)
    if not erased:
        await projection.apply(connection, events)
        return
    # Noted first, so that nothing of the same batch is written with what is to be forgotten.
    await note_erased(connection, erased)
    await projection.apply(connection, events)
    await projection.forget(connection, sorted(erased))


async def erase_subjects(
    projection: Projection, connection: asyncpg.Connection, events: Sequence[AppliedEvent]
) -> None:
    """Let the read model forget whom these events erase, without applying them."""
    erased = _erased(events)
    if erased:
        await note_erased(connection, erased)
        await projection.forget(connection, sorted(erased))


def _erased(events: Sequence[AppliedEvent]) -> dict[str, datetime]:
    return {e.received.subject: e.received.recorded_at for e in events if e.erases_subject}
