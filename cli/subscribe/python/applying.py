"""One event changes the state, or is parked with what follows in its stream; the others flow."""

import json
import sqlite3
import traceback
from typing import Any, Protocol

from daybook import Daybook, UnavailableError
from event import Event
from state import State


class Handler(Protocol):
    """What handler.py has."""

    SCHEMA: str
    TYPES: set[str]
    ERASING: set[str]
    READS_PERSONAL: bool

    def apply(
        self,
        db: sqlite3.Connection,
        event: Event,
        data: dict[str, Any],
        personal: dict[str, Any] | None,
    ) -> None:
        """Change the tables by one event."""

    def forget(self, db: sqlite3.Connection, subject: str) -> None:
        """Keep nothing personal of this subject, now and later."""


class Applier:
    """Applies events with your handler, inside the caller's transaction."""

    def __init__(self, handler: Handler, daybook: Daybook) -> None:
        self._handler = handler
        self._daybook = daybook

    def apply(self, state: State, event: Event) -> None:
        """Apply the next event of its partition.

        Raises:
            UnavailableError: nothing is known about its key; roll back and try again later.
        """
        if event.type in self._handler.ERASING:
            state.unpark(subject=event.subject)
        elif event.type not in self._handler.TYPES:
            return
        elif state.is_parked(event.stream):
            state.park(event, "waits for an earlier event of its stream")
            return
        if why := self._try(state, event):
            state.park(event, why)

    def retry(self, state: State, stream: str) -> int:
        """Apply what is parked of one stream, in order, and return how many went through."""
        done = 0
        for event, _ in state.parked(stream):
            if why := self._try(state, event):
                state.park(event, why)
                break
            state.unpark(event_id=event.id)
            done += 1
        return done

    def _try(self, state: State, event: Event) -> str | None:
        """Apply the event; return why that failed (without a word of what is in it), or None."""
        try:
            with state.savepoint():
                data = json.loads(event.value)
                sealed = data.pop("personal", None)
                personal: dict[str, Any] | None = {}
                if sealed is not None and self._handler.READS_PERSONAL:
                    personal = self._daybook.open(sealed, event.id)
                if event.type in self._handler.TYPES:
                    self._handler.apply(state.db, event, data, personal)
                if event.type in self._handler.ERASING:
                    self._handler.forget(state.db, event.subject)
                    state.owe_receipt(event.subject)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this event's
            at = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} in {at.name}, line {at.lineno}"
        return None
