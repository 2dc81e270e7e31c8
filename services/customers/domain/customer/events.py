"""What can happen to a customer; these models are the contract that other services read."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events import Event, Personal

CustomerKind = Literal["person", "organisation"]


class EmailAddress(Personal):
    """One e-mail address of a customer, with the id by which later changes name it."""

    id: UUID
    """The id by which later events name this address."""
    address: str
    """The address, as RFC 6531 writes it."""


class RegisteredDetails(Personal):
    """What a registration says about the person or organisation."""

    name: str
    """The name of the person or organisation."""
    emails: tuple[EmailAddress, ...] = ()
    """The e-mail addresses that are known from the start, in the order given."""


class NameDetails(Personal):
    """A new name."""

    name: str
    """The name from now on."""


class EmailDetails(Personal):
    """An e-mail address."""

    address: str
    """The address, as RFC 6531 writes it."""


class CustomerRegistered(Event):
    """A person or organisation became a customer."""

    kind: CustomerKind
    """Whether the customer is a person or an organisation."""
    key_commitment: str
    """base64url(SHA-256("daybook-kc" ‖ subject key)): it proves, as long as the key exists, which
    key the personal fields of this customer were sealed with."""
    personal: RegisteredDetails | None = None


class CustomerRenamed(Event):
    """The customer's name changed."""

    personal: NameDetails | None = None


class CustomerEmailAdded(Event):
    """An e-mail address was added to the customer."""

    email_id: UUID
    """The id by which later events name this address."""
    personal: EmailDetails | None = None


class CustomerEmailRemoved(Event):
    """An e-mail address was taken away from the customer."""

    email_id: UUID
    """The id that the address came with."""


class CustomerErasureStarted(Event):
    """The customer will be erased, whatever happens next: no change is accepted any more."""


class CustomerErased(Event):
    """The customer's key was destroyed: nobody can read its personal fields, here or elsewhere.

    Whoever holds a copy of them deletes it, and forgets the key.
    """

    erases_subject: ClassVar[bool] = True

    kid: str
    """The reference of the destroyed key, as in the header of every JWE that it sealed."""


CustomerEvent = (
    CustomerRegistered
    | CustomerRenamed
    | CustomerEmailAdded
    | CustomerEmailRemoved
    | CustomerErasureStarted
    | CustomerErased
)
