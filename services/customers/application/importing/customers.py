"""Many customers at once: one question to the store and one to the key database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.customers.application.loading import stream_of
from services.customers.domain.customer.events import CustomerEvent
from services.customers.domain.customer.rules import evolve
from services.customers.domain.customer.state import NOBODY, Customer
from services.customers.storage.codec import CODEC
from shared.events import RecordedEvent
from shared.eventstore.store import EventStore
from shared.security.subject_keys import SubjectKey, SubjectKeys


@dataclass(frozen=True, slots=True)
class WholeCustomer:
    """A customer with its life: each event, and the customer after it."""

    id: UUID
    events: tuple[RecordedEvent, ...]
    states: tuple[Customer, ...]
    key: SubjectKey | None
    """What its events are sealed with; None once it was destroyed."""

    @property
    def version(self) -> int:
        """The version now."""
        return len(self.events)

    def at(self, version: int) -> Customer:
        """Return the customer as it was at a version; nobody before the first."""
        return self.states[version - 1] if version else NOBODY

    @property
    def now(self) -> Customer:
        """The customer now."""
        return self.states[-1]


class ManyCustomers:
    """Reads customers, always as they are in the store."""

    def __init__(self, store: EventStore, keys: SubjectKeys) -> None:
        self._store = store
        self._keys = keys

    async def load(self, ids: Collection[UUID]) -> Mapping[UUID, WholeCustomer]:
        """Return those of the customers that there are.

        Raises:
            UnavailableError: the store or the key database does not answer.
        """
        if not ids:
            return {}
        recorded = await self._store.load_streams([stream_of(each) for each in ids])
        decoded = await CODEC.decode(recorded, self._keys)
        lives: dict[UUID, tuple[list[RecordedEvent], list[Customer]]] = {}
        kids: dict[UUID, str] = {}
        for record, event in zip(recorded, decoded, strict=True):
            customer_id = UUID(record.subject)
            events, states = lives.setdefault(customer_id, ([], []))
            before = states[-1] if states else NOBODY
            if not events:
                kids[customer_id] = CODEC.subject_of(record) or ""
            events.append(record)
            states.append(before if event is None else evolve(before, cast("CustomerEvent", event)))
        ciphers = await self._keys.read(kids.values())
        return {
            customer_id: WholeCustomer(
                customer_id, tuple(events), tuple(states), _key(kids[customer_id], ciphers)
            )
            for customer_id, (events, states) in lives.items()
        }


def _key(kid: str, ciphers: Mapping[str, AESGCM | None]) -> SubjectKey | None:
    cipher = ciphers[kid]
    return None if cipher is None else SubjectKey(kid, b"", cipher, "")
