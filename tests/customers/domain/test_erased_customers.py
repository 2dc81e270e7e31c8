"""A customer whose key was destroyed: the events stand, the personal fields are gone."""

import pytest

from services.customers.domain.customer.commands import (
    CustomerCommand,
    RemoveCustomerEmail,
    RenameCustomer,
)
from services.customers.domain.customer.events import (
    CustomerEmailAdded,
    CustomerEmailRemoved,
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
)
from services.customers.domain.customer.rules import Customer
from tests.customers.domain.stories import (
    ADA,
    ERASED_ADA,
    HOME,
    OTHER,
    WORK,
    a_customer,
    add_email,
    email_added,
    register,
)

ERASED = Customer("person", is_erased=True)


def test_a_registration_without_personal_fields_is_an_erased_customer() -> None:
    assert a_customer().given(ERASED_ADA).state == ERASED


def test_an_erased_organisation_is_still_known_as_an_organisation() -> None:
    registered = CustomerRegistered(kind="organisation", key_commitment="c")
    assert a_customer().given(registered).state.kind == "organisation"


def test_a_whole_life_without_personal_fields_can_be_folded() -> None:
    story = a_customer().given(
        ERASED_ADA,
        CustomerRenamed(),
        CustomerEmailAdded(email_id=WORK),
        CustomerEmailAdded(email_id=HOME),
        CustomerEmailRemoved(email_id=WORK),
    )
    assert story.state == ERASED


@pytest.mark.parametrize("event", [CustomerRenamed(), CustomerEmailAdded(email_id=OTHER)])
def test_one_event_without_its_personal_fields_erases_what_was_known_before(
    event: CustomerEvent,
) -> None:
    assert a_customer().given(ADA, email_added(HOME, "ada@home.example"), event).state == ERASED


@pytest.mark.parametrize(
    "command",
    [
        RenameCustomer("Ada King"),
        add_email(HOME, "ada@home.example"),
        RemoveCustomerEmail(WORK),
    ],
    ids=lambda command: type(command).__name__,
)
def test_an_erased_customer_cannot_be_changed_and_is_told_who_can_help(
    command: CustomerCommand,
) -> None:
    refusal = a_customer().given(ERASED_ADA).when(command).then_refused("customer-erased")
    assert refusal.status == 409
    assert refusal.who_can_help == "data protection"
    assert refusal.fix is not None


def test_an_erased_customer_cannot_be_registered_over() -> None:
    a_customer().given(ERASED_ADA).when(register()).then_refused("customer-already-registered")
