"""Who leaves has nothing any more, and who comes back begins anew."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.permissions.api.scim.known import EXTERNAL_ID
from services.permissions.domain.subject.commands import (
    DescribeSubject,
    Description,
    LetSubjectLeave,
    SuspendSubject,
)
from services.permissions.domain.subject.state import Placement
from shared.authorization.people import DEMO_PEOPLE
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    ERIN,
    LEO,
    NORTH,
    ROBOT,
    a_company,
    a_role,
    give,
    join,
    on,
)
from tests.permissions.scim.asking import SCIM, USER, Stage


@pytest.fixture
def company() -> Stage:
    """A company whose people had grants before an identity provider was asked."""
    robot = join(ROBOT, "robot", Placement(owner=LEO), is_service=True)
    return Stage(a_company().given(robot, give(LEO, 7, a_role("seller"))))


def switch(stage: Stage, person: UUID, *, active: bool) -> int:
    operation = {"op": "replace", "path": "active", "value": active}
    return stage.patch(f"/Users/{person}", operation).status_code


def roles(stage: Stage, person: UUID) -> list[str | None]:
    return [grant.terms.role for grant in stage.desk.book_now.subject(person).grants.values()]


def test_whoever_is_not_active_loses_everything_and_who_returns_begins_anew(
    company: Stage,
) -> None:
    assert roles(company, LEO) == ["joiner", "seller"]
    assert switch(company, LEO, active=False) == 200
    assert roles(company, LEO) == []
    # A program that nobody answers for any more stops, too.
    assert company.desk.book_now.subject(ROBOT).life == "suspended"
    assert company.names("active eq false") == ["leo"]

    assert switch(company, LEO, active=True) == 200
    assert roles(company, LEO) == ["joiner"]
    assert company.desk.book_now.subject(ROBOT).life == "suspended"
    assert company.names("active eq false") == []


def test_the_last_administrator_cannot_be_let_go(company: Stage) -> None:
    assert switch(company, ERIN, active=False) == 409
    assert company.http.delete(f"/Users/{ERIN}").status_code == 409
    assert company.desk.book_now.subject(ERIN).life == "active"


def test_who_is_suspended_here_is_not_let_in_by_a_directory(company: Stage) -> None:
    story = replace(a_company(), book=company.desk.book_now).given(on(ADA, SuspendSubject()))
    company.desk.book_now = story.book
    assert company.http.get(f"/Users/{ADA}").json()["active"] is True
    assert switch(company, ADA, active=True) == 200
    assert company.desk.book_now.subject(ADA).life == "suspended"


def test_an_account_is_seen_until_it_is_removed_and_only_then_is_its_name_free(
    company: Stage,
) -> None:
    again = {"schemas": [USER], "userName": "LEO", "externalId": "L-2"}
    switch(company, LEO, active=False)
    assert company.http.post("/Users", json=again, headers=SCIM).status_code == 409
    assert company.http.delete(f"/Users/{LEO}").status_code == 204
    assert company.http.get(f"/Users/{LEO}").status_code == 404
    assert company.names('userName eq "leo"') == []
    new = company.http.post("/Users", json=again, headers=SCIM).json()["id"]
    assert new != str(LEO)
    # Who left in Daybook itself is no account of a directory.
    book = company.desk.book_now
    company.desk.book_now = replace(a_company(), book=book).given(on(BOB, LetSubjectLeave())).book
    assert company.http.get(f"/Users/{BOB}").status_code == 404
    assert company.http.get(f"/Users/{ROBOT}").status_code == 404


def test_a_team_and_an_account_outlive_the_manager(company: Stage) -> None:
    leo, ada = str(LEO), str(ADA)
    value = {"op": "add", "value": {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
        "manager": {"value": leo}}}}  # fmt: skip
    assert company.patch(f"/Users/{ada}", value).status_code == 200
    switch(company, LEO, active=False)
    added = company.patch(
        f"/Groups/{NORTH}", {"op": "add", "path": "members", "value": [{"value": ada}]}
    )
    assert [one["value"] for one in added.json()["members"]] == [ada]
    place = company.desk.book_now.subject(ADA).place
    assert (place.manager, place.teams) == (None, (NORTH,))
    assert company.http.get(f"/Users/{ada}").json()["groups"][0]["value"] == str(NORTH)
    assert company.http.delete(f"/Groups/{NORTH}").status_code == 204
    assert "groups" not in company.http.get(f"/Users/{ada}").json()


def test_a_directory_reads_its_own_words_until_somebody_changes_what_they_say(
    stage: Stage,
) -> None:
    made = stage.create("nina", name={"givenName": "Nina", "familyName": "Vox"})
    assert "displayName" not in made
    assert stage.subject(made["id"]).display_name == "Nina Vox"
    nina = UUID(made["id"])
    book = stage.desk.book_now
    told = on(nina, DescribeSubject(Description("Dr. Vox", "nina")))
    stage.desk.book_now = replace(a_company(), book=book).given(told).book
    now = stage.http.get(f"/Users/{nina}").json()
    assert now["displayName"] == "Dr. Vox"
    assert now["meta"]["version"] != made["meta"]["version"]


@pytest.mark.parametrize("is_deleted", [False, True])
def test_whoever_answers_for_the_identity_provider_leaves_as_everybody_else(
    *, is_deleted: bool
) -> None:
    directory = UUID(DEMO_PEOPLE["directory"].subject)
    known = DescribeSubject(Description("Leo", "leo", (), ("L-1",), {EXTERNAL_ID: "L-1"}))
    answers = join(directory, "directory", Placement(owner=LEO), is_service=True)
    stage = Stage(a_company().given(on(LEO, known), answers))
    if is_deleted:
        assert stage.http.delete(f"/Users/{LEO}").status_code == 204
    else:
        assert switch(stage, LEO, active=False) == 200
    assert stage.desk.book_now.subject(LEO).life == "left"
