"""What unusual access tells on `daybook.alerts.v1`: a contract that others read."""

from datetime import datetime
from typing import Literal

from shared.events import Event
from shared.eventstore.codec import EventCodec

Pattern = Literal["mass_reads", "refusals", "restricted_at_odd_hours"]


class UnusualAccessSeen(Event):
    """Somebody's access was unusual: a hint to look at the records, live and approximate.

    Told once per subject and pattern in ten minutes. After a crash a few records count twice, and
    a window that was open begins anew. Exact: the records on daybook.access.v1.
    """

    pattern: Pattern
    """Many records shown within a minute; many refusals within a minute; restricted data shown to
    a person outside of working hours."""
    subject: str
    """Who it was: an opaque id, or anonymous."""
    count: int
    """How many records or refusals, in the window until now."""
    threshold: int
    """From how many on it is told."""
    window_start: datetime
    """When the window begins, in UTC."""
    window_seconds: int
    """How long it is."""
    operations: tuple[str, ...] = ()
    """What was done, by the routes' names."""
    is_approximate: Literal[True] = True
    """Always true: look at the records before you judge anybody."""


ALERTS_CODEC = EventCodec([UnusualAccessSeen])
