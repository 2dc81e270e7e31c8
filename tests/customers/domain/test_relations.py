"""Roles in organisations, and notes."""

from datetime import date
from uuid import UUID

from services.customers.domain.customer.commands import (
    AddCustomerNote,
    ChangeCustomerLink,
    LinkCustomer,
    RemoveCustomerNote,
    UnlinkCustomer,
)
from services.customers.domain.customer.events import (
    CustomerLinkChanged,
    CustomerLinked,
    CustomerNoteAdded,
    CustomerNoteRemoved,
    CustomerUnlinked,
    LinkDetails,
    NoteText,
)
from services.customers.domain.customer.relations import MAX_LINKS
from services.customers.domain.customer.state import Link
from tests.customers.domain.stories import ADA, ERASED_ADA, HOME, OTHER, WORK, a_customer

SINCE, UNTIL = date(2026, 1, 1), date(2026, 6, 30)
LINKED = CustomerLinked(
    link_id=HOME, organisation_id=WORK, personal=LinkDetails(role="head", since=SINCE)
)
NOTED = CustomerNoteAdded(note_id=HOME, personal=NoteText(text="Call after four."))


def test_a_person_has_a_role_in_an_organisation_for_some_time() -> None:
    story = a_customer().given(ADA).when(LinkCustomer(HOME, WORK, "head", SINCE)).then(LINKED)
    ended = CustomerLinkChanged(
        link_id=HOME, personal=LinkDetails(role="head", since=SINCE, until=UNTIL)
    )
    story = story.when(ChangeCustomerLink(HOME, "head", SINCE, UNTIL)).then(ended)
    assert story.state.links == (Link(HOME, WORK, "head", SINCE, UNTIL),)
    story.when(ChangeCustomerLink(HOME, "head", SINCE, UNTIL)).then()
    assert story.when(UnlinkCustomer(HOME)).then(CustomerUnlinked(link_id=HOME)).state.links == ()


def test_the_same_role_at_the_same_time_is_there_once() -> None:
    story = a_customer().given(ADA, LINKED)
    story.when(LinkCustomer(OTHER, WORK, "head", SINCE)).then_refused("link-already-there")
    again = LinkCustomer(OTHER, WORK, "head", UNTIL)
    story = story.given(*story.when(again).events)
    story.when(ChangeCustomerLink(OTHER, "head", SINCE)).then_refused("link-already-there")


def test_a_role_cannot_end_before_it_begins() -> None:
    story = a_customer().given(ADA, LINKED)
    backwards = LinkCustomer(OTHER, WORK, "head", UNTIL, SINCE)
    assert story.when(backwards).then_refused("period-ends-before-it-begins").field == "until"
    story.when(ChangeCustomerLink(HOME, "head", UNTIL, SINCE)).then_refused(
        "period-ends-before-it-begins"
    )


def test_there_is_room_for_so_many_roles() -> None:
    roles = [
        LINKED.model_copy(update={"link_id": UUID(int=n), "personal": LinkDetails(role=f"{n}")})
        for n in range(MAX_LINKS)
    ]
    asked = a_customer().given(ADA, *roles).when(LinkCustomer(OTHER, WORK, "one more"))
    asked.then_refused("too-many-links")


def test_an_organisation_has_no_role_in_another() -> None:
    works = ADA.model_copy(update={"kind": "organisation"})
    a_customer().given(works).when(LinkCustomer(HOME, WORK, "head")).then_refused(
        "customer-not-a-person"
    )


def test_what_is_not_there_is_neither_changed_nor_taken_away() -> None:
    story = a_customer().given(ADA)
    story.when(ChangeCustomerLink(HOME, "head")).then_refused("link-not-found")
    story.when(UnlinkCustomer(HOME)).then_refused("link-not-found")
    assert story.when(RemoveCustomerNote(HOME)).then_refused("note-not-found").field == "note_id"


def test_a_note_is_there_until_it_is_taken_away() -> None:
    story = a_customer().given(ADA).when(AddCustomerNote(HOME, "Call after four.")).then(NOTED)
    assert [note.text for note in story.state.notes] == ["Call after four."]
    removed = CustomerNoteRemoved(note_id=HOME)
    assert story.when(RemoveCustomerNote(HOME)).then(removed).state.notes == ()


def test_a_link_or_note_whose_words_are_destroyed_erases_the_customer() -> None:
    for event in (
        CustomerLinked(link_id=HOME, organisation_id=WORK),
        CustomerNoteAdded(note_id=HOME),
    ):
        assert a_customer().given(ADA, event).state == a_customer().given(ERASED_ADA).state
        assert a_customer().given(ERASED_ADA, event).state == a_customer().given(ERASED_ADA).state
