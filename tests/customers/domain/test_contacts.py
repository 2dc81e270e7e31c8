"""How a customer can be reached: each way is listed once, and of each kind one comes first."""

from uuid import UUID

import pytest

from services.customers.domain.customer.commands import (
    AddContactPoint,
    ChangeContactPoint,
    RegisterCustomer,
    RemoveContactPoint,
)
from services.customers.domain.customer.contact_events import (
    AddressDetails,
    CustomerAddressAdded,
    CustomerEmailChanged,
    CustomerEmailRemoved,
    CustomerPhoneAdded,
    CustomerPhoneChanged,
    CustomerPrimaryContactChosen,
    EmailDetails,
    PhoneDetails,
)
from services.customers.domain.customer.contacts import MAX_CONTACTS
from services.customers.domain.customer.state import (
    ContactPoint,
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
)
from tests.customers.domain.stories import (
    ADA,
    COMMITMENT,
    HOME,
    OTHER,
    WORK,
    Story,
    a_customer,
    email_added,
)

DESK = CustomerPhone(OTHER, "030 123456", "+4930123456", "work")
DESK_ADDED = CustomerPhoneAdded(
    phone_id=OTHER, personal=PhoneDetails(given="030 123456", number="+4930123456", type="work")
)
FLAT = CustomerAddress(OTHER, "Am Markt 2", "Jena", None, None, "DE", "home")
TWICE: list[tuple[ContactPoint, ContactPoint, str]] = [
    (DESK, CustomerPhone(HOME, "+49 30 12 34 56", "+4930123456"), "phone-already-listed"),
    (FLAT, CustomerAddress(HOME, "AM MARKT 2", "jena", None, None, "DE"), "address-already-listed"),
]


def ada_with_two_addresses() -> Story:
    return a_customer().given(ADA, email_added(HOME, "ada@home.example"))


class TestEachKind:
    def test_a_phone_number_is_kept_as_given_and_as_it_is_dialled(self) -> None:
        story = a_customer().given(ADA).when(AddContactPoint(DESK)).then(DESK_ADDED)
        assert story.state.phones == (DESK,)
        assert story.state.primary_phone == DESK.id

    def test_a_postal_address_may_be_known_only_in_part(self) -> None:
        added = CustomerAddressAdded(address_id=OTHER, personal=AddressDetails(city="Jena"))
        jena = CustomerAddress(OTHER, city="Jena")
        story = a_customer().given(ADA).when(AddContactPoint(jena)).then(added)
        assert story.state.addresses == (jena,)

    @pytest.mark.parametrize(("one", "same", "code"), TWICE)
    def test_the_same_one_in_other_words_is_listed_once(
        self, one: ContactPoint, same: ContactPoint, code: str
    ) -> None:
        told = a_customer().given(ADA).when(AddContactPoint(one)).events
        a_customer().given(ADA, *told).when(AddContactPoint(same)).then_refused(code)
        phones = tuple(point for point in (one, same) if isinstance(point, CustomerPhone))
        flats = tuple(point for point in (one, same) if isinstance(point, CustomerAddress))
        register = RegisterCustomer("person", "Ada", (), COMMITMENT, phones=phones, addresses=flats)
        a_customer().when(register).then_refused(code)

    def test_each_kind_has_its_own_limit(self) -> None:
        phones = tuple(
            CustomerPhone(UUID(int=n), str(n), f"+4930{n:06}") for n in range(MAX_CONTACTS + 1)
        )
        register = RegisterCustomer("person", "Ada", (), COMMITMENT, phones=phones)
        assert a_customer().when(register).then_refused("too-many-phones").field == "phones"


class TestChanging:
    def test_a_corrected_number_keeps_its_id_and_its_place(self) -> None:
        mobile = CustomerPhone(HOME, "0171 1", "+491711")
        corrected = CustomerPhone(OTHER, "030 654321", "+4930654321", "work")
        changed = CustomerPhoneChanged(
            phone_id=OTHER,
            personal=PhoneDetails(given="030 654321", number="+4930654321", type="work"),
        )
        told = a_customer().given(ADA, DESK_ADDED).when(AddContactPoint(mobile)).events
        story = a_customer().given(ADA, DESK_ADDED, *told).when(ChangeContactPoint(corrected))
        assert story.then(changed).state.phones == (corrected, mobile)

    def test_the_same_again_changes_nothing(self) -> None:
        a_customer().given(ADA, DESK_ADDED).when(ChangeContactPoint(DESK)).then()

    def test_it_cannot_become_another_that_is_listed(self) -> None:
        story = ada_with_two_addresses()
        asked = story.when(ChangeContactPoint(CustomerEmail(HOME, "ADA@work.example")))
        asked.then_refused("email-already-listed")

    def test_its_own_address_may_be_written_otherwise(self) -> None:
        changed = CustomerEmailChanged(
            email_id=WORK, personal=EmailDetails(address="Ada@Work.example")
        )
        a_customer().given(ADA).when(
            ChangeContactPoint(CustomerEmail(WORK, "Ada@Work.example"))
        ).then(changed)

    def test_what_is_not_there_is_not_changed(self) -> None:
        refusal = a_customer().given(ADA).when(ChangeContactPoint(DESK))
        assert refusal.then_refused("phone-not-found").field == "phone_id"


class TestThePrimaryOne:
    def test_it_is_the_first_until_another_is_chosen(self) -> None:
        assert ada_with_two_addresses().state.primary_email == WORK
        new = CustomerEmail(OTHER, "ada@new.example")
        asked = ada_with_two_addresses().when(AddContactPoint(new, make_primary=True))
        chosen = CustomerPrimaryContactChosen(contact_id=OTHER)
        assert (
            asked.then(email_added(OTHER, "ada@new.example"), chosen).state.primary_email == OTHER
        )

    def test_one_that_is_listed_can_be_chosen_without_changing_it(self) -> None:
        listed = CustomerEmail(HOME, "ada@home.example")
        asked = ada_with_two_addresses().when(ChangeContactPoint(listed, make_primary=True))
        story = asked.then(CustomerPrimaryContactChosen(contact_id=HOME))
        story.when(ChangeContactPoint(listed, make_primary=True)).then()

    def test_when_it_goes_the_first_of_the_others_follows(self) -> None:
        chosen = CustomerPrimaryContactChosen(contact_id=HOME)
        story = ada_with_two_addresses().given(chosen)
        story = story.when(RemoveContactPoint(CustomerEmail, HOME)).then(
            CustomerEmailRemoved(email_id=HOME)
        )
        assert story.state.primary_email == WORK
        story = story.given(CustomerEmailRemoved(email_id=WORK))
        assert story.state.primary_email is None

    def test_what_was_never_listed_makes_no_difference(self) -> None:
        chosen = CustomerPrimaryContactChosen(contact_id=OTHER)
        assert ada_with_two_addresses().given(chosen).state == ada_with_two_addresses().state
