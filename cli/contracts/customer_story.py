"""The made-up life of one customer, in which every event about customers happens once."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from cli.contracts.stories import ADA, BEGINNING, KEY, KEY_BYTES, Told
from services.customers.domain.customer.contact_events import (
    AddressDetails,
    CustomerAddressAdded,
    CustomerAddressChanged,
    CustomerAddressRemoved,
    CustomerEmailAdded,
    CustomerEmailChanged,
    CustomerEmailRemoved,
    CustomerPhoneAdded,
    CustomerPhoneChanged,
    CustomerPhoneRemoved,
    CustomerPrimaryContactChosen,
    EmailAddress,
    EmailDetails,
    PhoneDetails,
    PhoneNumber,
    PostalAddress,
)
from services.customers.domain.customer.events import (
    CustomerArchived,
    CustomerAssigned,
    CustomerErased,
    CustomerErasureStarted,
    CustomerFieldsSet,
    CustomerLinkChanged,
    CustomerLinked,
    CustomerNoteAdded,
    CustomerNoteRemoved,
    CustomerReclassified,
    CustomerRegistered,
    CustomerRenamed,
    CustomerRestored,
    CustomerStageChanged,
    CustomerTagged,
    CustomerUnlinked,
    CustomerUntagged,
    CustomerWithdrawn,
    FieldValues,
    LegalHoldPlaced,
    LegalHoldReleased,
    LinkDetails,
    NameDetails,
    NoteText,
    Reason,
    RegisteredDetails,
    TagDetails,
)
from services.customers.domain.erasure.events import (
    ErasureCompleted,
    ErasureOpened,
    PersonalDataErased,
)
from shared.authorization.people import DEMO_PEOPLE
from shared.events import Event
from shared.projecting.canary import CanarySent
from shared.security.jwe import key_commitment


def _id(number: int) -> UUID:
    return UUID(f"01a2006f-5480-7942-b1bc-f30b55c85f{number:02x}")


_ALICE = UUID(DEMO_PEOPLE["alice"].subject)
_AT_WORK, _AT_HOME, _DESK, _MOBILE = _id(4), _id(5), _id(6), _id(7)
_OFFICE, _FLAT, _LINK, _NOTE, _HOLD = _id(8), _id(9), _id(10), _id(11), _id(12)
_EXAMPLE_WORKS = UUID("01a2006f-5470-7c11-8a52-0d6f5e3b7a10")

_REGISTERED = CustomerRegistered(
    kind="person",
    key_commitment=key_commitment(KEY_BYTES),
    stage="prospect",
    owner=_ALICE,
    personal=RegisteredDetails(
        name="Ada Example",
        emails=(EmailAddress(id=_AT_WORK, address="ada@work.example", type="work"),),
        phones=(PhoneNumber(id=_DESK, given="030 123456", number="+4930123456", type="work"),),
        addresses=(PostalAddress(id=_OFFICE, street="Beispielweg 1", city="Berlin", country="DE"),),
        tags=("fair 2026",),
        custom={"customer_since": "2026-01-05"},
    ),
)
_CONTACTS: Sequence[Event] = (
    CustomerEmailAdded(email_id=_AT_HOME, personal=EmailDetails(address="ada@home.example")),
    CustomerEmailChanged(
        email_id=_AT_HOME, personal=EmailDetails(address="ada@home.example", type="home")
    ),
    CustomerPrimaryContactChosen(contact_id=_AT_HOME),
    CustomerEmailRemoved(email_id=_AT_WORK),
    CustomerPhoneAdded(
        phone_id=_MOBILE, personal=PhoneDetails(given="+49 171 1234567", number="+491711234567")
    ),
    CustomerPhoneChanged(
        phone_id=_MOBILE,
        personal=PhoneDetails(given="+49 171 1234567", number="+491711234567", type="mobile"),
    ),
    CustomerPhoneRemoved(phone_id=_DESK),
    CustomerAddressAdded(
        address_id=_FLAT, personal=AddressDetails(street="Am Markt 2", city="Jena", country="DE")
    ),
    CustomerAddressChanged(
        address_id=_FLAT,
        personal=AddressDetails(
            street="Am Markt 2", city="Jena", postal_code="07743", country="DE", type="home"
        ),
    ),
    CustomerAddressRemoved(address_id=_OFFICE),
)
_LIFE: Sequence[Event] = (
    CustomerRenamed(personal=NameDetails(name="Ada Sample")),
    CustomerReclassified(kind="person"),
    CustomerTagged(personal=TagDetails(tags=("newsletter",))),
    CustomerUntagged(personal=TagDetails(tags=("fair 2026",))),
    CustomerAssigned(owner=UUID(DEMO_PEOPLE["leo"].subject)),
    CustomerStageChanged(stage="lead", personal=Reason(reason="The project was put off.")),
    CustomerFieldsSet(personal=FieldValues(values={"customer_since": None, "vip": True})),
    CustomerArchived(personal=Reason(reason="Moved abroad.")),
    CustomerRestored(),
    CustomerLinked(
        link_id=_LINK,
        organisation_id=_EXAMPLE_WORKS,
        personal=LinkDetails(role="Head of purchasing", since=date(2026, 1, 1)),
    ),
    CustomerLinkChanged(
        link_id=_LINK,
        personal=LinkDetails(
            role="Head of purchasing", since=date(2026, 1, 1), until=date(2026, 6, 30)
        ),
    ),
    CustomerUnlinked(link_id=_LINK),
    CustomerNoteAdded(note_id=_NOTE, personal=NoteText(text="Asks to be called after four.")),
    CustomerNoteRemoved(note_id=_NOTE),
)
_END: Sequence[Event] = (
    LegalHoldPlaced(hold_id=_HOLD, personal=Reason(reason="A claim is pending.")),
    LegalHoldReleased(hold_id=_HOLD, personal=Reason(reason="The claim was settled.")),
    CustomerWithdrawn(),
    CustomerErasureStarted(),
    CustomerErased(kid=KEY.kid),
)


def _ada(event: Event) -> Told:
    return Told(f"customer-{ADA}", str(ADA), DEMO_PEOPLE["alice"].subject, event)


def _erasure(event: Event) -> Told:
    return Told(f"erasure-{ADA}", str(ADA), DEMO_PEOPLE["alice"].subject, event)


def a_customer() -> Sequence[Told]:
    """Tell one customer's life, from the registration to the erasure."""
    return (
        *(_ada(event) for event in (_REGISTERED, *_CONTACTS, *_LIFE, *_END)),
        Told(
            "canary-customers",
            "canary-customers",
            DEMO_PEOPLE["customers"].subject,
            CanarySent(sent_at=BEGINNING),
        ),
        _erasure(ErasureOpened(kid=KEY.kid, reason="asked-by-the-person")),
        _erasure(PersonalDataErased(holder="read-models")),
        _erasure(ErasureCompleted()),
    )
