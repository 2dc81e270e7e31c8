"""A customer whose key was destroyed: the events stand, the personal fields are gone."""

import pytest

from services.customers.domain.customer.commands import (
    CustomerCommand,
    FinishCustomerErasure,
    RenameCustomer,
    StartCustomerErasure,
)
from services.customers.domain.customer.contact_events import (
    CustomerEmailAdded,
    CustomerEmailRemoved,
)
from services.customers.domain.customer.events import (
    CustomerErased,
    CustomerErasureStarted,
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
    NameDetails,
)
from services.customers.domain.customer.state import Customer
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
    remove_email,
)

ERASED = Customer("person", is_erased=True)
STARTED = CustomerErasureStarted()
FINISHED = CustomerErased(kid="reference")
CHANGES = [
    RenameCustomer("Ada King"),
    add_email(HOME, "ada@home.example"),
    remove_email(WORK),
]


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


@pytest.mark.parametrize("past", [[ERASED_ADA], [ADA, STARTED], [ADA, STARTED, FINISHED]])
@pytest.mark.parametrize("command", CHANGES, ids=lambda command: type(command).__name__)
def test_an_erased_customer_cannot_be_changed_and_is_told_who_can_help(
    past: list[CustomerEvent], command: CustomerCommand
) -> None:
    refusal = a_customer().given(*past).when(command).then_refused("customer-erased")
    assert refusal.status == 409
    assert refusal.who_can_help == "data protection"
    assert refusal.fix is not None


def test_an_erased_customer_cannot_be_registered_over() -> None:
    a_customer().given(ERASED_ADA).when(register()).then_refused("customer-already-registered")


def test_an_erasure_that_has_started_leaves_nothing_to_say_about_the_customer() -> None:
    story = a_customer().given(ADA, STARTED)
    assert story.state == Customer("person", is_erased=True, erasure="started")


def test_a_name_that_comes_after_the_erasure_is_not_taken() -> None:
    late = CustomerRenamed(personal=NameDetails(name="Ada King"))
    assert a_customer().given(ERASED_ADA, late).state == ERASED
    late_email = email_added(HOME, "ada@home.example")
    assert a_customer().given(ERASED_ADA, late_email).state == ERASED


def test_an_erasure_starts_once_and_finishes_once() -> None:
    start, finish = StartCustomerErasure(), FinishCustomerErasure("reference")
    a_customer().given(ADA).when(start).then(STARTED)
    a_customer().given(ERASED_ADA).when(start).then(STARTED)
    a_customer().given(ADA, STARTED).when(start).then()
    a_customer().given(ADA, STARTED).when(finish).then(FINISHED)
    a_customer().given(ADA, STARTED, FINISHED).when(finish).then()
    a_customer().given(ADA, STARTED, FINISHED).when(start).then()


def test_an_erasure_cannot_be_finished_before_it_has_started() -> None:
    finish = FinishCustomerErasure("reference")
    a_customer().given(ADA).when(finish).then_refused("erasure-not-started")
    a_customer().when(finish).then_refused("customer-not-registered")
    a_customer().when(StartCustomerErasure()).then_refused("customer-not-registered")
