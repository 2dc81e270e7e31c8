"""An answer names whom its asker may see by name, and those whom the asker reports to."""

import pytest

from services.permissions.application.known_people import KnownPeople
from services.permissions.application.subject_names import SubjectNames
from services.permissions.domain.book import SubjectFact
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Rights
from shared.authorization.state import PermissionEvent
from tests.permissions.domain.files import demo, world_of
from tests.permissions.domain.stories import NOON

IDS = {name: person.subject for name, person in DEMO_PEOPLE.items()}
EVERYBODY = sorted(IDS)


def told(who: str, *events: tuple[str, str, dict[str, object]]) -> set[str]:
    """Return whom of the demo somebody may be told of, after these events of subjects."""
    desk, names = demo(), SubjectNames()
    for fact in desk.facts:
        if isinstance(fact, SubjectFact):
            names.follow(fact.subject_id, desk.book.subject(fact.subject_id), fact.event)
    world = world_of(desk.facts)
    world = world.after(
        PermissionEvent(world.position + number, f"subject-{IDS[of]}", type_, data)
        for number, (of, type_, data) in enumerate(events, start=1)
    )
    people = KnownPeople(names, Rights(Basis(world, 1, moment(NOON), 0.0), IDS[who]))
    known = {*people.known(IDS[name] for name in EVERYBODY)}
    for name in EVERYBODY:
        is_named = people.name(IDS[name]) is not None
        assert is_named == (IDS[name] in known), name
    return {name for name in EVERYBODY if IDS[name] in known}


def test_somebody_who_sees_nobody_is_told_of_themself_and_of_those_above() -> None:
    assert told("leo") == {"leo", "bob"}
    assert told("carol") == {"carol"}


def test_whoever_reaches_people_is_told_of_them() -> None:
    assert told("bob") == {"alice", "bob", "leo", "wang"}
    assert told("dave") == {*EVERYBODY}


def test_an_account_is_told_of_its_owner() -> None:
    assert told("billing") == {"billing", "oscar"}


@pytest.mark.parametrize(("clearance", "is_told"), [("public", False), ("internal", True)])
def test_a_name_that_is_not_shown_is_not_told(clearance: str, *, is_told: bool) -> None:
    grant: dict[str, object] = {
        "grant_id": "g", "permission": "subject:read", "effect": "allow", "scope": "all",
        "clearance": clearance,
    }  # fmt: skip
    assert ("erin" in told("leo", ("leo", "GrantGiven", grant))) == is_told


def test_nobody_is_told_of_by_whoever_is_suspended_but_those_above() -> None:
    assert told("dave", ("dave", "SubjectSuspended", {})) == {"dave"}
