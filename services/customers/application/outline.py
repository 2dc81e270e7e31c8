"""What an erasure needs to know of a customer is read without opening anything personal.

So a customer with ten thousand events is erased as fast as one with ten, and also when nothing of
it can be read any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final, cast
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.customers.application.loading import stream_of
from services.customers.domain.customer.events import (
    CustomerArchived,
    CustomerAssigned,
    CustomerErased,
    CustomerErasureStarted,
    CustomerEvent,
    CustomerReclassified,
    CustomerRegistered,
    CustomerRestored,
    CustomerStageChanged,
    LegalHoldPlaced,
    LegalHoldReleased,
)
from services.customers.domain.customer.rules import evolve
from services.customers.domain.customer.state import NOBODY, Customer
from services.customers.storage.codec import CODEC
from shared.errors import NotFoundError
from shared.events import Event, RecordedEvent
from shared.eventstore.store import EventStore

TELLING: Final = (
    LegalHoldPlaced,
    LegalHoldReleased,
    CustomerErasureStarted,
    CustomerErased,
)
"""The events that decide, with the first, whether a customer can be erased, and whether it is.

The index `events_of_erasures` has them: a type that comes here must come there.
"""

OWNING: Final = (
    *TELLING,
    CustomerAssigned,
    CustomerReclassified,
    CustomerStageChanged,
    CustomerArchived,
    CustomerRestored,
)
"""The events that tell, without anything personal, who may erase a customer."""

# A customer that is registered, of which nothing else is known.
SOMEBODY: Final = Customer(kind="person")


@dataclass(frozen=True, slots=True)
class Outline:
    """A customer without anything personal; `last` is the last event that told something here."""

    customer: Customer
    bare: Customer
    """Whose it is, as far as the events that were asked for tell."""
    version: int
    kid: str
    last: RecordedEvent


class NoKeys:
    """Opens nothing: to whoever reads with it every personal field is gone."""

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        """Return no cipher for any reference."""
        return dict.fromkeys(kids)


def bare(events: Sequence[CustomerEvent]) -> Customer:
    """Return what is clear of whose a customer is: its owner, stage and kind; no tags, no name."""
    its = Customer()
    for event in events:
        match event:
            case CustomerRegistered():
                stage = event.stage or its.stage
                its = replace(its, kind=event.kind, owner=event.owner, stage=stage)
            case CustomerAssigned():
                its = replace(its, owner=event.owner)
            case CustomerReclassified():
                its = replace(its, kind=event.kind)
            case CustomerStageChanged():
                its = replace(its, stage=event.stage)
            case CustomerArchived() | CustomerRestored():
                its = replace(its, is_archived=isinstance(event, CustomerArchived))
            case CustomerErasureStarted() | CustomerErased():
                its = replace(its, owner=None, is_erased=True)
            case _:
                pass
    return its


class CustomerOutlines:
    """Folds customers from what is clear in their events."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def load(self, customer_id: UUID, types: Sequence[type[Event]] = TELLING) -> Outline:
        """Return the customer as it is now, at least, by its first event and those of the types.

        Raises:
            NotFoundError: no such customer.
        """
        stream = stream_of(customer_id)
        # Before the events: whoever is faster in between wins at the append.
        version = await self._store.version_of(stream)
        recorded = await self._store.load_first_and(stream, types)
        if not recorded:
            raise _not_found()
        events = cast("list[CustomerEvent]", await CODEC.decode(recorded, NoKeys()))
        kid = CODEC.subject_of(recorded[0]) or ""
        return Outline(reduce(evolve, events, NOBODY), bare(events), version, kid, recorded[-1])

    async def load_end(self, customer_id: UUID) -> Outline:
        """Return a customer whose erasure has begun: nothing but its end follows, so it is enough.

        Raises:
            NotFoundError: no such customer.
        """
        last = await self._store.load_last(stream_of(customer_id))
        if last is None:
            raise _not_found()
        events = cast("list[CustomerEvent | None]", await CODEC.decode([last], NoKeys()))
        customer = SOMEBODY if events[0] is None else evolve(SOMEBODY, events[0])
        return Outline(customer, customer, last.version, "", last)


def _not_found() -> NotFoundError:
    return NotFoundError(
        "there is no such customer",
        code="customer-not-found",
        fix="look for it with `daybook find TEXT` (GET /v1/customers?q=TEXT)",
    )
