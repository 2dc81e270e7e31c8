"""Whoever may not, or asks for nothing that there is, is told so as SCIM tells it."""

from typing import Any

import httpx
import pytest

from shared.eventstore.record_types import AccessRecorded
from tests.permissions.scim.asking import SCIM, USER, Stage

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def told(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/scim+json"
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["schemas"]) == (status, str(status), [ERROR])
    return body


def test_every_address_needs_a_token_and_the_right_one(stage: Stage) -> None:
    for person, status in ((None, 401), ("alice", 403), ("carol", 403)):
        client = stage.client(person)
        for path in ("/Users", "/Groups/1", "/Schemas", "/ServiceProviderConfig"):
            answer = client.get(path)
            told(answer, status)
            assert ("WWW-Authenticate" in answer.headers) is (status == 401)
        told(client.post("/Users", json={}, headers=SCIM), status)


@pytest.mark.parametrize("path", ["/Nothing", "/Users/1/2", "/Users/none", "/Me/1", "/Bulk"])
def test_an_address_that_there_is_not_is_told_as_an_error_of_scim(stage: Stage, path: str) -> None:
    told(stage.http.get(path), 404)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_who_is_signed_in_has_no_address_and_is_told_that_it_is_not_offered(
    stage: Stage, method: str
) -> None:
    assert "userName" in told(stage.http.request(method, "/Me"), 501)["detail"]


def test_an_error_is_told_in_sentences_with_who_can_help(stage: Stage) -> None:
    stage.create("alice")
    twice = {"schemas": [USER], "userName": "alice"}
    taken = told(stage.http.post("/Users", json=twice, headers=SCIM), 409)["detail"]
    refused = told(stage.client("alice").get("/Users"), 403)["detail"]
    for detail in (taken, refused):
        assert detail.endswith(".")
        assert ".." not in detail
        assert ". Who can help: " in detail
    assert "(subject:provision). Ask for it" in refused


def test_a_method_that_there_is_not_is_told_with_those_there_are(stage: Stage) -> None:
    answer = stage.http.put("/Users", json={}, headers=SCIM)
    told(answer, 405)
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/scim+json", 400),
        (b"[]", "application/scim+json", 400),
        (b"", "application/json", 400),
        (b'{"displayName":"x"}', "application/scim+json", 400),
        (b"<user/>", "text/xml", 415),
        (b"x" * 300_000, "application/scim+json", 413),
    ],
)
def test_a_body_that_is_none_is_refused(stage: Stage, body: bytes, kind: str, status: int) -> None:
    told(stage.http.post("/Users", content=body, headers={"Content-Type": kind}), status)


def test_an_error_repeats_nothing_that_was_sent(stage: Stage) -> None:
    for wrong in (
        {"userName": "Wanda\x00Secret"},
        {"userName": "x", "emails": [{"value": "Wanda Secret"}]},
        {"userName": "x", "name": "Wanda Secret"},
        {"userName": "x", "active": "Wanda Secret"},
    ):
        answer = stage.http.post("/Users", json={"schemas": [USER], **wrong}, headers=SCIM)
        assert told(answer, 400)["scimType"] == "invalidValue"
        assert "Secret" not in answer.text


def test_whoever_is_shown_people_is_on_record(stage: Stage) -> None:
    alice = stage.create("alice")["id"]
    stage.http.get("/Users", params={"filter": 'userName eq "alice"'})
    stage.http.get(f"/Users/{alice}")
    stage.http.post("/.search", json={}, headers=SCIM)
    stage.http.get("/Schemas")
    shown = [one for one in stage.records if isinstance(one, AccessRecorded)]
    assert [(one.operation, one.target, one.items, one.asked_by) for one in shown] == [
        ("scim_list_users", None, 1, ("filter",)),
        ("scim_read_users", alice, None, ()),
        ("scim_search", None, 1, ()),
    ]


def test_a_name_is_one_persons_and_addresses_at_home_are_not_kept(stage: Stage) -> None:
    home = {"value": "a@home.example", "type": "home"}
    assert "emails" not in stage.create("alice", emails=[home], title="Dr")
    again = {"schemas": [USER], "userName": "alice"}
    answer = stage.http.post("/Users", json=again, headers=SCIM)
    assert told(answer, 409)["scimType"] == "uniqueness"
