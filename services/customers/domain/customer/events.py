"""What can happen to a customer; these models are the contract that other services read."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from services.customers.domain.customer.contact_events import (
    ContactEvent,
    EmailAddress,
    PhoneNumber,
    PostalAddress,
)
from shared.events import Event, Personal

CustomerKind = Literal["person", "organisation"]
Stage = Literal["lead", "prospect", "active", "dormant", "closed"]
CustomValue = str | bool | tuple[str, ...]
"""A text, a date (ISO 8601), an exact decimal number as text, yes or no, or several choices."""


class RegisteredDetails(Personal):
    """What a registration says about the person or organisation."""

    name: str
    """The name of the person or organisation."""
    emails: tuple[EmailAddress, ...] = ()
    """The e-mail addresses that are known from the start, in the order given."""
    phones: tuple[PhoneNumber, ...] = ()
    """The phone numbers that are known from the start, in the order given."""
    addresses: tuple[PostalAddress, ...] = ()
    """The postal addresses that are known from the start, in the order given."""
    tags: tuple[str, ...] = ()
    """The tags that are known from the start."""
    custom: Mapping[str, CustomValue] = {}
    """The values of custom fields that are known from the start, by the field's name."""


class NameDetails(Personal):
    """A new name."""

    name: str
    """The name from now on."""


class TagDetails(Personal):
    """Some tags."""

    tags: tuple[str, ...]
    """The tags, as they are written."""


class Reason(Personal):
    """Why somebody did it."""

    reason: str
    """The reason, in the words of who did it."""


class FieldValues(Personal):
    """Values of custom fields."""

    values: Mapping[str, CustomValue | None]
    """The new value by the field's name; null where the field has none any more."""


class LinkDetails(Personal):
    """What a person is in an organisation, and when."""

    role: str
    """The role, for example head of purchasing."""
    since: date | None = None
    """The first day, if it is known."""
    until: date | None = None
    """The last day, if it ended or will end."""


class NoteText(Personal):
    """A note."""

    text: str
    """The text, up to 10,000 characters, in several lines."""


class CustomerRegistered(Event):
    """A person or organisation became a customer."""

    kind: CustomerKind
    """Whether the customer is a person or an organisation."""
    key_commitment: str
    """base64url(SHA-256("daybook-kc" ‖ subject key)): it proves, as long as the key exists, which
    key the personal fields of this customer were sealed with."""
    stage: Stage | None = None
    """The stage of its life as a customer; lead if nothing is said."""
    owner: UUID | None = None
    """Who looks after the customer; nobody if nothing is said."""
    personal: RegisteredDetails | None = None


class CustomerRenamed(Event):
    """The customer's name changed."""

    personal: NameDetails | None = None


class CustomerReclassified(Event):
    """The customer turned out to be of the other kind."""

    kind: CustomerKind
    """Whether the customer is a person or an organisation."""


class CustomerTagged(Event):
    """The customer got one tag or more."""

    personal: TagDetails | None = None


class CustomerUntagged(Event):
    """The customer lost one tag or more."""

    personal: TagDetails | None = None


class CustomerAssigned(Event):
    """Somebody else, or nobody, looks after the customer from now on."""

    owner: UUID | None = None
    """Who looks after the customer; absent: nobody."""


class CustomerStageChanged(Event):
    """The customer is at another stage of its life as a customer."""

    stage: Stage
    """The stage from now on."""
    personal: Reason | None = None


class CustomerFieldsSet(Event):
    """Custom fields of the customer got other values."""

    personal: FieldValues | None = None


class CustomerArchived(Event):
    """The customer is out of the way: not in lists unless asked for, and not changed."""

    personal: Reason | None = None


class CustomerRestored(Event):
    """The customer is no longer archived."""


class CustomerLinked(Event):
    """The person has, had or will have a role in an organisation."""

    link_id: UUID
    """The id by which later events name this link."""
    organisation_id: UUID
    """The organisation, a customer too."""
    personal: LinkDetails | None = None


class CustomerLinkChanged(Event):
    """The role or its time was corrected, or it ended."""

    link_id: UUID
    """The id that the link came with."""
    personal: LinkDetails | None = None


class CustomerUnlinked(Event):
    """The link should never have been there."""

    link_id: UUID
    """The id that the link came with."""


class CustomerNoteAdded(Event):
    """Somebody noted something about the customer."""

    note_id: UUID
    """The id by which later events name this note."""
    personal: NoteText | None = None


class CustomerNoteRemoved(Event):
    """A note was taken away; the history keeps it."""

    note_id: UUID
    """The id that the note came with."""


class LegalHoldPlaced(Event):
    """The customer must not be erased as long as this hold stands."""

    hold_id: UUID
    """The id by which the hold is released."""
    personal: Reason | None = None


class LegalHoldReleased(Event):
    """One reason less not to erase the customer."""

    hold_id: UUID
    """The id that the hold came with."""
    personal: Reason | None = None


class CustomerWithdrawn(Event):
    """The registration was undone with the import that it came with: it should not have been."""


class CustomerErasureStarted(Event):
    """The customer will be erased, whatever happens next: no change is accepted any more."""


class CustomerErased(Event):
    """The customer's key was destroyed: nobody can read its personal fields, here or elsewhere.

    Whoever holds a copy of them deletes it, and forgets the key.
    """

    erases_subject: ClassVar[bool] = True

    kid: str
    """The reference of the destroyed key, as in the header of every JWE that it sealed."""


LifeEvent = (
    CustomerRenamed
    | CustomerReclassified
    | CustomerTagged
    | CustomerUntagged
    | CustomerAssigned
    | CustomerStageChanged
    | CustomerFieldsSet
    | CustomerArchived
    | CustomerRestored
)
RelationEvent = (
    CustomerLinked
    | CustomerLinkChanged
    | CustomerUnlinked
    | CustomerNoteAdded
    | CustomerNoteRemoved
    | LegalHoldPlaced
    | LegalHoldReleased
)
EndEvent = CustomerWithdrawn | CustomerErasureStarted | CustomerErased
CustomerEvent = CustomerRegistered | LifeEvent | ContactEvent | RelationEvent | EndEvent
