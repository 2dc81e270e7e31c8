"""Somebody acts as somebody else: it is in the stream of who acts, and ends by itself."""

from datetime import datetime
from uuid import UUID

from shared.events import Event, Personal


class ActingReason(Personal):
    """Why somebody acts as somebody else."""

    reason: str
    """The reason, in the words of who acts."""


class ActingBegun(Event):
    """From now on the subject may act as somebody else, as far as both may, until it ends."""

    acting_id: UUID
    """The id by which requests and later events name it."""
    target: UUID
    """As whom."""
    level: int
    """The level of who acts: nobody is acted as whose level is higher."""
    since: datetime
    """When it began, inclusive."""
    until: datetime
    """When it ends by itself, exclusive."""
    personal: ActingReason | None = None


class ActingEnded(Event):
    """The subject acts as them no longer."""

    acting_id: UUID
    """What ended."""
    at: datetime
    """When it ended."""


ActingEvent = ActingBegun | ActingEnded
