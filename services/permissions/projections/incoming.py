"""What is read of customers' events: whose a customer is and how it is with it, nothing personal.

Published by the customers service on daybook.customers.v1; members that are not named here are
ignored, and nothing sealed is ever opened.
"""

from typing import ClassVar
from uuid import UUID

from shared.events import Event
from shared.eventstore.codec import EventCodec


class CustomerRegistered(Event):
    """There is a customer."""

    kind: str
    stage: str | None = None
    owner: UUID | None = None


class CustomerReclassified(Event):
    """It is of the other kind."""

    kind: str


class CustomerAssigned(Event):
    """Somebody else, or nobody, looks after it."""

    owner: UUID | None = None


class CustomerStageChanged(Event):
    """It is at another stage."""

    stage: str


class CustomerArchived(Event):
    """It is out of the way."""


class CustomerRestored(Event):
    """It is no longer archived."""


class CustomerWithdrawn(Event):
    """It should never have been there."""


class CustomerErased(Event):
    """Nothing is kept of it."""

    erases_subject: ClassVar[bool] = True


CustomerEvent = (
    CustomerRegistered
    | CustomerReclassified
    | CustomerAssigned
    | CustomerStageChanged
    | CustomerArchived
    | CustomerRestored
    | CustomerWithdrawn
    | CustomerErased
)
CODEC = EventCodec(
    [
        CustomerRegistered, CustomerReclassified, CustomerAssigned, CustomerStageChanged,
        CustomerArchived, CustomerRestored, CustomerWithdrawn, CustomerErased,
    ]
)  # fmt: skip
