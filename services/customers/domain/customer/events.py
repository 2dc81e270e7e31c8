"""What can happen to a customer; these models are the contract that other services read."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events import Event, Personal

CustomerKind = Literal["person", "organisation"]


class EmailAddress(Personal):
    """One e-mail address of a customer, with the id by which later changes name it."""

    id: UUID
    address: str


class RegisteredDetails(Personal):
    """What a registration says about the person or organisation."""

    name: str
    emails: tuple[EmailAddress, ...] = ()


class NameDetails(Personal):
    """A new name."""

    name: str


class EmailDetails(Personal):
    """An e-mail address."""

    address: str


class CustomerRegistered(Event):
    """A person or organisation became a customer.

    `key_commitment` is base64url(SHA-256("daybook-kc" ‖ subject key)): it proves, as long as the
    key exists, which key the personal fields of this customer were sealed with.
    """

    kind: CustomerKind
    key_commitment: str
    personal: RegisteredDetails | None = None


class CustomerRenamed(Event):
    """The customer's name changed."""

    personal: NameDetails | None = None


class CustomerEmailAdded(Event):
    """An e-mail address was added to the customer."""

    email_id: UUID
    personal: EmailDetails | None = None


class CustomerEmailRemoved(Event):
    """An e-mail address was taken away from the customer."""

    email_id: UUID


class CustomerErasureStarted(Event):
    """The customer will be erased, whatever happens next: no change is accepted any more."""


class CustomerErased(Event):
    """The customer's key was destroyed: nobody can read its personal fields, here or elsewhere.

    Whoever holds a copy of them deletes it, and forgets the key `kid` (as in the JWE's header).
    """

    erases_subject: ClassVar[bool] = True

    kid: str


CustomerEvent = (
    CustomerRegistered
    | CustomerRenamed
    | CustomerEmailAdded
    | CustomerEmailRemoved
    | CustomerErasureStarted
    | CustomerErased
)
