"""A customer is folded from its own events: now, at a version, or as of a moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.customers.domain.customer.events import CustomerEvent, Reason
from services.customers.domain.customer.rules import evolve
from services.customers.domain.customer.state import NOBODY, Customer
from services.customers.storage.codec import CODEC
from shared.errors import NotFoundError
from shared.events import RecordedEvent
from shared.eventstore.codec import Ciphers
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import Moment, TokenPart


@dataclass(frozen=True, slots=True)
class LoadedCustomer:
    """A customer as of one version, with what is needed to change it or to answer about it."""

    id: UUID
    customer: Customer
    version: int
    kid: str
    txid: int
    position: int
    partition: int

    def token(self, service: str, epoch: int) -> TokenPart:
        """Return the token of somebody who has seen this."""
        return TokenPart(service, epoch, self.partition, self.txid, self.position)


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One event of a customer, with the customer before and after it."""

    recorded: RecordedEvent
    before: Customer
    after: Customer
    reason: str | None = None
    """Why, if whoever did it said so, and as long as it can be read."""


def stream_of(customer_id: UUID) -> str:
    """Return the name of a customer's stream."""
    return f"customer-{customer_id}"


class CustomerReader:
    """Folds customers from the store; keys are asked for each time, so an erasure shows at once."""

    def __init__(self, store: EventStore, keys: Ciphers) -> None:
        self._store = store
        self._keys = keys

    def sealed(self) -> "CustomerReader":
        """Return a reader that opens nothing personal, and so needs no keys."""
        return CustomerReader(self._store, _Sealed())

    async def load(
        self, customer_id: UUID, *, version: int | None = None, as_of: Moment | None = None
    ) -> LoadedCustomer:
        """Return the customer now, at a version, or as of a moment.

        Raises:
            NotFoundError: no such customer, no such version, or not yet registered then.
            UnavailableError: the store or the key database does not answer.
        """
        steps = await self._steps(customer_id, version=version, as_of=as_of)
        first, last = steps[0].recorded, steps[-1].recorded
        return LoadedCustomer(
            customer_id,
            steps[-1].after,
            last.version,
            CODEC.subject_of(first) or "",
            last.txid,
            last.position,
            last.partition,
        )

    async def history(
        self, customer_id: UUID, *, version: int | None = None, as_of: Moment | None = None
    ) -> Sequence[HistoryStep]:
        """Return every step of the customer's life, oldest first: until now, or until then.

        Raises:
            NotFoundError: no such customer, no such version, or not yet registered then.
        """
        return await self._steps(customer_id, version=version, as_of=as_of)

    async def _steps(
        self, customer_id: UUID, *, version: int | None = None, as_of: Moment | None = None
    ) -> list[HistoryStep]:
        recorded = await self._store.load(stream_of(customer_id), version=version, as_of=as_of)
        if not recorded:
            raise _not_found(as_of=as_of)
        if version is not None and recorded[-1].version < version:
            raise _no_such_version(recorded[-1].version)
        decoded = await CODEC.decode(recorded, self._keys)
        steps = []
        before = NOBODY
        for record, event in zip(recorded, decoded, strict=True):
            after = before if event is None else evolve(before, cast("CustomerEvent", event))
            told = getattr(event, "personal", None)
            reason = told.reason if isinstance(told, Reason) else None
            steps.append(HistoryStep(record, before, after, reason))
            before = after
        return steps


class _Sealed:
    """Has no key of anybody."""

    async def read(self, kids: Iterable[str]) -> Mapping[str, AESGCM | None]:
        return dict.fromkeys(kids)


def _not_found(as_of: Moment | None) -> NotFoundError:
    if as_of is not None:
        return NotFoundError(
            "there was no such customer at that time",
            code="customer-not-found",
            field="as_of",
            fix="ask for a later time; the history shows when the customer was registered",
        )
    return no_such_customer()


def no_such_customer() -> NotFoundError:
    """Return what is said of a customer that is not there, and of one that may not be seen."""
    return NotFoundError(
        "there is no such customer",
        code="customer-not-found",
        fix="look for it with `daybook find TEXT` (GET /v1/customers?q=TEXT)",
    )


def _no_such_version(newest: int) -> NotFoundError:
    return NotFoundError(
        f"the customer has no such version; the newest is {newest}",
        code="version-not-found",
        field="version",
        fix=f"ask for a version from 1 to {newest}",
    )
