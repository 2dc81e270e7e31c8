"""Who did it is told of each event; also when it was done in somebody else's name.

The actor is always who is accountable. As whom they acted stands in the connection, which travels
with the event (`ce_origin`).
"""

from typing import Final
from uuid import uuid4

from shared.events import Origin
from shared.observability.acting import current_acting
from shared.observability.traces import current_traceparent

_AS: Final = "acting-as-"


def origin_of(subject: str) -> Origin:
    """Return the origin of what is done here in the name of a subject."""
    acting = current_acting()
    if acting is None or acting.subject != subject:
        return Origin(subject, uuid4(), traceparent=current_traceparent())
    connection = f"{_AS}{subject}"
    return Origin(acting.actor, uuid4(), None, connection, current_traceparent())


def acted_as(origin: Origin) -> str | None:
    """Return as whom the actor acted; None: as themself."""
    connection = origin.connection or ""
    return connection.removeprefix(_AS) if connection.startswith(_AS) else None


def in_whose_name(origin: Origin) -> str:
    """Return the subject whose own it is: as whom the actor acted, else the actor."""
    return acted_as(origin) or origin.actor
