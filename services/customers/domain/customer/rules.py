"""Customer: what may be asked of one, and what each fact does to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, assert_never, get_args

from services.customers.domain.customer.commands import (
    ArchiveCustomer,
    ChangeCommand,
    ContactCommand,
    CustomerCommand,
    EndCommand,
    FinishCustomerErasure,
    HoldCommand,
    LifeCommand,
    RegisterCustomer,
    RestoreCustomer,
    StartCustomerErasure,
    WithdrawCustomer,
)
from services.customers.domain.customer.contact_events import ContactEvent
from services.customers.domain.customer.contact_points import as_registered
from services.customers.domain.customer.contacts import (
    decide_contacts,
    evolve_contacts,
    refuse_doubles,
)
from services.customers.domain.customer.events import (
    CustomerArchived,
    CustomerErased,
    CustomerErasureStarted,
    CustomerEvent,
    CustomerRegistered,
    CustomerRestored,
    CustomerWithdrawn,
    EndEvent,
    LifeEvent,
    Reason,
    RegisteredDetails,
    RelationEvent,
)
from services.customers.domain.customer.life import (
    decide_life,
    evolve_life,
    refuse_too_many_tags,
    sorted_tags,
)
from services.customers.domain.customer.relations import decide_relations, evolve_relations
from services.customers.domain.customer.state import (
    Customer,
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
    erased,
)
from shared.errors import RuleBrokenError


def decide(customer: Customer, command: CustomerCommand) -> Sequence[CustomerEvent]:
    """Return the events that the command causes; none when it changes nothing.

    Raises:
        RuleBrokenError: the customer's state forbids it.
        NotFoundError: the command names something that the customer does not have.
    """
    if isinstance(command, RegisterCustomer):
        return [_register(customer, command)]
    _must_be_registered(customer)
    match command:
        case WithdrawCustomer() | StartCustomerErasure() | FinishCustomerErasure():
            return _end(customer, command)
        case ArchiveCustomer() | RestoreCustomer():
            return _archive(customer, command)
        case _:
            return _change(customer, command)


def decide_all(customer: Customer, commands: Sequence[CustomerCommand]) -> list[CustomerEvent]:
    """Return the events that the commands cause one after the other (raises as `decide`)."""
    events: list[CustomerEvent] = []
    for command in commands:
        new = decide(customer, command)
        events += new
        customer = evolve_all(customer, new)
    return events


def evolve(customer: Customer, event: CustomerEvent) -> Customer:
    """Return the customer after one more event; personal fields may be gone."""
    return _EVOLVE[type(event)](customer, event)


def evolve_all(customer: Customer, events: Sequence[CustomerEvent]) -> Customer:
    """Return the customer after these events."""
    for event in events:
        customer = evolve(customer, event)
    return customer


def _change(customer: Customer, command: ChangeCommand | HoldCommand) -> Sequence[CustomerEvent]:
    _must_not_be_gone(customer)
    if isinstance(command, HoldCommand):
        return decide_relations(customer, command)
    if customer.is_archived:
        raise RuleBrokenError(
            "this customer is archived and is not changed",
            code="customer-archived",
            fix="restore it first",
            who_can_help="whoever has the permission customer:change for this customer",
        )
    if isinstance(command, LifeCommand):
        return decide_life(customer, command)
    if isinstance(command, ContactCommand):
        return decide_contacts(customer, command)
    return decide_relations(customer, command)


def _register(customer: Customer, command: RegisterCustomer) -> CustomerRegistered:
    if customer.kind is not None:
        raise RuleBrokenError(
            "this customer is registered already",
            code="customer-already-registered",
            fix="read it, and change what differs",
            who_can_help="whoever has the permission customer:change for this customer",
        )
    for field in ("emails", "phones", "addresses"):
        refuse_doubles(getattr(command, field), field)
    tags = sorted_tags(command.tags)
    refuse_too_many_tags(tags)
    emails, phones, addresses = as_registered(command.emails, command.phones, command.addresses)
    return CustomerRegistered(
        kind=command.kind,
        key_commitment=command.key_commitment,
        stage=command.stage,
        owner=command.owner,
        personal=RegisteredDetails(
            name=command.name,
            emails=emails,
            phones=phones,
            addresses=addresses,
            tags=tags,
            custom=command.custom,
        ),
    )


def _archive(
    customer: Customer, command: ArchiveCustomer | RestoreCustomer
) -> Sequence[CustomerEvent]:
    _must_not_be_gone(customer)
    match command:
        case RestoreCustomer():
            return [CustomerRestored()] if customer.is_archived else []
        case ArchiveCustomer(reason=reason):
            told = None if reason is None else Reason(reason=reason)
            return [] if customer.is_archived else [CustomerArchived(personal=told)]
        case _:
            assert_never(command)


def _end(customer: Customer, command: EndCommand) -> Sequence[CustomerEvent]:
    match command, customer.erasure:
        case WithdrawCustomer(), _:
            _must_not_be_gone(customer)
            _must_not_be_held(customer)
            return [CustomerWithdrawn()]
        case StartCustomerErasure(is_done_again=is_done_again), None:
            if not is_done_again:
                _must_not_be_held(customer)
            return [CustomerErasureStarted()]
        case FinishCustomerErasure(), None:
            raise RuleBrokenError(
                "the erasure of this customer has not started",
                code="erasure-not-started",
                fix="have it erased, which starts it",
                who_can_help="data protection",
            )
        case FinishCustomerErasure(kid=kid), "started":
            return [CustomerErased(kid=kid)]
        case _:
            return []


def _must_be_registered(customer: Customer) -> None:
    if customer.kind is None:
        raise RuleBrokenError(
            "this customer is not registered",
            code="customer-not-registered",
            fix="register it first",
            who_can_help="whoever has the permission customer:register",
        )


def _must_not_be_gone(customer: Customer) -> None:
    if customer.is_erased:
        raise RuleBrokenError(
            "this customer was erased and cannot be changed any more",
            code="customer-erased",
            fix="register the customer anew if there is a new relation",
            who_can_help="data protection",
        )
    if customer.is_withdrawn:
        raise RuleBrokenError(
            "the registration of this customer was undone with the import that it came with",
            code="customer-withdrawn",
            fix="register the customer anew",
            who_can_help="whoever undid the import",
        )


def _must_not_be_held(customer: Customer) -> None:
    if customer.holds:
        raise RuleBrokenError(
            f"{len(customer.holds)} legal hold(s) forbid it",
            code="customer-under-legal-hold",
            fix="have every hold released first; the customer's holds say who placed them and why",
            who_can_help="data protection",
        )


def _registered(_nobody: Customer, event: CustomerRegistered) -> Customer:
    its = event.personal
    if its is None:
        return Customer(kind=event.kind, is_erased=True)
    emails = tuple(CustomerEmail(e.id, e.address, e.type) for e in its.emails)
    phones = tuple(CustomerPhone(p.id, p.given, p.number, p.type) for p in its.phones)
    addresses = tuple(
        CustomerAddress(a.id, a.street, a.city, a.postal_code, a.region, a.country, a.type)
        for a in its.addresses
    )
    return Customer(
        kind=event.kind,
        name=its.name,
        emails=emails,
        phones=phones,
        addresses=addresses,
        primary_email=emails[0].id if emails else None,
        primary_phone=phones[0].id if phones else None,
        primary_address=addresses[0].id if addresses else None,
        tags=its.tags,
        owner=event.owner,
        stage=event.stage or "lead",
        custom=dict(sorted(its.custom.items())),
    )


def _ended(customer: Customer, event: EndEvent) -> Customer:
    match event:
        case CustomerWithdrawn():
            return replace(customer, is_withdrawn=True)
        case CustomerErasureStarted():
            return replace(erased(customer), erasure="started")
        case CustomerErased():
            return replace(erased(customer), erasure="finished")
        case _:
            assert_never(event)


# By their exact types: asking a pydantic class whether an event is one of it costs a microsecond,
# and a customer's events are of some thirty types.
_EVOLVE: Final[Mapping[type, Callable[[Customer, Any], Customer]]] = {
    CustomerRegistered: _registered,
    **dict.fromkeys(get_args(LifeEvent), evolve_life),
    **dict.fromkeys(get_args(ContactEvent), evolve_contacts),
    **dict.fromkeys(get_args(RelationEvent), evolve_relations),
    **dict.fromkeys(get_args(EndEvent), _ended),
}
