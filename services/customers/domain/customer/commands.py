"""What may be asked of a customer; ids are made before the command, so that deciding is pure."""

from dataclasses import dataclass
from uuid import UUID

from services.customers.domain.customer.events import CustomerKind


@dataclass(frozen=True, slots=True)
class NewEmail:
    """An e-mail address with the id that it will keep."""

    id: UUID
    address: str


@dataclass(frozen=True, slots=True)
class RegisterCustomer:
    """Make a person or organisation a customer."""

    kind: CustomerKind
    name: str
    emails: tuple[NewEmail, ...]
    key_commitment: str


@dataclass(frozen=True, slots=True)
class RenameCustomer:
    """Give the customer another name."""

    name: str


@dataclass(frozen=True, slots=True)
class AddCustomerEmail:
    """Add an e-mail address."""

    email: NewEmail


@dataclass(frozen=True, slots=True)
class RemoveCustomerEmail:
    """Take an e-mail address away."""

    email_id: UUID


@dataclass(frozen=True, slots=True)
class StartCustomerErasure:
    """Accept no change any more; the customer's key is destroyed next."""


@dataclass(frozen=True, slots=True)
class FinishCustomerErasure:
    """Say that the customer's key, named by its reference, is destroyed."""

    kid: str


CustomerCommand = (
    RegisterCustomer
    | RenameCustomer
    | AddCustomerEmail
    | RemoveCustomerEmail
    | StartCustomerErasure
    | FinishCustomerErasure
)
