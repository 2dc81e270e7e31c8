"""What unusual access and emergencies tell on `daybook.alerts.v1`: a contract that others read."""

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


class EmergencyAccessTaken(Event):
    """Somebody took access in an emergency, without asking: exact, and told each time.

    Told again, with the same grant, only if the process that tells it died meanwhile, or if the
    request was sent again. Whatever happens, the grant waits for a review.
    """

    pattern: Literal["emergency"] = "emergency"
    """Always emergency."""
    subject: str
    """Who took it, for themselves: an opaque id."""
    grant_id: str
    """The grant that was made; GET /v1/grants?to_review=true lists it until it was reviewed."""
    taken_at: datetime
    """When it was taken, in UTC."""
    until: datetime
    """When it ends by itself."""
    is_approximate: Literal[False] = False
    """Always false: this happened."""


Alert = UnusualAccessSeen | EmergencyAccessTaken

ALERTS_CODEC = EventCodec([UnusualAccessSeen, EmergencyAccessTaken])
