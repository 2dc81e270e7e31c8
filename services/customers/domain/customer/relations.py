"""What a customer has to do with others: roles in organisations, notes, legal holds."""

from dataclasses import replace
from datetime import date
from typing import Final, assert_never
from uuid import UUID

from services.customers.domain.customer.commands import (
    AddCustomerNote,
    ChangeCustomerLink,
    HoldCommand,
    LinkCustomer,
    PlaceLegalHold,
    RelationCommand,
    ReleaseLegalHold,
    RemoveCustomerNote,
    UnlinkCustomer,
)
from services.customers.domain.customer.events import (
    CustomerLinkChanged,
    CustomerLinked,
    CustomerNoteAdded,
    CustomerNoteRemoved,
    CustomerUnlinked,
    LegalHoldPlaced,
    LegalHoldReleased,
    LinkDetails,
    NoteText,
    Reason,
    RelationEvent,
)
from services.customers.domain.customer.state import Customer, Link, Note, erased
from shared.errors import YOURSELF, NotFoundError, RuleBrokenError

MAX_LINKS: Final = 200


def decide_relations(
    customer: Customer, command: RelationCommand | HoldCommand
) -> list[RelationEvent]:
    """Return what follows; nothing where nothing changes.

    Raises:
        RuleBrokenError: the customer's state forbids it.
        NotFoundError: there is no link, note or hold with that id.
    """
    match command:
        case LinkCustomer():
            return [_link(customer, command)]
        case ChangeCustomerLink():
            return _change_link(customer, command)
        case UnlinkCustomer(link_id=link_id):
            _find("link", [link.id for link in customer.links], link_id)
            return [CustomerUnlinked(link_id=link_id)]
        case AddCustomerNote():
            told = NoteText(text=command.text)
            return [CustomerNoteAdded(note_id=command.note_id, personal=told)]
        case RemoveCustomerNote(note_id=note_id):
            _find("note", [note.id for note in customer.notes], note_id)
            return [CustomerNoteRemoved(note_id=note_id)]
        case PlaceLegalHold():
            why = Reason(reason=command.reason)
            return [LegalHoldPlaced(hold_id=command.hold_id, personal=why)]
        case ReleaseLegalHold():
            _find("hold", customer.holds, command.hold_id)
            why = Reason(reason=command.reason)
            return [LegalHoldReleased(hold_id=command.hold_id, personal=why)]
        case _:
            assert_never(command)


def evolve_relations(customer: Customer, event: RelationEvent) -> Customer:
    """Return the customer after one more event about its relations."""
    if isinstance(event, LegalHoldPlaced | LegalHoldReleased):
        return _held(customer, event)
    if customer.is_erased:
        return customer
    match event:
        case CustomerLinked() | CustomerLinkChanged():
            return _linked(customer, event)
        case CustomerUnlinked():
            return replace(customer, links=_others(customer, event.link_id))
        case CustomerNoteAdded():
            return _noted(customer, event)
        case CustomerNoteRemoved():
            left = tuple(note for note in customer.notes if note.id != event.note_id)
            return replace(customer, notes=left)
        case _:
            assert_never(event)


def _held(customer: Customer, event: LegalHoldPlaced | LegalHoldReleased) -> Customer:
    # Not personal: a hold can be seen without the customer's key.
    holds = tuple(hold for hold in customer.holds if hold != event.hold_id)
    if isinstance(event, LegalHoldPlaced):
        holds = (*holds, event.hold_id)
    return replace(customer, holds=holds)


def _noted(customer: Customer, event: CustomerNoteAdded) -> Customer:
    if event.personal is None:
        return erased(customer)
    return replace(customer, notes=(*customer.notes, Note(event.note_id, event.personal.text)))


def _linked(customer: Customer, event: CustomerLinked | CustomerLinkChanged) -> Customer:
    its = event.personal
    if its is None:
        return erased(customer)
    if isinstance(event, CustomerLinked):
        link = Link(event.link_id, event.organisation_id, its.role, its.since, its.until)
        return replace(customer, links=(*customer.links, link))
    links = tuple(
        replace(link, role=its.role, since=its.since, until=its.until)
        if link.id == event.link_id
        else link
        for link in customer.links
    )
    return replace(customer, links=links)


def _link(customer: Customer, command: LinkCustomer) -> CustomerLinked:
    if customer.kind != "person":
        raise RuleBrokenError(
            "only a person has a role in an organisation",
            code="customer-not-a-person",
            fix="link the person to this organisation, not the other way round",
            who_can_help="whoever has the permission customer:change for that person",
        )
    if len(customer.links) == MAX_LINKS:
        raise RuleBrokenError(
            f"a person has at most {MAX_LINKS} roles in organisations",
            code="too-many-links",
            fix="unlink those that should never have been there",
            who_can_help=YOURSELF,
        )
    _period(command.since, command.until)
    link = Link(
        command.link_id, command.organisation_id, command.role, command.since, command.until
    )
    _refuse_double(customer, link)
    return CustomerLinked(
        link_id=link.id,
        organisation_id=link.organisation_id,
        personal=LinkDetails(role=link.role, since=link.since, until=link.until),
    )


def _change_link(customer: Customer, command: ChangeCustomerLink) -> list[RelationEvent]:
    _find("link", [link.id for link in customer.links], command.link_id)
    before = next(link for link in customer.links if link.id == command.link_id)
    _period(command.since, command.until)
    after = replace(before, role=command.role, since=command.since, until=command.until)
    if before == after:
        return []
    _refuse_double(customer, after)
    told = LinkDetails(role=after.role, since=after.since, until=after.until)
    return [CustomerLinkChanged(link_id=after.id, personal=told)]


def _refuse_double(customer: Customer, wanted: Link) -> None:
    for link in _others(customer, wanted.id):
        if replace(link, id=wanted.id) == wanted:
            raise RuleBrokenError(
                "this person has this role in this organisation already",
                code="link-already-there",
                field="role",
                fix="leave it out, or change the time of the one that is there",
                who_can_help=YOURSELF,
            )


def _others(customer: Customer, link_id: UUID) -> tuple[Link, ...]:
    return tuple(link for link in customer.links if link.id != link_id)


def _period(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and until < since:
        raise RuleBrokenError(
            "the last day is before the first",
            code="period-ends-before-it-begins",
            field="until",
            fix="exchange `since` and `until`, or leave one out",
            who_can_help=YOURSELF,
        )


def _find(what: str, known: list[UUID] | tuple[UUID, ...], wanted: UUID) -> None:
    if wanted not in known:
        raise NotFoundError(
            f"this customer has no {what} with that id",
            code=f"{what}-not-found",
            field=f"{what}_id",
            fix=f"read the customer's {what}s and take the id from there",
        )
