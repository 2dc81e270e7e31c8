"""A customer is erased once, for good, whatever dies between the steps (DESIGN §6).

The start is durable first and refuses every later command; then the erasure ledger has it, where no
restore of a database reaches; then the key is destroyed; then `CustomerErased` tells everybody.
Whoever finds an erasure that stopped in between goes on with it: each step does nothing if it is
done. Nothing personal is opened on the way.
"""

from asyncio import Event as Signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import cast
from uuid import UUID

from uuid6 import uuid7

from services.customers.application.loading import stream_of
from services.customers.application.outline import OWNING, TELLING, CustomerOutlines
from services.customers.application.permitting import Permit
from services.customers.domain.customer.commands import (
    FinishCustomerErasure,
    StartCustomerErasure,
)
from services.customers.domain.customer.rules import decide
from services.customers.domain.erasure.events import (
    ErasureCompleted,
    ErasureEvent,
    ErasureOpened,
    ErasureReason,
)
from services.customers.domain.erasure.rules import Erasure, evolve, note_answers
from services.customers.domain.field.rules import NO_FIELDS
from services.customers.storage.codec import CODEC
from shared.clock import Clock
from shared.errors import NotFoundError, VersionConflictError
from shared.events import Event, EventToAppend, Origin, RecordedEvent
from shared.eventstore.origins import origin_of
from shared.eventstore.store import EventStore
from shared.eventstore.writing import StreamAppend
from shared.security.erasure_ledger import ErasureLedger
from shared.security.ledger_file import LedgerLine
from shared.security.subject_keys import SubjectKeys

# Others may change the customer, or finish the same erasure, at the same moment.
TRIES = 20
STREAMS = "erasure-"


@dataclass(frozen=True, slots=True)
class OpenErasure:
    """An erasure with its version, and the event that opened it."""

    customer_id: UUID
    erasure: Erasure
    version: int
    opened: RecordedEvent


class CustomerErasures:
    """Erases customers, and goes on with erasures that stopped."""

    def __init__(
        self,
        store: EventStore,
        keys: SubjectKeys,
        ledger: ErasureLedger,
        clock: Clock,
        appended: Signal,
        *,
        before_key_is_destroyed: Callable[[UUID], Awaitable[None]] | None = None,
    ) -> None:
        """Work on this store; `appended` is set after each commit, so that the relay wakes.

        What must still read the person is called before the key is destroyed; it does nothing
        where it comes too late, and what it raises stops the erasure until it is tried again.
        """
        self._store = store
        self._outlines = CustomerOutlines(store)
        self._keys = keys
        self._ledger = ledger
        self._clock = clock
        self._appended = appended
        self.begun = Signal()
        """Set when an erasure has begun, so that whoever asks the holders asks soon."""
        self._before = before_key_is_destroyed

    async def erase_customer(
        self,
        customer_id: UUID,
        *,
        actor: str,
        reason: ErasureReason | None = None,
        is_done_again: bool = False,
        may: Permit | None = None,
    ) -> RecordedEvent:
        """Erase a customer and return its `CustomerErased`; asking twice erases once.

        Killed in between, a start or a watcher finishes it; so it does when a server is away.
        `may` is asked what the actor may do to the customer as it is; None: it was decided before.

        Raises:
            NotFoundError: no such customer, or none that the actor may see.
            NotPermittedError: the actor may see the customer, and not erase it.
            RuleBrokenError: a legal hold forbids it.
            VersionConflictError: others keep changing the customer; nothing was started.
            UnavailableError: a server does not answer, or the erasure ledger cannot be written; ask
                again to know whether it has started.
        """
        await self.refuse_without_ledger()
        await self._start(customer_id, StartCustomerErasure(is_done_again), actor, reason, may)
        return await self.finish(customer_id)

    async def refuse_without_ledger(self) -> None:
        """Raise UnavailableError unless the erasure ledger can be written now."""
        await self._ledger.refuse_unwritable()

    async def finish(self, customer_id: UUID) -> RecordedEvent:
        """Write the ledger, destroy the key and say so; return the customer's `CustomerErased`.

        Raises:
            NotFoundError: no erasure of this customer was opened.
            UnavailableError: a server does not answer, or the erasure ledger cannot be written; it
                is tried again by whoever watches.
        """
        its = await self.load(customer_id)
        kid = its.erasure.kid
        await self.note_in_ledger(its)
        if self._before is not None:
            await self._before(customer_id)
        # Also when it was done before: a key database that was restored has the key again.
        await self._keys.destroy([kid])
        for _ in range(TRIES):
            before = await self._outlines.load_end(customer_id)
            events = decide(before.customer, FinishCustomerErasure(kid))
            if not events:
                return before.last
            await self._append(its, stream_of(customer_id), before.version, events)
        raise _changes_all_the_time()

    async def load(self, customer_id: UUID) -> OpenErasure:
        """Return the erasure of this customer.

        Raises:
            NotFoundError: none was opened.
        """
        recorded = await self._store.load(f"{STREAMS}{customer_id}")
        if not recorded:
            raise NotFoundError(
                "no erasure of this customer was opened",
                code="erasure-not-found",
                fix="ask for the erasure first",
                who_can_help="data protection",
            )
        events = cast("list[ErasureEvent]", await CODEC.decode(recorded, self._keys))
        return OpenErasure(
            customer_id, reduce(evolve, events, Erasure("")), recorded[-1].version, recorded[0]
        )

    async def note_in_ledger(self, its: OpenErasure) -> LedgerLine:
        """Return the line of the erasure ledger, durable; it is added unless it is there.

        Raises:
            UnavailableError: the ledger cannot be written.
        """
        opened = its.opened
        return await self._ledger.add(
            str(its.customer_id), its.erasure.kid, opened.event_id, opened.recorded_at
        )

    async def incomplete(self) -> list[UUID]:
        """Return the customers whose erasure was opened and is not complete."""
        streams = await self._store.streams_lacking(STREAMS, ErasureCompleted.__name__)
        return [UUID(stream.removeprefix(STREAMS)) for stream in streams]

    async def note_answers(
        self, its: OpenErasure, holders: Sequence[str], answering: Sequence[str]
    ) -> None:
        """Store who of the `holders` has nothing left; another watcher may have done so before."""
        events = note_answers(its.erasure, holders, answering)
        if events:
            await self._append(its, f"{STREAMS}{its.customer_id}", its.version, events)

    async def confirm(self, customer_id: UUID, holders: Sequence[str], holder: str) -> None:
        """Store that one of the `holders` has nothing left; a second time changes nothing.

        Raises:
            NotFoundError: no erasure of this customer was opened.
            VersionConflictError: others keep answering at the same moment.
            UnavailableError: a server does not answer.
        """
        await self.finish(customer_id)
        for _ in range(TRIES):
            its = await self.load(customer_id)
            if holder in its.erasure.answered:
                return
            await self.note_answers(its, holders, [holder])
        raise _changes_all_the_time()

    async def _start(
        self,
        customer_id: UUID,
        command: StartCustomerErasure,
        actor: str,
        reason: ErasureReason | None,
        may: Permit | None,
    ) -> None:
        subject = str(customer_id)
        for _ in range(TRIES):
            before = await self._outlines.load(customer_id, TELLING if may is None else OWNING)
            if may is not None:
                may(NO_FIELDS).require_without_tags(customer_id, before.bare)
            events = decide(before.customer, command)
            if not events:
                return
            opened = ErasureOpened(kid=before.kid, reason=reason)
            origin = origin_of(actor)
            appends = [
                StreamAppend(stream_of(customer_id), subject, before.version, _new(events)),
                StreamAppend(f"{STREAMS}{subject}", subject, 0, _new([opened])),
            ]
            try:
                await self._store.append_many(appends, origin, self._clock.now())
            except VersionConflictError:
                continue
            self._appended.set()
            self.begun.set()
            return
        raise _changes_all_the_time()

    async def _append(
        self, its: OpenErasure, stream: str, version: int, events: Sequence[Event]
    ) -> None:
        """Append in the name of whoever opened the erasure, unless another was faster."""
        opened = its.opened
        origin = Origin(opened.origin.actor, opened.origin.correlation_id, opened.event_id)
        try:
            await self._store.append(
                stream, opened.subject, version, _new(events), origin, self._clock.now()
            )
        except VersionConflictError:
            return
        self._appended.set()


def _new(events: Sequence[Event]) -> list[EventToAppend]:
    return [CODEC.encode(event, uuid7()) for event in events]


def _changes_all_the_time() -> VersionConflictError:
    return VersionConflictError(
        "others keep changing this customer at the same moment", fix="ask for the erasure again"
    )
