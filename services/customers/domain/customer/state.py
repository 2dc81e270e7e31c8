"""One customer as its events made it: nothing of a person is left in it once it is erased."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from services.customers.domain.customer.events import CustomerKind, CustomValue, Stage


@dataclass(frozen=True, slots=True)
class CustomerEmail:
    """One e-mail address."""

    id: UUID
    address: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerPhone:
    """One phone number: as given, and in E.164."""

    id: UUID
    given: str
    number: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerAddress:
    """One postal address; the country as ISO 3166-1 alpha-2."""

    id: UUID
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    region: str | None = None
    country: str | None = None
    type: str | None = None


ContactPoint = CustomerEmail | CustomerPhone | CustomerAddress


@dataclass(frozen=True, slots=True)
class Link:
    """What a person is in an organisation, and when."""

    id: UUID
    organisation_id: UUID
    role: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something that somebody noted."""

    id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer, folded from its events; no kind means not registered yet.

    Of each kind of contact point one is primary: the one that was chosen, else the first. Of an
    erased one its kind is left, and its holds, which say nothing of a person, whenever the erasure
    came to light: what is left must not depend on which of its events were folded before. It
    counts as erased as soon as the erasure has started, because nothing stops it any more.
    """

    kind: CustomerKind | None = None
    name: str | None = None
    emails: tuple[CustomerEmail, ...] = ()
    is_erased: bool = False
    erasure: Literal["started", "finished"] | None = None
    phones: tuple[CustomerPhone, ...] = ()
    addresses: tuple[CustomerAddress, ...] = ()
    primary_email: UUID | None = None
    primary_phone: UUID | None = None
    primary_address: UUID | None = None
    tags: tuple[str, ...] = ()
    """Sorted without regard to case."""
    owner: UUID | None = None
    stage: Stage = "lead"
    custom: Mapping[str, CustomValue] = field(default_factory=dict)
    is_archived: bool = False
    links: tuple[Link, ...] = ()
    notes: tuple[Note, ...] = ()
    holds: tuple[UUID, ...] = ()
    is_withdrawn: bool = False


NOBODY = Customer()


def erased(customer: Customer) -> Customer:
    """Return what is left of the customer when it is erased."""
    return Customer(
        kind=customer.kind, is_erased=True, erasure=customer.erasure, holds=customer.holds
    )
