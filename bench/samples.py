"""Both sides of a row get the same work: made here, before any clock runs, from one seed."""

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID, uuid4

from uuid6 import uuid7

from services.customers.application.loading import stream_of
from services.customers.domain.customer.contact_events import (
    CustomerEmailAdded,
    EmailAddress,
    EmailDetails,
)
from services.customers.domain.customer.events import (
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
    NameDetails,
    RegisteredDetails,
)
from services.customers.storage.codec import CODEC
from shared.authorization.people import DEMO_PEOPLE
from shared.events import EventToAppend, Origin
from shared.eventstore.writing import Remember, StreamAppend
from shared.security.subject_keys import SubjectKey

EVENT_BYTES = 500
SEED = 20_260_901
NOW = datetime(2026, 9, 1, 9, 30, 0, 123456, UTC)
GIVEN = ("Amélie", "Bao", "Chidi", "Dana", "Emre", "Farah", "Greta", "Hugo", "李娜", "王伟")
FAMILY = ("Anderson", "Baptiste", "Castellanos", "Dubois", "Eriksen", "Fitzgerald", "García")


def origin(*, is_sampled: bool = False, every_member: bool = False) -> Origin:
    """Return who asked, as a request over HTTP says it; or with every member there is."""
    traceparent = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-0{int(is_sampled)}"
    actor = DEMO_PEOPLE["alice"].subject
    if every_member:
        return Origin(actor, uuid4(), uuid4(), "erp-eu-1", traceparent)
    return Origin(actor, uuid4(), traceparent=traceparent)


def opaque_event() -> EventToAppend:
    """Return an event of 500 bytes, ready to be stored."""
    head = b'{"kind":"person","personal":"'
    filling = os.urandom(EVENT_BYTES).hex()[: EVENT_BYTES - len(head) - 2]
    return EventToAppend(uuid7(), "CustomerRegistered", 1, head + filling.encode() + b'"}')


def new_stream(event: EventToAppend | None = None) -> StreamAppend:
    """Return the append of one event to a stream that is not there yet."""
    customer_id = uuid7()
    return StreamAppend(stream_of(customer_id), str(customer_id), 0, [event or opaque_event()])


@dataclass(frozen=True, slots=True)
class Registration:
    """One customer to be registered, before a key is taken and the event is sealed."""

    customer_id: UUID
    name: str
    address: str
    origin: Origin
    remember: Remember

    def sealed(self, key: SubjectKey) -> EventToAppend:
        """Return its event as the service makes it."""
        email = EmailAddress(id=uuid7(), address=self.address)
        personal = RegisteredDetails(name=self.name, emails=(email,))
        event = CustomerRegistered(kind="person", key_commitment=key.commitment, personal=personal)
        return CODEC.encode(event, uuid7(), key)


def registrations(count: int) -> list[Registration]:
    """Return customers to register, each with an Idempotency-Key."""
    made = []
    for _ in range(count):
        customer_id = uuid7()
        name, address = _name(customer_id.int), f"{customer_id}@example.org"
        remember = Remember(
            sha256(customer_id.bytes).digest(),
            sha256(b"body" + customer_id.bytes).digest(),
            201,
            f"/v1/customers/{customer_id}",
        )
        made.append(Registration(customer_id, name, address, origin(), remember))
    return made


@dataclass(frozen=True, slots=True)
class Happened:
    """One event in the lives of many customers, in the order of the log."""

    customer: int
    version: int
    event: CustomerEvent


def lives(customers: int, events: int) -> list[Happened]:
    """Return what happens to customers: all are registered, then changed in no order."""
    drawn = random.Random(SEED)  # noqa: S311 - the same work in every run
    order = [number % customers for number in range(events)]
    drawn.shuffle(order)
    versions = [0] * customers
    lived = []
    for customer in order:
        versions[customer] += 1
        happened = _next_event(versions[customer], drawn.getrandbits(64))
        lived.append(Happened(customer, versions[customer], happened))
    return lived


def _next_event(version: int, draw: int) -> CustomerEvent:
    if version == 1:
        details = RegisteredDetails(name=_name(draw))
        return CustomerRegistered(kind="person", key_commitment="A" * 43, personal=details)
    if version % 4 == 0:
        email = EmailDetails(address=f"{draw}@example.org")
        return CustomerEmailAdded(email_id=UUID(int=draw), personal=email)
    return CustomerRenamed(personal=NameDetails(name=_name(draw)))


def as_appends(
    lived: Sequence[Happened], ids: Sequence[UUID], keys: Sequence[SubjectKey], size: int
) -> list[list[StreamAppend]]:
    """Return the same, sealed, as transactions of about `size` events in the order of the log."""
    transactions: list[list[StreamAppend]] = []
    pending: dict[int, list[Happened]] = {}
    for number, one in enumerate(lived, start=1):
        pending.setdefault(one.customer, []).append(one)
        if number % size == 0 or number == len(lived):
            transactions.append(
                [_stream_append(ids[c], keys[c], events) for c, events in pending.items()]
            )
            pending = {}
    return transactions


def _stream_append(
    customer_id: UUID, key: SubjectKey, happened: Sequence[Happened]
) -> StreamAppend:
    events = [CODEC.encode(one.event, uuid7(), key) for one in happened]
    before = happened[0].version - 1
    return StreamAppend(stream_of(customer_id), str(customer_id), before, events)


def _name(draw: int) -> str:
    return f"{GIVEN[draw % len(GIVEN)]} {FAMILY[draw % len(FAMILY)]} {draw % 9973}"
