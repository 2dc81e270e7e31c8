"""What everybody of the demo may do as Daybook ships: their work, and nothing else."""

from uuid import UUID

import pytest

from shared.authorization.codes import Code
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.refusing import UNDECIDED, refuse
from shared.authorization.rights import Rights
from shared.authorization.scopes import Clearance
from shared.authorization.world import World
from shared.errors import NotPermittedError, UndecidedError
from tests.ground.rights import FixedWorld, demo_decisions, demo_world
from tests.ground.work import MAY

PEOPLE = sorted(DEMO_PEOPLE)
LEOS = Record("customer", "c-1", DEMO_PEOPLE["leo"].subject, Clearance.INTERNAL.rank)
NOBODYS = Record("customer", "c-2", None, Clearance.INTERNAL.rank)


def rights(person: str) -> Rights:
    return demo_decisions().rights(person)


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_may_do_their_work_and_nothing_else(person: str) -> None:
    assert {one for one in Permission if rights(person).may(one)} == MAY[person]


def test_every_permission_of_a_route_is_in_the_catalogue_and_in_somebodys_hands() -> None:
    catalogue = demo_world().policy.permissions
    for permission in Permission:
        assert permission in catalogue
        assert any(rights(person).may(permission) for person in PEOPLE), permission


def test_a_policy_that_nobody_wrote_denies_everything() -> None:
    empty = FixedWorld(World())
    for person in PEOPLE:
        for permission in Permission:
            with pytest.raises(NotPermittedError):
                empty.rights(person).require(permission)


def test_colleagues_see_a_customer_and_its_owner_changes_it() -> None:
    reads = {person for person in PEOPLE if rights(person).may(Permission.CUSTOMERS_READ, LEOS)}
    assert reads == {"alice", "leo", "wang", "bob", "carol", "dave", "erin", "petra", "billing"}
    changes = {person for person in PEOPLE if rights(person).may(Permission.CUSTOMERS_CHANGE, LEOS)}
    assert changes == {"leo", "bob", "erin"}


def test_what_nobody_owns_is_seen_by_those_who_see_everything() -> None:
    reads = {person for person in PEOPLE if rights(person).may(Permission.CUSTOMERS_READ, NOBODYS)}
    assert reads == {"carol", "dave", "erin", "petra", "billing"}


def test_a_refusal_says_why_which_permission_is_missing_and_who_can_help() -> None:
    with pytest.raises(NotPermittedError) as refused:
        rights("alice").require(Permission.CUSTOMERS_ERASE, LEOS)
    assert refused.value.permission == "customer:erase"
    assert refused.value.reason == Code.NO_GRANT
    assert refused.value.who_can_help is not None
    assert "grant:give" in refused.value.who_can_help


@pytest.mark.parametrize("code", sorted(UNDECIDED))
def test_what_says_nothing_about_the_caller_may_be_asked_again(code: Code) -> None:
    with pytest.raises(UndecidedError) as refused:
        refuse(Permission.CUSTOMERS_READ, (False, code, None, 1, 0.0))
    assert refused.value.retry_after_seconds == 1


def test_nobody_who_runs_the_machines_can_read_a_customer() -> None:
    oscar = rights("oscar")
    assert not oscar.may(Permission.CUSTOMERS_READ)
    assert not oscar.may(Permission.SUBJECT_KEYS_READ)
    assert not oscar.may(Permission.FEED_READ)


def test_a_person_has_the_same_id_for_ever() -> None:
    subjects = [person.subject for person in DEMO_PEOPLE.values()]
    assert len(set(subjects)) == len(subjects)
    assert all(str(UUID(subject)) == subject for subject in subjects)
    assert DEMO_PEOPLE["alice"].subject == "00000000-0000-4000-8000-000000000001"
