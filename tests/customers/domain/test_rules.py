"""What may be asked of a customer, and what follows."""

from uuid import UUID

import pytest

from services.customers.domain.customer.commands import (
    CustomerCommand,
    RegisterCustomer,
    RenameCustomer,
)
from services.customers.domain.customer.contact_events import CustomerEmailRemoved, EmailAddress
from services.customers.domain.customer.contacts import MAX_CONTACTS
from services.customers.domain.customer.events import (
    CustomerKind,
    CustomerRegistered,
    CustomerRenamed,
    NameDetails,
    RegisteredDetails,
)
from services.customers.domain.customer.state import Customer, CustomerEmail
from tests.customers.domain.stories import (
    ADA,
    COMMITMENT,
    HOME,
    OTHER,
    WORK,
    a_customer,
    add_email,
    email_added,
    register,
    remove_email,
)

FULL = [email_added(UUID(int=n), f"ada{n}@work.example") for n in range(2, MAX_CONTACTS + 1)]


class TestRegistering:
    def test_a_registration_is_one_event_however_many_fields_it_has(self) -> None:
        a_customer().when(register("ada@work.example")).then(ADA)

    @pytest.mark.parametrize("kind", ["person", "organisation"])
    def test_a_customer_is_a_person_or_an_organisation(self, kind: CustomerKind) -> None:
        command = RegisterCustomer(kind, "Ada", (), COMMITMENT)
        registered = CustomerRegistered(
            kind=kind, key_commitment=COMMITMENT, personal=RegisteredDetails(name="Ada")
        )
        story = a_customer().when(command).then(registered)
        assert story.state == Customer(kind, "Ada")

    def test_a_registered_customer_has_its_name_and_addresses(self) -> None:
        story = a_customer().given(ADA)
        emails = (CustomerEmail(WORK, "ada@work.example"),)
        assert story.state == Customer("person", "Ada", emails, primary_email=WORK)

    def test_a_customer_cannot_be_registered_twice(self) -> None:
        a_customer().given(ADA).when(register()).then_refused("customer-already-registered")

    def test_an_address_is_listed_once_whatever_its_case(self) -> None:
        asked = a_customer().when(register("ada@work.example", "ADA@Work.example"))
        refusal = asked.then_refused("email-already-listed")
        assert refusal.field == "emails"
        assert refusal.fix is not None

    def test_a_customer_can_have_as_many_addresses_as_are_allowed(self) -> None:
        addresses = [f"ada{n}@work.example" for n in range(1, MAX_CONTACTS + 1)]
        emails = tuple(EmailAddress(id=UUID(int=n), address=a) for n, a in enumerate(addresses, 1))
        details = RegisteredDetails(name="Ada", emails=emails)
        registered = CustomerRegistered(kind="person", key_commitment=COMMITMENT, personal=details)
        a_customer().when(register(*addresses)).then(registered)

    def test_a_customer_cannot_have_one_address_more(self) -> None:
        addresses = [f"ada{n}@work.example" for n in range(MAX_CONTACTS + 1)]
        refusal = a_customer().when(register(*addresses)).then_refused("too-many-emails")
        assert str(MAX_CONTACTS) in refusal.detail


class TestRenaming:
    def test_a_renamed_customer_has_the_new_name_and_keeps_the_rest(self) -> None:
        renamed = CustomerRenamed(personal=NameDetails(name="Ada King"))
        story = a_customer().given(ADA).when(RenameCustomer("Ada King")).then(renamed)
        assert story.state.name == "Ada King"
        assert [email.address for email in story.state.emails] == ["ada@work.example"]

    def test_renaming_to_the_same_name_changes_nothing(self) -> None:
        a_customer().given(ADA).when(RenameCustomer("Ada")).then()

    def test_another_case_is_another_name(self) -> None:
        renamed = CustomerRenamed(personal=NameDetails(name="ADA"))
        a_customer().given(ADA).when(RenameCustomer("ADA")).then(renamed)


class TestAddingAnEmail:
    def test_an_added_address_comes_last(self) -> None:
        added = email_added(HOME, "ada@home.example")
        story = a_customer().given(ADA).when(add_email(HOME, "ada@home.example")).then(added)
        assert [email.id for email in story.state.emails] == [WORK, HOME]

    def test_an_address_that_is_listed_is_not_added_again(self) -> None:
        asked = a_customer().given(ADA).when(add_email(HOME, "Ada@Work.Example"))
        assert asked.then_refused("email-already-listed").field == "address"

    def test_letters_that_only_differ_in_case_are_the_same_in_every_script(self) -> None:
        story = a_customer().given(ADA, email_added(HOME, "straße@work.example"))
        asked = story.when(add_email(OTHER, "STRASSE@work.example"))
        asked.then_refused("email-already-listed")

    def test_the_last_allowed_address_can_be_added(self) -> None:
        added = email_added(HOME, "ada@home.example")
        story = a_customer().given(ADA, *FULL[:-1])
        story.when(add_email(HOME, "ada@home.example")).then(added)

    def test_one_address_more_is_refused(self) -> None:
        asked = a_customer().given(ADA, *FULL).when(add_email(OTHER, "ada@home.example"))
        assert asked.then_refused("too-many-emails").field == "address"

    def test_room_can_be_made_by_removing_one(self) -> None:
        story = a_customer().given(ADA, *FULL, CustomerEmailRemoved(email_id=WORK))
        added = email_added(OTHER, "ada@home.example")
        story.when(add_email(OTHER, "ada@home.example")).then(added)


class TestRemovingAnEmail:
    def test_a_removed_address_is_gone_and_the_others_stay(self) -> None:
        removed = CustomerEmailRemoved(email_id=WORK)
        story = a_customer().given(ADA, email_added(HOME, "ada@home.example"))
        story = story.when(remove_email(WORK)).then(removed)
        assert [email.id for email in story.state.emails] == [HOME]

    def test_the_last_address_can_be_removed(self) -> None:
        removed = CustomerEmailRemoved(email_id=WORK)
        story = a_customer().given(ADA).when(remove_email(WORK)).then(removed)
        assert story.state.emails == ()

    def test_a_removed_address_can_be_added_again(self) -> None:
        added = email_added(HOME, "ada@work.example")
        story = a_customer().given(ADA, CustomerEmailRemoved(email_id=WORK))
        story.when(add_email(HOME, "ada@work.example")).then(added)

    def test_an_address_that_is_not_there_cannot_be_removed(self) -> None:
        refusal = a_customer().given(ADA).when(remove_email(HOME)).then_refused("email-not-found")
        assert refusal.status == 404
        assert refusal.field == "email_id"

    def test_an_address_is_removed_only_once(self) -> None:
        story = a_customer().given(ADA, CustomerEmailRemoved(email_id=WORK))
        story.when(remove_email(WORK)).then_refused("email-not-found")


@pytest.mark.parametrize(
    "command",
    [RenameCustomer("Ada"), add_email(WORK, "ada@work.example"), remove_email(WORK)],
    ids=lambda command: type(command).__name__,
)
def test_who_is_not_registered_cannot_be_changed(command: CustomerCommand) -> None:
    a_customer().when(command).then_refused("customer-not-registered")
