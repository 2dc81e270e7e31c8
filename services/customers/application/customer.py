"""What people do with customers: registering one, changing one; each is one transaction."""

from asyncio import Event as Signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from uuid6 import uuid7

from services.customers.application.conflicts import version_conflict
from services.customers.application.field_declarations import FieldDeclarations
from services.customers.application.loading import CustomerReader, LoadedCustomer, stream_of
from services.customers.application.permitting import Permit, Writing, custom_of
from services.customers.domain.customer.commands import (
    CustomerCommand,
    LinkCustomer,
    RegisterCustomer,
    SetCustomerFields,
)
from services.customers.domain.customer.events import CustomerEvent
from services.customers.domain.customer.rules import decide, decide_all, evolve_all
from services.customers.domain.customer.state import NOBODY, Customer
from services.customers.storage.codec import CODEC
from shared.authorization.fields import FieldView
from shared.clock import Clock
from shared.errors import YOURSELF, RuleBrokenError
from shared.events import EventToAppend
from shared.eventstore.origins import origin_of
from shared.eventstore.store import EventStore
from shared.eventstore.tokens import TokenPart
from shared.eventstore.writing import NOTHING_TO_REMEMBER, Appended, Remember
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing
from shared.security.subject_keys import KeyPool, SubjectKey, SubjectKeys


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command led to: the customer as it is after it, and the token of having seen that."""

    customer: LoadedCustomer
    token: TokenPart
    now: LoadedCustomer | None = None
    """Of a replay: the customer as it is now, by which it is decided what is shown."""

    @property
    def is_replay(self) -> bool:
        """Whether this is the first answer again."""
        return self.now is not None


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
        self._fields = FieldDeclarations(store, clock)
        self._keys = keys
        self._pool = pool
        self._clock = clock
        self._tracing = tracing
        self._appended = appended
        self._metrics = metrics

    async def register_customer(
        self,
        command: RegisterCustomer,
        *,
        actor: str,
        may: Permit | None,
        remember: Remember | None = None,
    ) -> Outcome:
        """Register a person or organisation as version 1 of a new customer.

        The command gets its key commitment here, its custom values their stored form, and its
        owner, if it names none and nobody's may not be made: the person who registers it. `may`
        is asked what the actor may write; None: the service itself does it.

        Raises:
            NotPermittedError: the actor may not make such a customer.
            SeveralFieldsError: a custom value cannot be, or one that is required is missing.
            RuleBrokenError: an address is listed twice.
            InvalidInputError: the idempotency key belongs to another request.
            UnavailableError: a server does not answer.
        """
        customer_id = uuid7()
        given = command
        if may is not None:
            given = await self._permitted(may, customer_id, command)
        checked = await self._fields.check(given.custom, registering=True)
        custom = {name: value for name, value in checked.items() if value is not None}
        key = await self._pool.take()
        events = decide(NOBODY, replace(given, key_commitment=key.commitment, custom=custom))
        if remember is not None:
            remember = Remember(
                remember.key, remember.body_mac, 201, f"/v1/customers/{customer_id}"
            )
        before = LoadedCustomer(customer_id, NOBODY, 0, key.kid, 0, 0, 0)
        with self._metrics.command("RegisterCustomer"):
            return await self._append(before, events, key, actor, may, remember)

    async def change_customer(
        self,
        customer_id: UUID,
        expected_version: int,
        *commands: CustomerCommand,
        actor: str,
        may: Permit | None,
        remember: Remember | None = None,
    ) -> Outcome:
        """Load, compare versions, decide, append; several commands are one append.

        A change that changes nothing stores nothing. `may` is asked what the actor may write, of
        the version that is changed; None: the service itself does it.

        Raises:
            NotPermittedError: the actor may see the customer, and not change it like this.
            SeveralFieldsError: a custom value cannot be.
            NotFoundError: no such customer, or it has nothing with the id that a command names.
            VersionConflictError: the customer is at another version than the caller read.
            RuleBrokenError: the business says no.
        """
        with self._metrics.command(type(commands[0]).__name__):
            return await self._decide(customer_id, expected_version, commands, actor, may, remember)

    async def _permitted(
        self, may: Permit, customer_id: UUID, command: RegisterCustomer
    ) -> RegisterCustomer:
        """Return the command with its owner, if the actor may write all that it gives.

        Asked before a custom value is checked: what is told of it would tell the declaration.
        """
        writing = await self._now(may, command)
        given = replace(command, owner=writing.owner_of_new(command.owner))
        without_custom = decide(NOBODY, replace(given, custom={}))
        view = writing.require_new(customer_id, evolve_all(NOBODY, without_custom))
        writing.refuse_unseen(view, given)
        return given

    async def _now(self, may: Permit, *commands: CustomerCommand) -> Writing:
        """Return what the actor may write now, by what is known of the fields that they name."""
        fields = await self._fields.known()
        if any(custom_of(command) - fields.keys() for command in commands):
            fields = await self._fields.read_again()
        return may(fields)

    async def _checked(self, command: CustomerCommand, customer: Customer) -> CustomerCommand:
        """Return the command with custom values in their stored form."""
        if not isinstance(command, SetCustomerFields):
            return command
        values = await self._fields.check(
            command.values, registering=False, present=customer.custom
        )
        return SetCustomerFields(values)

    async def _must_be_organisation(self, organisation_id: UUID, may: Permit | None) -> None:
        organisation = (await self._reader.load(organisation_id)).customer
        if may is not None:
            (await self._now(may)).require_seen(organisation_id, organisation)
        if organisation.kind != "organisation" or organisation.is_withdrawn:
            raise RuleBrokenError(
                "a person has a role in an organisation, and this is none",
                code="not-an-organisation",
                field="organisation_id",
                fix="look for the organisation with GET /v1/customers?kind=organisation&q=NAME",
                who_can_help=YOURSELF,
            )

    async def _decide(
        self,
        customer_id: UUID,
        expected_version: int,
        commands: Sequence[CustomerCommand],
        actor: str,
        may: Permit | None,
        remember: Remember | None,
    ) -> Outcome:
        # Loaded before the key is looked up: a twin that wins in between is found by its key, not
        # taken for somebody who was faster.
        before = await self._reader.load(customer_id)
        view = None if may is None else await self._refuse(may, before, commands)
        if remember is not None:
            answered = await self._store.remembered(remember)
            if answered is not None:
                return await self._replay(answered, may)
        if before.version != expected_version:
            raise await version_conflict(self._reader, before, expected_version, commands, view)
        events = await self._events(before.customer, commands, may)
        if may is not None:
            after = evolve_all(before.customer, events)
            (await self._now(may)).require_change(customer_id, before.customer, after)
        if not events and remember is None:
            epoch = await self._store.epoch()
            return Outcome(before, before.token(self._store.service, epoch))
        cipher = (await self._keys.read([before.kid]))[before.kid]
        if cipher is None:
            # Erased since it was loaded: loaded again, the rules refuse it.
            return await self._decide(customer_id, expected_version, commands, actor, may, remember)
        key = SubjectKey(before.kid, b"", cipher, "")
        return await self._append(before, events, key, actor, may, remember)

    async def _refuse(
        self, may: Permit, before: LoadedCustomer, commands: Sequence[CustomerCommand]
    ) -> FieldView:
        """Refuse what the actor may not write of the customer as it is; return what it may."""
        writing = await self._now(may, *commands)
        view = writing.require(before.id, before.customer)
        for command in commands:
            writing.refuse_unseen(view, command)
        return view

    async def _events(
        self, customer: Customer, commands: Sequence[CustomerCommand], may: Permit | None
    ) -> Sequence[CustomerEvent]:
        for command in commands:
            if isinstance(command, LinkCustomer):
                await self._must_be_organisation(command.organisation_id, may)
        return decide_all(customer, [await self._checked(one, customer) for one in commands])

    async def _append(
        self,
        before: LoadedCustomer,
        events: Sequence[CustomerEvent],
        key: SubjectKey,
        actor: str,
        may: Permit | None,
        remember: Remember | None,
    ) -> Outcome:
        with self._tracing.span("append"):
            origin = origin_of(actor)
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
            return await self._replay(appended, may)
        customer = evolve_all(before.customer, events)
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

    async def _replay(self, appended: Appended, may: Permit | None) -> Outcome:
        """Return the first answer again: the customer as of the version that it led to.

        The right is asked for anew, of the customer as it is now.
        """
        customer_id = UUID(appended.stream.removeprefix("customer-"))
        customer = await self._reader.load(customer_id, version=appended.version)
        now = await self._reader.load(customer_id)
        if may is not None:
            (await self._now(may)).require(customer_id, now.customer)
        return Outcome(customer, appended.token, now)
