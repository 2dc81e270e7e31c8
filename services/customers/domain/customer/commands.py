"""What may be asked of a customer; ids are made before the command, so that deciding is pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.customers.domain.customer.events import CustomerKind, Stage
from services.customers.domain.customer.state import (
    ContactPoint,
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
)


@dataclass(frozen=True, slots=True)
class RegisterCustomer:
    """Make a person or organisation a customer, with whatever is known from the start."""

    kind: CustomerKind
    name: str
    emails: tuple[CustomerEmail, ...] = ()
    key_commitment: str = ""
    """Of the subject's key, which whoever runs the command takes."""
    phones: tuple[CustomerPhone, ...] = ()
    addresses: tuple[CustomerAddress, ...] = ()
    tags: tuple[str, ...] = ()
    stage: Stage | None = None
    owner: UUID | None = None
    custom: Mapping[str, object] = field(default_factory=dict)
    """As given; in the event they are as their declarations want them."""


@dataclass(frozen=True, slots=True)
class RenameCustomer:
    """Give the customer another name."""

    name: str


@dataclass(frozen=True, slots=True)
class ReclassifyCustomer:
    """Say that it is of the other kind."""

    kind: CustomerKind


@dataclass(frozen=True, slots=True)
class AddContactPoint:
    """Add an e-mail address, a phone number or a postal address."""

    point: ContactPoint
    make_primary: bool = False


@dataclass(frozen=True, slots=True)
class ChangeContactPoint:
    """Correct one that is listed; its id says which."""

    point: ContactPoint
    make_primary: bool = False


@dataclass(frozen=True, slots=True)
class RemoveContactPoint:
    """Take one away."""

    kind: type[ContactPoint]
    contact_id: UUID


@dataclass(frozen=True, slots=True)
class TagCustomer:
    """Add tags; those that are there already change nothing."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UntagCustomer:
    """Take tags away; those that are not there change nothing."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssignCustomer:
    """Let somebody, or nobody, look after the customer."""

    owner: UUID | None


@dataclass(frozen=True, slots=True)
class MoveCustomerToStage:
    """Say at which stage the customer is now; going back needs a reason."""

    stage: Stage
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SetCustomerFields:
    """Give custom fields other values (None: none any more).

    As given; in the event they are as their declarations want them.
    """

    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ArchiveCustomer:
    """Put the customer out of the way."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RestoreCustomer:
    """Bring an archived customer back."""


@dataclass(frozen=True, slots=True)
class LinkCustomer:
    """Say what the person is in an organisation."""

    link_id: UUID
    organisation_id: UUID
    role: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ChangeCustomerLink:
    """Correct the role or its time, or say when it ended."""

    link_id: UUID
    role: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class UnlinkCustomer:
    """Take a link away that should never have been there."""

    link_id: UUID


@dataclass(frozen=True, slots=True)
class AddCustomerNote:
    """Note something."""

    note_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class RemoveCustomerNote:
    """Take a note away."""

    note_id: UUID


@dataclass(frozen=True, slots=True)
class PlaceLegalHold:
    """Forbid the erasure of the customer until the hold is released."""

    hold_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseLegalHold:
    """Take one hold away."""

    hold_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class WithdrawCustomer:
    """Undo the registration."""


@dataclass(frozen=True, slots=True)
class StartCustomerErasure:
    """Accept no change any more; the customer's key is destroyed next."""

    is_done_again: bool = False
    """The ledger has this erasure, and a restored store shows holds that were released since."""


@dataclass(frozen=True, slots=True)
class FinishCustomerErasure:
    """Say that the customer's key, named by its reference, is destroyed."""

    kid: str


LifeCommand = (
    RenameCustomer
    | ReclassifyCustomer
    | TagCustomer
    | UntagCustomer
    | AssignCustomer
    | MoveCustomerToStage
    | SetCustomerFields
)
ContactCommand = AddContactPoint | ChangeContactPoint | RemoveContactPoint
RelationCommand = (
    LinkCustomer | ChangeCustomerLink | UnlinkCustomer | AddCustomerNote | RemoveCustomerNote
)
HoldCommand = PlaceLegalHold | ReleaseLegalHold
ChangeCommand = LifeCommand | ContactCommand | RelationCommand
EndCommand = WithdrawCustomer | StartCustomerErasure | FinishCustomerErasure
CustomerCommand = (
    RegisterCustomer | ChangeCommand | ArchiveCustomer | RestoreCustomer | HoldCommand | EndCommand
)
