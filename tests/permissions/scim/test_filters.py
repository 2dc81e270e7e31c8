"""A list shows who matches the filter, in the order and on the page that are asked for."""

from typing import Any

import pytest

from tests.permissions.scim.asking import ENTERPRISE, PATCH, SCIM, Stage


@pytest.fixture
def staffed(stage: Stage) -> Stage:
    """Three people of whom each is alike another in something."""
    work = {"value": "Alice@example.org", "type": "work", "primary": True}
    stage.create("alice", displayName="Alice Ångström", externalId="A-1", emails=[work])
    stage.create("Bob", externalId="B-1", active=False, **{ENTERPRISE: {"department": "Sales"}})
    other = {"value": "carol@example.com", "type": "work"}
    stage.create("carol", name={"familyName": "Carlsen"}, emails=[other])
    return stage


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ('userName eq "ALICE"', ["alice"]),
        ('USERNAME Eq "bob"', ["Bob"]),
        ('userName ne "alice"', ["Bob", "carol"]),
        ('userName sw "a" or userName ew "OB"', ["alice", "Bob"]),
        ('userName co "aro" and emails pr', ["carol"]),
        ('externalId eq "A-1"', ["alice"]),
        ('externalId eq "a-1"', []),
        ('displayName eq "alice Å\u006egström"', ["alice"]),
        ("active eq false", ["Bob"]),
        ("not (active eq true)", ["Bob"]),
        ('emails[type eq "work" and value co "@EXAMPLE.ORG"]', ["alice"]),
        ('emails[primary eq true].value eq "alice@example.org"', ["alice"]),
        ('emails.value ew ".com"', ["carol"]),
        ('name.familyName gt "car" and userName le "carol"', ["carol"]),
        ('(userName eq "alice" or userName eq "bob") and active eq true', ["alice"]),
        (f'{ENTERPRISE}:department eq "sales"', ["Bob"]),
        ("meta.lastModified pr", []),
    ],
)
def test_a_filter_finds_whom_it_means(staffed: Stage, filter_: str, names: list[str]) -> None:
    assert staffed.names(filter_) == names
    searched = staffed.http.post("/Users/.search", json={"filter": filter_}, headers=SCIM)
    assert [one["userName"] for one in searched.json().get("Resources", [])] == names


@pytest.mark.parametrize(
    "filter_",
    [
        "userName",
        'userName eq "alice',
        'userName is "alice"',
        'shoeSize eq "46"',
        "active gt true",
        'emails[value eq "x"',
        "(" * 2_000,
        'not (userName eq "a" and ' * 40 + "active pr" + ")" * 40,
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_as_such(staffed: Stage, filter_: str) -> None:
    answer = staffed.http.get("/Users", params={"filter": filter_})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert "shoeSize" not in answer.text


def test_pages_and_orders_are_those_asked_for(staffed: Stage) -> None:
    def page(**query: Any) -> tuple[list[str], int, int]:  # noqa: ANN401 - any parameter
        told = staffed.http.get("/Users", params=query).json()
        names = [one["userName"] for one in told.get("Resources", [])]
        return names, told["totalResults"], told["itemsPerPage"]

    assert page() == (["alice", "Bob", "carol"], 3, 3)
    assert page(startIndex=2, count=1) == (["Bob"], 3, 1)
    assert page(startIndex=-5, count=2) == (["alice", "Bob"], 3, 2)
    assert page(count=0) == ([], 3, 0)
    assert page(startIndex=4) == ([], 3, 0)
    assert page(sortBy="userName", sortOrder="descending") == (["carol", "Bob", "alice"], 3, 3)
    assert staffed.http.get("/Users", params={"count": "many"}).json()["scimType"] == "invalidValue"


def test_only_the_attributes_asked_for_are_shown(staffed: Stage) -> None:
    alice = staffed.http.get("/Users", params={"attributes": "emails.value"}).json()["Resources"][0]
    assert alice["emails"] == [{"value": "Alice@example.org"}]
    assert set(alice) == {"schemas", "id", "emails"}
    without = staffed.http.get(f"/Users/{alice['id']}", params={"excludedAttributes": "emails"})
    assert "emails" not in without.json()
    assert without.json()["userName"] == "alice"
    both = {"attributes": "emails", "excludedAttributes": "userName"}
    assert staffed.http.get("/Users", params=both).status_code == 400


def test_one_search_finds_people_and_teams(staffed: Stage) -> None:
    staffed.form("Alice's team")
    query = {"schemas": [PATCH.replace("PatchOp", "SearchRequest")], "filter": "id pr and meta pr"}
    told = staffed.http.post("/.search", json=query, headers=SCIM).json()
    kinds = [one["meta"]["resourceType"] for one in told["Resources"]]
    assert (kinds, told["totalResults"]) == (["User", "User", "User", "Group"], 4)
