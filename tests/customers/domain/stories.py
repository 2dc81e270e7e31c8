"""Stories about one customer begin here; the people in them are made up."""

from typing import TypeAlias
from uuid import UUID

from services.customers.domain.customer.commands import (
    AddCustomerEmail,
    CustomerCommand,
    NewEmail,
    RegisterCustomer,
)
from services.customers.domain.customer.events import (
    CustomerEmailAdded,
    CustomerEvent,
    CustomerRegistered,
    EmailAddress,
    EmailDetails,
    RegisteredDetails,
)
from services.customers.domain.customer.rules import NOBODY, Customer, decide, evolve
from shared.testing.scenario import Scenario

Story: TypeAlias = Scenario[Customer, CustomerCommand, CustomerEvent]

WORK, HOME, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
COMMITMENT = "of the subject's key"

ADA = CustomerRegistered(
    kind="person",
    key_commitment=COMMITMENT,
    personal=RegisteredDetails(
        name="Ada", emails=(EmailAddress(id=WORK, address="ada@work.example"),)
    ),
)
ERASED_ADA = CustomerRegistered(kind="person", key_commitment=COMMITMENT)


def a_customer() -> Story:
    """Begin with nobody."""
    return Scenario(NOBODY, decide, evolve)


def register(*addresses: str) -> RegisterCustomer:
    """Ask for Ada with these addresses, numbered from 1."""
    emails = tuple(NewEmail(UUID(int=n), address) for n, address in enumerate(addresses, start=1))
    return RegisterCustomer("person", "Ada", emails, COMMITMENT)


def add_email(email_id: UUID, address: str) -> AddCustomerEmail:
    return AddCustomerEmail(NewEmail(email_id, address))


def email_added(email_id: UUID, address: str) -> CustomerEmailAdded:
    return CustomerEmailAdded(email_id=email_id, personal=EmailDetails(address=address))
