"""Contact points: each is listed once, and of each kind one is the primary one."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, assert_never
from uuid import UUID

from services.customers.domain.customer.commands import (
    AddContactPoint,
    ChangeContactPoint,
    ContactCommand,
    RemoveContactPoint,
)
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
    CustomerPrimaryContactChosen,
    EmailDetails,
    PhoneDetails,
)
from services.customers.domain.customer.contact_points import (
    KINDS,
    added,
    changed,
    identity,
    point_told,
    points_of,
    removed,
)
from services.customers.domain.customer.state import (
    ContactPoint,
    Customer,
    CustomerAddress,
    CustomerEmail,
    CustomerPhone,
    erased,
)
from shared.errors import YOURSELF, NotFoundError, RuleBrokenError

MAX_CONTACTS: Final = 50


def decide_contacts(customer: Customer, command: ContactCommand) -> list[ContactEvent]:
    """Return what follows for the contact points.

    Raises:
        RuleBrokenError: it is listed already, or there are too many.
        NotFoundError: there is none with that id.
    """
    match command:
        case AddContactPoint(point=point):
            listed = (*points_of(customer, type(point)), point)
            refuse_doubles(listed, KINDS[type(point)].value)
            is_first = len(listed) == 1
            return [added(point), *_chosen(customer, command.make_primary and not is_first, point)]
        case ChangeContactPoint(point=point):
            before = _find(customer, type(point), point.id)
            listed = tuple(
                point if p.id == point.id else p for p in points_of(customer, type(point))
            )
            refuse_doubles(listed, KINDS[type(point)].value)
            told = [] if before == point else [changed(point)]
            return [*told, *_chosen(customer, command.make_primary, point)]
        case RemoveContactPoint():
            return [removed(_find(customer, command.kind, command.contact_id))]
        case _:
            assert_never(command)


def refuse_doubles(points: Iterable[ContactPoint], field: str) -> None:
    """Check a list of one kind; raises RuleBrokenError if one is there twice or there are too many.

    `field` is the member of the request that is wrong then.
    """
    seen = set()
    for number, point in enumerate(points, start=1):
        kind = KINDS[type(point)]
        if number > MAX_CONTACTS:
            raise RuleBrokenError(
                f"a customer has at most {MAX_CONTACTS} of each kind of contact point",
                code=f"too-many-{kind.plural}",
                field=field,
                fix="remove one that is no longer used",
                who_can_help=YOURSELF,
            )
        if identity(point) in seen:
            raise RuleBrokenError(
                f"this {kind.words} is listed for the customer already",
                code=f"{kind.code}-already-listed",
                field=field,
                fix="leave it out, or remove the listed one first",
                who_can_help=YOURSELF,
            )
        seen.add(identity(point))


def evolve_contacts(customer: Customer, event: ContactEvent) -> Customer:
    """Return the customer after one more event about its contact points."""
    if customer.is_erased:
        return customer
    match event:
        case CustomerEmailAdded() | CustomerEmailChanged():
            return _told(customer, event.email_id, event.personal)
        case CustomerPhoneAdded() | CustomerPhoneChanged():
            return _told(customer, event.phone_id, event.personal)
        case CustomerAddressAdded() | CustomerAddressChanged():
            return _told(customer, event.address_id, event.personal)
        case CustomerEmailRemoved() | CustomerPhoneRemoved() | CustomerAddressRemoved():
            return _removed(customer, event)
        case CustomerPrimaryContactChosen():
            return _with_primary(customer, event.contact_id)
        case _:
            assert_never(event)


def _told(
    customer: Customer,
    contact_id: UUID,
    told: EmailDetails | PhoneDetails | AddressDetails | None,
) -> Customer:
    if told is None:
        return erased(customer)
    point = point_told(contact_id, told)
    points = points_of(customer, type(point))
    if any(p.id == contact_id for p in points):
        points = tuple(point if p.id == contact_id else p for p in points)
        return _with(customer, type(point), points)
    return _with(customer, type(point), (*points, point))


def _removed(
    customer: Customer,
    event: CustomerEmailRemoved | CustomerPhoneRemoved | CustomerAddressRemoved,
) -> Customer:
    match event:
        case CustomerEmailRemoved():
            return _without(customer, CustomerEmail, event.email_id)
        case CustomerPhoneRemoved():
            return _without(customer, CustomerPhone, event.phone_id)
        case CustomerAddressRemoved():
            return _without(customer, CustomerAddress, event.address_id)
        case _:
            assert_never(event)


def _without(customer: Customer, kind: type, contact_id: UUID) -> Customer:
    left = tuple(p for p in points_of(customer, kind) if p.id != contact_id)
    return _with(customer, kind, left)


def _with(customer: Customer, kind: type, points: tuple[ContactPoint, ...]) -> Customer:
    primary = getattr(customer, KINDS[kind].primary)
    if all(point.id != primary for point in points):
        primary = points[0].id if points else None
    fields: dict[str, Any] = {KINDS[kind].plural: points, KINDS[kind].primary: primary}
    return replace(customer, **fields)


def _with_primary(customer: Customer, contact_id: UUID) -> Customer:
    for kind, its in KINDS.items():
        if any(point.id == contact_id for point in points_of(customer, kind)):
            fields: dict[str, Any] = {its.primary: contact_id}
            return replace(customer, **fields)
    return customer


def _chosen(customer: Customer, is_wanted: bool, point: ContactPoint) -> list[ContactEvent]:
    if not is_wanted or getattr(customer, KINDS[type(point)].primary) == point.id:
        return []
    return [CustomerPrimaryContactChosen(contact_id=point.id)]


def _find(customer: Customer, kind: type, contact_id: UUID) -> ContactPoint:
    for point in points_of(customer, kind):
        if point.id == contact_id:
            return point
    its = KINDS[kind]
    raise NotFoundError(
        f"this customer has no {its.words} with that id",
        code=f"{its.code}-not-found",
        field=f"{its.code}_id",
        fix=f"read the customer and take the id from its `{its.plural}`",
    )
