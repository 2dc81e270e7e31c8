"""Everything that Daybook has about one person is put together, for the person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from services.customers.application.loading import (
    CustomerReader,
    HistoryStep,
    LoadedCustomer,
    stream_of,
)
from services.customers.storage.codec import CODEC
from shared.events import RecordedEvent
from shared.eventstore.accesses import AccessRecords
from shared.eventstore.record_types import AccessRecorded
from shared.eventstore.store import EventStore
from shared.security.key_grants import KeyGrant, KeyGrants
from shared.security.subject_keys import SubjectKeys


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event as it is stored, and what was sealed in it: None once the key is destroyed."""

    recorded: RecordedEvent
    clear: dict[str, Any]
    personal: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class AccessFile:
    """What is known of one person, what happened, who saw it, and who has the key."""

    customer: LoadedCustomer
    steps: Sequence[HistoryStep]
    events: Sequence[ToldEvent]
    accesses: Sequence[tuple[RecordedEvent, AccessRecorded]]
    grants: Sequence[KeyGrant]


class AccessFiles:
    """Puts access files together."""

    def __init__(
        self,
        store: EventStore,
        reader: CustomerReader,
        keys: SubjectKeys,
        accesses: AccessRecords,
        grants: KeyGrants,
    ) -> None:
        self._store = store
        self._reader = reader
        self._keys = keys
        self._accesses = accesses
        self._grants = grants

    async def of(self, customer_id: UUID) -> AccessFile:
        """Return everything about one person.

        Raises:
            NotFoundError: no such customer.
            UnavailableError: a server does not answer.
        """
        loaded = await self._reader.load(customer_id)
        return AccessFile(
            loaded,
            await self._reader.history(customer_id),
            await self._told(customer_id),
            await self._accesses.of(str(customer_id)),
            await self._grants.every(loaded.kid),
        )

    async def _told(self, customer_id: UUID) -> list[ToldEvent]:
        recorded = await self._store.load(stream_of(customer_id))
        decoded = await CODEC.decode(recorded, self._keys)
        told = []
        for record, event in zip(recorded, decoded, strict=True):
            clear = orjson.loads(record.data)
            clear.pop("personal", None)
            personal = getattr(event, "personal", None)
            shown = None if personal is None else personal.model_dump(mode="json")
            told.append(ToldEvent(record, clear, shown))
        return told
