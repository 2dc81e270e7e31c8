"""Stories about one customer begin here; the people in them are made up."""

from typing import TypeAlias
from uuid import UUID

from services.customers.domain.customer.commands import (
    AddContactPoint,
    CustomerCommand,
    RegisterCustomer,
    RemoveContactPoint,
)
from services.customers.domain.customer.contact_events import (
    CustomerEmailAdded,
    EmailAddress,
    EmailDetails,
)
from services.customers.domain.customer.events import (
    CustomerEvent,
    CustomerRegistered,
    RegisteredDetails,
)
from services.customers.domain.customer.rules import decide, evolve
from services.customers.domain.customer.state import NOBODY, Customer, CustomerEmail
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
    emails = tuple(
        CustomerEmail(UUID(int=n), address) for n, address in enumerate(addresses, start=1)
    )
    return RegisterCustomer("person", "Ada", emails, COMMITMENT)


def add_email(email_id: UUID, address: str) -> AddContactPoint:
    return AddContactPoint(CustomerEmail(email_id, address))


def remove_email(email_id: UUID) -> RemoveContactPoint:
    return RemoveContactPoint(CustomerEmail, email_id)


def email_added(email_id: UUID, address: str) -> CustomerEmailAdded:
    return CustomerEmailAdded(email_id=email_id, personal=EmailDetails(address=address))
