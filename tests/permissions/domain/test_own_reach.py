"""Nobody moves others to where the own rights reach them."""

from uuid import UUID

import pytest

from services.permissions.domain.book import Asking, OnSubject, OnTeam
from services.permissions.domain.deciding import step
from services.permissions.domain.subject.commands import (
    Description,
    GiveGrant,
    JoinSubject,
    LetSubjectLeave,
    MoveSubject,
)
from services.permissions.domain.subject.state import Placement
from services.permissions.domain.team.rules import FormTeam
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import NotPermittedError
from tests.permissions.domain.files import demo
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    ERIN,
    LEO,
    NEWCOMER,
    NOON,
    NORTH,
    ROBOT,
    TITLE,
    Story,
    a_company,
    a_role,
    give,
    grant_id,
    join,
    on,
    role,
)
from tests.permissions.domain.test_by_hand import single

SOUTH = UUID(int=101)
SALES = "00000000-0000-4000-8000-000000001001"


def move(
    who: UUID,
    department: str | None = None,
    teams: tuple[UUID, ...] = (),
    manager: UUID | None = None,
    owner: UUID | None = None,
) -> OnSubject:
    return on(who, MoveSubject(Placement(manager, department, teams, owner)))


def a_branch(has: str = "closer", *, by: UUID = BOB) -> Story:
    """Begin with Bob in a team and department, who reaches so far; Leo is elsewhere."""
    south = OnTeam(SOUTH, FormTeam(TITLE))
    story = a_company().given(
        *role("closer", 20, customer__change="team/internal"),
        *role("district", 30, customer__change="department/internal"),
        south,
    )
    story = story.given(move(BOB, teams=(NORTH,), department="sales"))
    story = story.given(move(LEO, department="support"), give(BOB, 5, a_role(has)))
    return story.asked_by(by)


def test_nobody_moves_others_into_the_own_team() -> None:
    into = move(LEO, department="support", teams=(NORTH,))
    refusal = a_branch().when(into).then_refused("widens-own-reach")
    assert (refusal.field, "subject:change" in (refusal.who_can_help or "")) == ("teams", True)
    a_branch(by=ADA).given(into)
    a_branch().given(move(LEO, department="support", teams=(SOUTH,)))


def test_nobody_moves_others_into_the_own_department_or_below_it() -> None:
    into = move(LEO, department="sales/emea")
    reaches = a_branch("district")
    assert reaches.when(into).then_refused("widens-own-reach").field == "department"
    reaches.asked_by(ADA).given(into).asked_by(BOB).given(move(LEO, department="sales"))
    a_branch("closer").given(into)


def test_nobody_moves_others_under_themself() -> None:
    under = move(LEO, department="support", manager=BOB)
    assert a_branch("boss").when(under).then_refused("widens-own-reach").field == "manager"
    a_branch("boss", by=ADA).given(under).asked_by(BOB).given(move(LEO, manager=BOB))


def test_whoever_reaches_no_further_by_it_moves_whom_they_want() -> None:
    a_branch("boss").given(move(LEO, department="sales", teams=(NORTH,)))


def test_an_own_service_account_is_the_same_person() -> None:
    into = move(LEO, department="support", teams=(NORTH,))
    robot = join(ROBOT, "robot", Placement(owner=BOB), is_service=True)
    story = a_branch(by=ERIN).given(robot)
    story.asked_by(ROBOT).when(into).then_refused("widens-own-reach")
    under = move(LEO, department="support", manager=ROBOT)
    refusal = story.asked_by(BOB).when(under).then_refused("widens-own-reach")
    assert refusal.field == "manager"
    theirs = a_branch(by=ERIN).given(join(ROBOT, "robot", Placement(owner=ADA), is_service=True))
    theirs.asked_by(ROBOT).given(into)


def test_where_the_own_service_account_reaches_counts_too() -> None:
    place = Placement(owner=BOB, teams=(SOUTH,))
    story = a_branch(by=ERIN).given(join(ROBOT, "robot", place, is_service=True))
    story = story.given(give(ROBOT, 6, a_role("closer"))).asked_by(BOB)
    story.when(move(LEO, teams=(SOUTH,))).then_refused("widens-own-reach")


def test_whoever_joins_for_the_first_time_has_nothing_to_be_reached() -> None:
    place = Placement(department="sales", teams=(NORTH,))
    joining = JoinSubject("person", Description("nina"), grant_id(9), place=place, is_id_new=True)
    story = a_branch().given(on(NEWCOMER, joining))
    left = story.given(move(NEWCOMER), on(NEWCOMER, LetSubjectLeave()))
    left.when(on(NEWCOMER, joining)).then_refused("widens-own-reach")
    left.asked_by(ADA).given(join(NEWCOMER, "nina", place))


def test_whoever_joins_under_a_given_id_may_own_something_already() -> None:
    for place in (Placement(teams=(NORTH,)), Placement(manager=BOB)):
        asked = join(NEWCOMER, "nina", place)
        refusal = a_branch().when(asked).then_refused("widens-own-reach")
        assert "an id that Daybook makes" in (refusal.fix or "")
        a_branch(by=ADA).given(asked)


def test_a_file_moves_nobody_into_the_own_team_either() -> None:
    desk, ids = demo(), {name: person.subject for name, person in DEMO_PEOPLE.items()}
    said = "daybook_policy: 1\nsubjects:\n  {name}: {{id: {id}, {more}}}\n"
    carol = said.format(name="carol", id=ids["carol"], more=f"teams: [{SALES}]")
    allowed = single("subject:change")
    for name in ("bob", "dave"):
        given = on(UUID(ids[name]), GiveGrant(grant_id(7), allowed))
        step(desk.book, given, Asking(ids["erin"], NOON, is_installation=True))
    with pytest.raises(NotPermittedError) as refused:
        desk.plan(carol, ids["bob"])
    assert refused.value.problem_code == "widens-own-reach"
    assert desk.plan(carol, ids["dave"]).facts
