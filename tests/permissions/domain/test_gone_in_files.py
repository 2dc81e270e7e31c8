"""A file that names somebody who left is applied, and brings nobody back."""

from uuid import UUID

import pytest

from services.permissions.domain.book import Asking, OnSubject
from services.permissions.domain.deciding import decide
from services.permissions.domain.policy_file.writing import write_policy
from services.permissions.domain.subject.commands import LetSubjectLeave
from services.permissions.domain.subject.state import Subject, SubjectLife
from shared.authorization.people import DEMO_PEOPLE
from tests.permissions.domain.files import ERIN, PEOPLE, demo
from tests.permissions.domain.stories import NOON
from tests.permissions.domain.test_policy_files import NINA, SMALL, types


@pytest.mark.parametrize("life", ["left", "erased"])
def test_whoever_left_stays_gone_and_the_rest_of_an_old_file_is_applied(
    life: SubjectLife,
) -> None:
    desk = demo()
    desk.apply(SMALL)
    whole = write_policy(desk.book, NOON)
    desk.book.subjects[NINA] = Subject(kind="person", life=life)
    assert desk.plan(whole).facts == ()
    more = SMALL.replace("title: Seer", "title: Prophet")
    planned = desk.apply(more)
    assert types(planned) == ["RoleDefined"]
    assert planned.gone == (
        "line 11, subjects[0]: left, and stays gone; take the entry out of the file",
    )
    assert not desk.book.subject(NINA).is_there


def test_the_people_of_the_demo_are_applied_again_after_a_manager_and_an_owner_left() -> None:
    desk = demo()
    for who in ("bob", "oscar"):
        leaves = OnSubject(UUID(DEMO_PEOPLE[who].subject), LetSubjectLeave())
        for fact in decide(desk.book, [leaves], Asking(ERIN, NOON)):
            desk.book.fold(fact, ERIN)
    planned = desk.plan(PEOPLE.read_text())
    assert planned.facts == ()
    assert len(planned.gone) == 2


def test_an_account_whose_owner_left_stays_suspended_and_the_rest_is_applied() -> None:
    desk = demo()
    whole = write_policy(desk.book, NOON)
    leaves = OnSubject(UUID(DEMO_PEOPLE["oscar"].subject), LetSubjectLeave())
    for fact in decide(desk.book, [leaves], Asking(ERIN, NOON)):
        desk.book.fold(fact, ERIN)
    account = UUID(DEMO_PEOPLE["billing"].subject)
    assert desk.book.subject(account).life == "suspended"
    planned = desk.plan(whole.replace("Oscar", "Oskar").replace("Leo", "Leonard"))
    assert types(planned) == ["SubjectDescribed"]
    assert [one.partition(": ")[2] for one in planned.gone][-1] == (
        "its owner left, and it stays suspended; name another owner"
    )
