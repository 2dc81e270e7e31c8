"""What people do with customers: one function per command, each one transaction."""

from asyncio import Event as Signal
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from uuid6 import uuid7

from services.customers.application.loading import CustomerReader, LoadedCustomer, stream_of
from services.customers.domain.customer.commands import (
    AddCustomerEmail,
    CustomerCommand,
    NewEmail,
    RegisterCustomer,
    RemoveCustomerEmail,
    RenameCustomer,
)
from services.customers.domain.customer.events import CustomerEvent, CustomerKind
from services.customers.domain.customer.rules import NOBODY, decide, evolve
from services.customers.storage.codec import CODEC
from shared.clock import Clock
from shared.errors import VersionConflictError
from shared.events import EventToAppend, Origin
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import NOTHING_TO_REMEMBER, Appended, Remember
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing, current_traceparent
from shared.security.subject_keys import KeyPool, SubjectKey, SubjectKeys


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to: the customer as it is after it, and the token of having seen that."""

    customer: LoadedCustomer
    token: TokenPart
    is_replay: bool = False


class CustomerCommands:
    """Runs commands on customers."""

    def __init__(
        self,
        store: EventStore,
        reader: CustomerReader,
        keys: SubjectKeys,
        pool: KeyPool,
        clock: Clock,
        tracing: Tracing,
        appended: Signal,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        """Work on this store; `appended` is set after each commit, so that the relay wakes."""
        self._store = store
        self._reader = reader
        self._keys = keys
        self._pool = pool
        self._clock = clock
        self._tracing = tracing
        self._appended = appended
        self._metrics = metrics

    async def register_customer(
        self,
        kind: CustomerKind,
        name: str,
        addresses: Sequence[str],
        *,
        actor: str,
        remember: Remember | None = None,
    ) -> Outcome:
        """Register a person or organisation as version 1 of a new customer.

        Raises:
            RuleBrokenError: an address is listed twice.
            InvalidInputError: the idempotency key belongs to another request.
            UnavailableError: a server does not answer.
        """
        customer_id = uuid7()
        key = await self._pool.take()
        emails = tuple(NewEmail(uuid7(), address) for address in addresses)
        command = RegisterCustomer(kind, name, emails, key.commitment)
        events = decide(NOBODY, command)
        if remember is not None:
            remember = Remember(
                remember.key, remember.body_mac, 201, f"/v1/customers/{customer_id}"
            )
        before = LoadedCustomer(customer_id, NOBODY, 0, key.kid, 0, 0, 0)
        with self._metrics.command("RegisterCustomer"):
            return await self._append(before, events, key, actor, remember)

    async def rename_customer(
        self,
        customer_id: UUID,
        expected_version: int,
        name: str,
        *,
        actor: str,
        remember: Remember | None = None,
    ) -> Outcome:
        """Give the customer another name; the same name changes nothing (raises as `change`)."""
        command = RenameCustomer(name)
        return await self._change(customer_id, expected_version, command, actor, remember)

    async def add_customer_email(
        self,
        customer_id: UUID,
        expected_version: int,
        address: str,
        *,
        actor: str,
        remember: Remember | None = None,
    ) -> Outcome:
        """Add an e-mail address (raises as `change`)."""
        command = AddCustomerEmail(NewEmail(uuid7(), address))
        return await self._change(customer_id, expected_version, command, actor, remember)

    async def remove_customer_email(
        self, customer_id: UUID, expected_version: int, email_id: UUID, *, actor: str
    ) -> Outcome:
        """Take an e-mail address away (raises as `change`)."""
        command = RemoveCustomerEmail(email_id)
        return await self._change(customer_id, expected_version, command, actor, None)

    async def _change(
        self,
        customer_id: UUID,
        expected_version: int,
        command: CustomerCommand,
        actor: str,
        remember: Remember | None,
    ) -> Outcome:
        """Load, compare versions, decide, append; timed as one command.

        Raises:
            NotFoundError: no such customer, or no such e-mail.
            VersionConflictError: the customer is at another version than the caller read.
            RuleBrokenError: the business says no.
        """
        with self._metrics.command(type(command).__name__):
            return await self._decide(customer_id, expected_version, command, actor, remember)

    async def _decide(
        self,
        customer_id: UUID,
        expected_version: int,
        command: CustomerCommand,
        actor: str,
        remember: Remember | None,
    ) -> Outcome:
        # Loaded before the key is looked up: a twin that wins in between is found by its key, not
        # taken for somebody who was faster.
        before = await self._reader.load(customer_id)
        if remember is not None:
            answered = await self._store.remembered(remember)
            if answered is not None:
                return await self._replay(answered)
        if before.version != expected_version:
            raise VersionConflictError(
                f"you read version {expected_version}, the customer is at {before.version}",
                current_version=before.version,
                field="If-Match",
                fix="read it again, look at what changed, and send the change with the new ETag",
            )
        events = decide(before.customer, command)
        if not events and remember is None:
            epoch = await self._store.epoch()
            return Outcome(before, before.token(self._store.service, epoch))
        cipher = (await self._keys.read([before.kid]))[before.kid]
        if cipher is None:
            # Erased since it was loaded: loaded again, the rules refuse it.
            return await self._decide(customer_id, expected_version, command, actor, remember)
        key = SubjectKey(before.kid, b"", cipher, "")
        return await self._append(before, events, key, actor, remember)

    async def _append(
        self,
        before: LoadedCustomer,
        events: Sequence[CustomerEvent],
        key: SubjectKey,
        actor: str,
        remember: Remember | None,
    ) -> Outcome:
        with self._tracing.span("append"):
            origin = Origin(actor, uuid4(), traceparent=current_traceparent())
            appended = await self._store.append(
                stream_of(before.id),
                str(before.id),
                before.version,
                self._encoded(events, key),
                origin,
                self._clock.now(),
                remember or NOTHING_TO_REMEMBER,
            )
        self._appended.set()
        if appended.is_replay:
            return await self._replay(appended)
        customer = before.customer
        for event in events:
            customer = evolve(customer, event)
        token = (
            appended.token if events else before.token(self._store.service, appended.token.epoch)
        )
        after = LoadedCustomer(
            before.id, customer, appended.version, before.kid,
            token.txid, token.position, token.partition,
        )  # fmt: skip
        return Outcome(after, token)

    def _encoded(self, events: Sequence[CustomerEvent], key: SubjectKey) -> list[EventToAppend]:
        return [CODEC.encode(event, uuid7(), key) for event in events]

    async def _replay(self, appended: Appended) -> Outcome:
        """Return the first answer again: the customer as of the version that it led to."""
        customer_id = UUID(appended.stream.removeprefix("customer-"))
        customer = await self._reader.load(customer_id, version=appended.version)
        return Outcome(customer, appended.token, is_replay=True)
