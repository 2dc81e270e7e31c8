"""How a customer can be reached, as events tell it: e-mail addresses, phones, postal addresses."""

from uuid import UUID

from shared.events import Event, Personal


class EmailDetails(Personal):
    """An e-mail address."""

    address: str
    """The address, as RFC 6531 writes it."""
    type: str | None = None
    """What it is for, for example work or home; not a closed list."""


class EmailAddress(EmailDetails):
    """One e-mail address of a customer, with the id by which later changes name it."""

    id: UUID
    """The id by which later events name this address."""


class PhoneDetails(Personal):
    """A phone number, as it was given and as it is dialled."""

    given: str
    """The number as somebody wrote it."""
    number: str
    """The number in E.164, for example +4930123456; an extension follows as ;ext=12 (RFC 3966)."""
    type: str | None = None
    """What it is for, for example work, mobile or fax; not a closed list."""


class PhoneNumber(PhoneDetails):
    """One phone number of a customer, with the id by which later changes name it."""

    id: UUID
    """The id by which later events name this number."""


class AddressDetails(Personal):
    """A postal address; at least one of its lines is there."""

    street: str | None = None
    """Street, house number and whatever else stands above the town, in one line or several."""
    city: str | None = None
    """The town."""
    postal_code: str | None = None
    """The postal code."""
    region: str | None = None
    """The state, province or canton."""
    country: str | None = None
    """The country, as ISO 3166-1 alpha-2."""
    type: str | None = None
    """What it is for, for example work, home or billing; not a closed list."""


class PostalAddress(AddressDetails):
    """One postal address of a customer, with the id by which later changes name it."""

    id: UUID
    """The id by which later events name this address."""


class CustomerEmailAdded(Event):
    """An e-mail address was added to the customer."""

    email_id: UUID
    """The id by which later events name this address."""
    personal: EmailDetails | None = None


class CustomerEmailChanged(Event):
    """An e-mail address of the customer was corrected, or is for something else now."""

    email_id: UUID
    """The id that the address came with."""
    personal: EmailDetails | None = None


class CustomerEmailRemoved(Event):
    """An e-mail address was taken away from the customer."""

    email_id: UUID
    """The id that the address came with."""


class CustomerPhoneAdded(Event):
    """A phone number was added to the customer."""

    phone_id: UUID
    """The id by which later events name this number."""
    personal: PhoneDetails | None = None


class CustomerPhoneChanged(Event):
    """A phone number of the customer was corrected, or is for something else now."""

    phone_id: UUID
    """The id that the number came with."""
    personal: PhoneDetails | None = None


class CustomerPhoneRemoved(Event):
    """A phone number was taken away from the customer."""

    phone_id: UUID
    """The id that the number came with."""


class CustomerAddressAdded(Event):
    """A postal address was added to the customer."""

    address_id: UUID
    """The id by which later events name this address."""
    personal: AddressDetails | None = None


class CustomerAddressChanged(Event):
    """A postal address of the customer was corrected, or is for something else now."""

    address_id: UUID
    """The id that the address came with."""
    personal: AddressDetails | None = None


class CustomerAddressRemoved(Event):
    """A postal address was taken away from the customer."""

    address_id: UUID
    """The id that the address came with."""


class CustomerPrimaryContactChosen(Event):
    """Of its kind (e-mail, phone, postal address) this one is tried first from now on.

    Until one is chosen, and when the chosen one is removed, it is the first that is listed.
    """

    contact_id: UUID
    """The id that the e-mail address, number or postal address came with."""


ContactEvent = (
    CustomerEmailAdded
    | CustomerEmailChanged
    | CustomerEmailRemoved
    | CustomerPhoneAdded
    | CustomerPhoneChanged
    | CustomerPhoneRemoved
    | CustomerAddressAdded
    | CustomerAddressChanged
    | CustomerAddressRemoved
    | CustomerPrimaryContactChosen
)
