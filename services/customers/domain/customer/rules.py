"""Customer: what may be asked of one, and what each fact does to it."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never
from uuid import UUID

from services.customers.domain.customer.commands import (
    AddCustomerEmail,
    CustomerCommand,
    FinishCustomerErasure,
    NewEmail,
    RegisterCustomer,
    RemoveCustomerEmail,
    RenameCustomer,
    StartCustomerErasure,
)
from services.customers.domain.customer.events import (
    CustomerEmailAdded,
    CustomerEmailRemoved,
    CustomerErased,
    CustomerErasureStarted,
    CustomerEvent,
    CustomerKind,
    CustomerRegistered,
    CustomerRenamed,
    EmailAddress,
    EmailDetails,
    NameDetails,
    RegisteredDetails,
)
from shared.errors import NotFoundError, RuleBrokenError

MAX_EMAILS = 50


@dataclass(frozen=True, slots=True)
class CustomerEmail:
    """One e-mail address."""

    id: UUID
    address: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer, folded from its events; no kind means not registered yet.

    An erased one has neither name nor addresses, whenever the erasure came to light: what is left
    of it must not depend on which of its events were folded before. It counts as erased as soon as
    the erasure has started, because nothing stops it any more.
    """

    kind: CustomerKind | None = None
    name: str | None = None
    emails: tuple[CustomerEmail, ...] = ()
    is_erased: bool = False
    erasure: Literal["started", "finished"] | None = None


NOBODY = Customer()


def decide(customer: Customer, command: CustomerCommand) -> list[CustomerEvent]:
    """Return the events that the command causes; none when it changes nothing.

    Raises:
        RuleBrokenError: the customer's state forbids it.
        NotFoundError: the command names an e-mail that is not there.
    """
    match command:
        case RegisterCustomer():
            return [_register(customer, command)]
        case StartCustomerErasure() | FinishCustomerErasure():
            return _erase(customer, command)
        case _:
            return _change(customer, command)


def _change(
    customer: Customer, command: RenameCustomer | AddCustomerEmail | RemoveCustomerEmail
) -> list[CustomerEvent]:
    _must_be_registered(customer)
    _must_not_be_erased(customer)
    match command:
        case RenameCustomer():
            if customer.name == command.name:
                return []
            return [CustomerRenamed(personal=NameDetails(name=command.name))]
        case AddCustomerEmail():
            return [_add_email(customer, command.email)]
        case RemoveCustomerEmail():
            return [_remove_email(customer, command.email_id)]
        case _:
            assert_never(command)


def evolve(customer: Customer, event: CustomerEvent) -> Customer:
    """Return the customer after one more event; personal fields may be gone."""
    match event:
        case CustomerRegistered():
            return _registered(event)
        case CustomerRenamed() | CustomerEmailAdded():
            return _told(customer, event)
        case CustomerEmailRemoved():
            left = tuple(email for email in customer.emails if email.id != event.email_id)
            return replace(customer, emails=left)
        case CustomerErasureStarted():
            return replace(_erased(customer), erasure="started")
        case CustomerErased():
            return replace(_erased(customer), erasure="finished")
        case _:
            assert_never(event)


def _must_be_registered(customer: Customer) -> None:
    if customer.kind is None:
        raise RuleBrokenError("this customer is not registered", code="customer-not-registered")


def _must_not_be_erased(customer: Customer) -> None:
    if customer.is_erased:
        raise RuleBrokenError(
            "this customer was erased and cannot be changed any more",
            code="customer-erased",
            fix="register the customer anew if there is a new relation",
            who_can_help="data protection",
        )


def _erase(
    customer: Customer, command: StartCustomerErasure | FinishCustomerErasure
) -> list[CustomerEvent]:
    _must_be_registered(customer)
    match command, customer.erasure:
        case StartCustomerErasure(), None:
            return [CustomerErasureStarted()]
        case FinishCustomerErasure(), None:
            raise RuleBrokenError(
                "the erasure of this customer has not started", code="erasure-not-started"
            )
        case FinishCustomerErasure(), "started":
            return [CustomerErased(kid=command.kid)]
        case _:
            return []


def _register(customer: Customer, command: RegisterCustomer) -> CustomerRegistered:
    if customer.kind is not None:
        raise RuleBrokenError(
            "this customer is registered already", code="customer-already-registered"
        )
    seen: set[str] = set()
    for email in command.emails:
        if email.address.casefold() in seen:
            raise _listed_twice("emails")
        seen.add(email.address.casefold())
    _room_for_emails(len(command.emails), "emails")
    return CustomerRegistered(
        kind=command.kind,
        key_commitment=command.key_commitment,
        personal=RegisteredDetails(
            name=command.name,
            emails=tuple(EmailAddress(id=e.id, address=e.address) for e in command.emails),
        ),
    )


def _add_email(customer: Customer, email: NewEmail) -> CustomerEmailAdded:
    addresses = {e.address.casefold() for e in customer.emails}
    if email.address.casefold() in addresses:
        raise _listed_twice("address")
    _room_for_emails(len(customer.emails) + 1, "address")
    return CustomerEmailAdded(email_id=email.id, personal=EmailDetails(address=email.address))


def _remove_email(customer: Customer, email_id: UUID) -> CustomerEmailRemoved:
    if all(email.id != email_id for email in customer.emails):
        raise NotFoundError(
            "this customer has no e-mail with that id",
            code="email-not-found",
            field="email_id",
            fix="read the customer and take the id from its `emails`",
        )
    return CustomerEmailRemoved(email_id=email_id)


def _registered(event: CustomerRegistered) -> Customer:
    if event.personal is None:
        return Customer(kind=event.kind, is_erased=True)
    emails = tuple(CustomerEmail(e.id, e.address) for e in event.personal.emails)
    return Customer(kind=event.kind, name=event.personal.name, emails=emails)


def _told(customer: Customer, event: CustomerRenamed | CustomerEmailAdded) -> Customer:
    if customer.is_erased:
        return customer
    match event:
        case CustomerRenamed(personal=NameDetails(name=name)):
            return replace(customer, name=name)
        case CustomerEmailAdded(personal=EmailDetails(address=address)):
            added = CustomerEmail(event.email_id, address)
            return replace(customer, emails=(*customer.emails, added))
        case _:
            return _erased(customer)


def _erased(customer: Customer) -> Customer:
    return Customer(kind=customer.kind, is_erased=True, erasure=customer.erasure)


def _listed_twice(field: str) -> RuleBrokenError:
    return RuleBrokenError(
        "this e-mail address is listed for the customer already",
        code="email-already-listed",
        field=field,
        fix="leave it out, or remove the listed one first",
    )


def _room_for_emails(wanted: int, field: str) -> None:
    if wanted > MAX_EMAILS:
        raise RuleBrokenError(
            f"a customer has at most {MAX_EMAILS} e-mail addresses",
            code="too-many-emails",
            field=field,
            fix="remove one that is no longer used",
        )
