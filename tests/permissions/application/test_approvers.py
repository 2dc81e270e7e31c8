"""Who can agree is found however many people there are who cannot."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.permissions.application.approvers import Approvers
from services.permissions.application.policy_book import PolicyBook
from services.permissions.domain import authority
from services.permissions.domain.book import Asking, Book, OnSubject
from services.permissions.domain.deciding import step
from services.permissions.domain.helping import would_be_taken
from services.permissions.domain.subject.commands import RequestGrant
from services.permissions.domain.subject.state import Terms
from shared.authorization.people import DEMO_PEOPLE
from tests.permissions.domain.files import demo
from tests.permissions.domain.stories import NOON

BOB, ERIN, LEO = (UUID(DEMO_PEOPLE[name].subject) for name in ("bob", "erin", "leo"))
ASKED = UUID(int=77)
MANY = 200


class Known(PolicyBook):
    """A book that nothing is read into."""

    epoch, facts = 1, 1

    def __init__(self) -> None:
        """Have no store."""


def a_book(role: str) -> Book:
    """Return the demo's, with many more managers, in which Leo asks for a role."""
    book = demo().book
    for number in range(MANY):
        book.subjects[UUID(int=10_000 + number)] = book.subject(BOB)
    step(book, OnSubject(LEO, RequestGrant(ASKED, Terms(role=role))), Asking(str(LEO), NOON))
    return book


def found(book: Book) -> list[UUID]:
    return Approvers(Known()).of(book, LEO, ASKED, NOON, lambda _: True).who


def hindrance(book: Book, *, reaches: bool = True) -> str | None:
    return Approvers(Known()).of(book, LEO, ASKED, NOON, lambda _: reaches).hindrance


def test_who_has_the_level_is_found_behind_all_who_have_not() -> None:
    assert found(a_book("data_steward")) == [ERIN]


def test_the_manager_comes_first_and_few_are_named() -> None:
    first, *others = found(a_book("finance"))
    assert first == BOB
    assert len(others) == 2


def test_it_is_said_why_nobody_can_agree() -> None:
    book = a_book("data_steward")
    assert hindrance(book) is None
    assert hindrance(book, reaches=False) == "no_reach"
    book.subjects[LEO] = replace(book.subject(ERIN), requests=book.subject(LEO).requests)
    book.subjects[ERIN] = replace(book.subject(ERIN), life="left")
    assert hindrance(book) == "own"
    book.subjects[LEO] = replace(book.subject(LEO), grants={})
    assert hindrance(book) == "no_level"


def test_a_refusal_looks_only_at_those_who_could_help(monkeypatch: pytest.MonkeyPatch) -> None:
    book, asked = a_book("data_steward"), 0
    its = authority.level_of_subject

    def counted(*args: object) -> int:
        nonlocal asked
        asked += 1
        return its(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(authority, "level_of_subject", counted)
    assert not would_be_taken(book, LEO, ASKED, BOB, NOON)
    assert 0 < asked < MANY / 10
