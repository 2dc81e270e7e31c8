"""A change is all of it or nothing, in the ways of the standard and of the large providers."""

from typing import Any

import pytest

from tests.permissions.scim.asking import ENTERPRISE, PUBLIC, SCIM, USER, Stage

DEPARTMENT = f"{ENTERPRISE}:department"
MANAGER = f"{ENTERPRISE}:manager"


def op(name: str, path: str | None = None, value: Any = None) -> dict[str, Any]:  # noqa: ANN401
    told: dict[str, Any] = {"op": name}
    if path is not None:
        told["path"] = path
    return told if value is None else told | {"value": value}


def test_a_patch_changes_what_its_paths_name(stage: Stage) -> None:
    boss = stage.create("boss")["id"]
    user = stage.create("alice", emails=[{"value": "a@example.org", "primary": True}])
    answer = stage.patch(
        f"/Users/{user['id']}",
        op("replace", "displayName", "Alice"),
        op("add", "emails", [{"value": "b@example.org", "type": "work", "primary": True}]),
        op("add", "name.givenName", "Alice"),
        op("Add", DEPARTMENT, "Sales / EMEA"),
        op("Replace", MANAGER, boss),
        op("replace", None, {"externalId": "A-1", "phoneNumbers": [{"value": "1"}]}),
    )
    now = answer.json()
    assert answer.status_code == 200, answer.text
    assert (now["displayName"], now["name"], now["externalId"]) == (
        "Alice",
        {"givenName": "Alice"},
        "A-1",
    )
    # One main address at most: the new one, so the other is none any more.
    assert [(one["value"], one["primary"]) for one in now["emails"]] == [
        ("a@example.org", False),
        ("b@example.org", True),
    ]
    assert now[ENTERPRISE]["department"] == "Sales / EMEA"
    assert now[ENTERPRISE]["manager"] == {"value": boss, "$ref": f"{PUBLIC}/scim/v2/Users/{boss}"}
    kept = stage.subject(user["id"])
    assert (kept.place.department, str(kept.place.manager)) == ("sales/emea", boss)
    assert (kept.emails, kept.identifiers) == (("b@example.org", "a@example.org"), ("A-1",))


def test_entra_makes_an_address_by_its_path_and_removes_members_by_value(stage: Stage) -> None:
    alice, bob = stage.create("alice")["id"], stage.create("bob")["id"]
    path = 'emails[type eq "work"].value'
    made = stage.patch(f"/Users/{alice}", op("Add", path, "a@example.org"))
    assert made.json()["emails"] == [{"value": "a@example.org", "type": "work"}]
    off = stage.patch(f"/Users/{bob}", op("Replace", "active", "False"))
    assert off.json()["active"] is False

    team = stage.form("Sales", members=[{"value": alice}, {"value": bob}])
    removed = stage.patch(f"/Groups/{team['id']}", op("Remove", "members", [{"value": alice}]))
    assert [one["value"] for one in removed.json()["members"]] == [bob]
    removed = stage.patch(f"/Groups/{team['id']}", op("remove", f'members[value eq "{bob}"]'))
    assert "members" not in removed.json()


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        (op("replace", "emails[", "x"), "invalidPath"),
        (op("replace", 'emails[type eq "x" or type eq "y"].value', "x@y"), "noTarget"),
        (op("remove"), "noTarget"),
        (op("replace", "id", "x"), "mutability"),
        (op("add", "groups", [{"value": "x"}]), "mutability"),
        (op("remove", "userName"), "mutability"),
        (op("replace", "userName", ["a", "b"]), "invalidValue"),
        (op("replace", "userName", ""), "invalidValue"),
        (op("replace", "displayName", "a\u202eb"), "invalidValue"),
        (op("shred", "displayName"), "invalidValue"),
        (op("add", "displayName"), "invalidValue"),
        (op("replace", MANAGER, "nobody"), "invalidValue"),
        (op("replace", MANAGER, "00000000-0000-4000-8000-00000000dead"), "invalidValue"),
        (op("replace", "userName", "Bob"), "uniqueness"),
    ],
)
def test_what_cannot_be_is_refused_by_its_kind_and_nothing_changes(
    stage: Stage, operation: dict[str, Any], scim_type: str
) -> None:
    stage.create("Bob")
    before = stage.create("alice", emails=[{"value": "a@example.org"}])
    path = f"/Users/{before['id']}"
    refused = stage.patch(path, op("replace", "displayName", "Changed"), operation)
    told = refused.json()
    assert told.get("scimType") == scim_type
    assert refused.status_code == (409 if scim_type == "uniqueness" else 400)
    assert told["status"] == str(refused.status_code)
    assert stage.http.get(path).json() == before


def test_a_patch_of_more_than_is_worked_off_at_once_is_refused(stage: Stage) -> None:
    alice = stage.create("alice")["id"]
    refused = stage.patch(f"/Users/{alice}", *[op("replace", "displayName", "x")] * 101)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "tooMany")


def test_whoever_left_comes_back_only_when_it_is_said(stage: Stage) -> None:
    alice = stage.create("alice", active=False)["id"]
    body = {"schemas": [USER], "userName": "alice", "displayName": "Alice"}
    put = stage.http.put(f"/Users/{alice}", json=body, headers=SCIM)
    assert (put.json()["active"], put.json()["displayName"]) == (False, "Alice")
    stage.patch(f"/Users/{alice}", op("remove", "active"))
    assert stage.subject(alice).life == "left"
    stage.patch(f"/Users/{alice}", op("replace", "active", value=True))
    assert stage.subject(alice).life == "active"


def test_a_change_says_which_version_it_is_of_or_is_made_anew(stage: Stage) -> None:
    made = stage.create("alice")
    path, first = f"/Users/{made['id']}", made["meta"]["version"]
    assert stage.http.get(path).headers["ETag"] == first
    assert stage.http.get(path, headers={"If-None-Match": first}).status_code == 304

    named = op("replace", "displayName", "Alice")
    second = stage.patch(path, named, If_Match=first).headers["ETag"]
    assert second != first
    stale = stage.patch(path, op("replace", "displayName", "Al"), If_Match=first)
    assert (stale.status_code, stale.json()["status"]) == (412, "412")
    assert stage.http.delete(path, headers={"If-Match": first}).status_code == 412
    # What changes nothing makes no version.
    assert stage.patch(path, named, If_Match=second).headers["ETag"] == second

    stage.desk.somebody_is_faster = 3
    assert stage.patch(path, op("replace", "displayName", "Al")).status_code == 200
    stage.desk.somebody_is_faster = 99
    assert stage.patch(path, op("replace", "displayName", "Ali")).status_code == 412
    stage.desk.somebody_is_faster = 0
    assert stage.http.delete(path).status_code == 204
    assert stage.http.get(path).status_code == 404
