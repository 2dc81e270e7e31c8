"""How far an erasure is, and who has confirmed it: from its own events and the ledger."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from services.customers.application.erasing import STREAMS, CustomerErasures, OpenErasure
from services.customers.application.holding import CopyHolders
from services.customers.application.loading import stream_of
from services.customers.domain.customer.events import CustomerErased
from services.customers.domain.erasure.events import (
    ErasureCompleted,
    ErasureReason,
    PersonalDataErased,
)
from shared.events import RecordedEvent
from shared.eventstore.store import EventStore
from shared.security.erasure_ledger import ErasureLedger
from shared.security.ledger_file import LedgerLine

State = Literal["started", "erased", "complete"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One holder of copies has none left, says the event."""

    holder: str
    at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """One erasure. `state` is started, erased (the key is destroyed) or complete."""

    customer_id: UUID
    kid: str
    key_commitment: str
    reason: ErasureReason | None
    opened: RecordedEvent
    erased: RecordedEvent | None
    completed: RecordedEvent | None
    ledger_line: LedgerLine | None
    confirmations: tuple[Confirmation, ...]
    outstanding: tuple[str, ...]

    @property
    def state(self) -> State:
        """How far it is."""
        if self.completed is not None:
            return "complete"
        return "started" if self.erased is None else "erased"


@dataclass(frozen=True, slots=True)
class OpenOne:
    """An erasure that is not complete, and who has not confirmed it."""

    customer_id: UUID
    opened_at: datetime
    outstanding: tuple[str, ...]


class ErasureReports:
    """Reads how far erasures are."""

    def __init__(
        self,
        store: EventStore,
        erasures: CustomerErasures,
        ledger: ErasureLedger,
        copies: CopyHolders,
    ) -> None:
        self._store = store
        self._erasures = erasures
        self._ledger = ledger
        self._copies = copies

    async def of(self, customer_id: UUID) -> ErasureReport:
        """Return how far the erasure of this customer is.

        Raises:
            NotFoundError: none was opened.
            UnavailableError: a server does not answer, or the ledger cannot be read.
        """
        its = await self._erasures.load(customer_id)
        events = await self._store.load(f"{STREAMS}{customer_id}")
        registered, *erased = await self._store.load_first_and(
            stream_of(customer_id), [CustomerErased]
        )
        completed = [e for e in events if e.type == ErasureCompleted.__name__]
        return ErasureReport(
            customer_id,
            its.erasure.kid,
            str(orjson.loads(registered.data)["key_commitment"]),
            its.erasure.reason,
            its.opened,
            erased[-1] if erased else None,
            completed[-1] if completed else None,
            (await self._ledger.lines()).get(its.erasure.kid),
            await self._confirmations(events),
            await self._outstanding(its),
        )

    async def open_ones(self, after: str, at_most: int) -> list[OpenOne]:
        """Return erasures that are not complete, by customer id, behind the id `after`."""
        ids = sorted(str(i) for i in await self._erasures.incomplete())
        found = []
        for customer_id in [i for i in ids if i > after][:at_most]:
            its = await self._erasures.load(UUID(customer_id))
            outstanding = await self._outstanding(its)
            found.append(OpenOne(its.customer_id, its.opened.recorded_at, outstanding))
        return found

    async def _outstanding(self, its: OpenErasure) -> tuple[str, ...]:
        if its.erasure.is_complete:
            return ()
        names = await self._copies.names(its.erasure.kid)
        return tuple(name for name in names if name not in its.erasure.answered)

    async def _confirmations(self, events: list[RecordedEvent]) -> tuple[Confirmation, ...]:
        told = [e for e in events if e.type == PersonalDataErased.__name__]
        return tuple(
            Confirmation(str(_members(e)["holder"]), e.recorded_at, e.event_id) for e in told
        )


def _members(event: RecordedEvent) -> dict[str, Any]:
    members: dict[str, Any] = orjson.loads(event.data)
    return members
