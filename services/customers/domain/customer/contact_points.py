"""Every kind of contact point has one place: its list, its words, the events that tell of it."""

from dataclasses import dataclass
from typing import Any, Final, assert_never
from uuid import UUID

from services.customers.domain.customer.contact_events import (
    AddressDetails,
    ContactEvent,
    CustomerAddressAdded,
    CustomerAddressChanged,
    CustomerAddressRemoved,
    CustomerEmailAdded,
    CustomerEmailChanged,
    CustomerEmailRemoved,
    CustomerPhoneAdded,
    CustomerPhoneChanged,
    CustomerPhoneRemoved,
    EmailAddress,
    EmailDetails,
    PhoneDetails,
    PhoneNumber,
    PostalAddress,
)
from services.customers.domain.customer.state import (
    ContactPoint,
    Customer,
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
)

ContactKind = type[CustomerEmail] | type[CustomerPhone] | type[CustomerAddress]


@dataclass(frozen=True, slots=True)
class KindOfContact:
    """How one kind of contact point is called."""

    code: str
    """In codes and ids: email-not-found, email_id."""
    plural: str
    """The field of a customer that lists them."""
    value: str
    """The field of a request that tells one from another."""
    words: str
    """What a person calls it."""

    @property
    def primary(self) -> str:
        """The field of a customer that names the primary one."""
        return f"primary_{self.code}"


KINDS: Final[dict[type, KindOfContact]] = {
    CustomerEmail: KindOfContact("email", "emails", "address", "e-mail address"),
    CustomerPhone: KindOfContact("phone", "phones", "number", "phone number"),
    CustomerAddress: KindOfContact("address", "addresses", "street", "postal address"),
}


def points_of(customer: Customer, kind: type) -> tuple[ContactPoint, ...]:
    """Return the customer's contact points of one kind, in the order in which they were added."""
    points: tuple[ContactPoint, ...] = getattr(customer, KINDS[kind].plural)
    return points


def identity(point: ContactPoint) -> object:
    """Return what two contact points have in common when they are the same one."""
    match point:
        case CustomerEmail():
            return point.address.casefold()
        case CustomerPhone():
            return point.number
        case CustomerAddress():
            lines = (point.street, point.city, point.postal_code, point.region, point.country)
            return tuple((line or "").casefold() for line in lines)
        case _:
            assert_never(point)


def point_told(
    contact_id: UUID, told: EmailDetails | PhoneDetails | AddressDetails
) -> ContactPoint:
    """Return the contact point that an event tells of."""
    match told:
        case EmailDetails():
            return CustomerEmail(contact_id, told.address, told.type)
        case PhoneDetails():
            return CustomerPhone(contact_id, told.given, told.number, told.type)
        case AddressDetails():
            return CustomerAddress(
                contact_id, told.street, told.city, told.postal_code, told.region, told.country,
                told.type,
            )  # fmt: skip
        case _:
            assert_never(told)


def as_registered(
    emails: tuple[CustomerEmail, ...],
    phones: tuple[CustomerPhone, ...],
    addresses: tuple[CustomerAddress, ...],
) -> tuple[tuple[EmailAddress, ...], tuple[PhoneNumber, ...], tuple[PostalAddress, ...]]:
    """Return them as a registration tells of them."""
    return (
        tuple(EmailAddress(id=e.id, address=e.address, type=e.type) for e in emails),
        tuple(PhoneNumber(id=p.id, given=p.given, number=p.number, type=p.type) for p in phones),
        tuple(PostalAddress(**_slots(a)) for a in addresses),
    )


def added(point: ContactPoint) -> ContactEvent:
    """Return the event that it was added."""
    match point:
        case CustomerEmail():
            return CustomerEmailAdded(email_id=point.id, personal=_email(point))
        case CustomerPhone():
            return CustomerPhoneAdded(phone_id=point.id, personal=_phone(point))
        case CustomerAddress():
            return CustomerAddressAdded(address_id=point.id, personal=_address(point))
        case _:
            assert_never(point)


def changed(point: ContactPoint) -> ContactEvent:
    """Return the event that it was changed."""
    match point:
        case CustomerEmail():
            return CustomerEmailChanged(email_id=point.id, personal=_email(point))
        case CustomerPhone():
            return CustomerPhoneChanged(phone_id=point.id, personal=_phone(point))
        case CustomerAddress():
            return CustomerAddressChanged(address_id=point.id, personal=_address(point))
        case _:
            assert_never(point)


def removed(point: ContactPoint) -> ContactEvent:
    """Return the event that it was taken away."""
    match point:
        case CustomerEmail():
            return CustomerEmailRemoved(email_id=point.id)
        case CustomerPhone():
            return CustomerPhoneRemoved(phone_id=point.id)
        case CustomerAddress():
            return CustomerAddressRemoved(address_id=point.id)
        case _:
            assert_never(point)


def _email(point: CustomerEmail) -> EmailDetails:
    return EmailDetails(address=point.address, type=point.type)


def _phone(point: CustomerPhone) -> PhoneDetails:
    return PhoneDetails(given=point.given, number=point.number, type=point.type)


def _address(point: CustomerAddress) -> AddressDetails:
    return AddressDetails.model_validate(_slots(point))


def _slots(point: CustomerAddress) -> dict[str, Any]:
    # dataclasses.asdict copies deep, which takes ten times as long.
    return {slot: getattr(point, slot) for slot in point.__slots__}
