"""Access is requested, approved, given and ended from the command line."""

import asyncio
import json

from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

REQUEST = "018f0000-0000-7000-8000-00000000f001"
BOB: Json = {"id": "00000000-0000-4000-8000-000000000004", "display_name": "Bob"}
WAITING: Json = {
    "id": REQUEST, "subject_id": ALICE, "display_name": "Alice", "state": "open", "hours": 8.0,
    "permission": "customer:read", "scope": "all", "clearance": "internal", "records": ["c-1"],
    "reason": "They called me", "approvers": [BOB],
}  # fmt: skip
DONE: Json = {"subject_id": ALICE, "grant_id": REQUEST, "version": 3}
PEOPLE: Json = {
    "items": [
        {"id": REQUEST, "user_name": "alice_two", "version": 9},
        {"id": ALICE, "user_name": "alice", "version": 2},
    ]
}
PAGE: Json = {"items": [WAITING], "next_page_token": None}


def test_what_is_asked_for_names_who_can_approve_it_and_is_approved_by_its_id() -> None:
    service = StandIn(
        other={
            "/v1/requests": {**DONE, "approvers": [BOB]}, "/v1/approvals": {**PAGE, **DONE},
        }
    )  # fmt: skip
    asked = daybook(
        service, "permissions", "request", "customer:read", "--record", "c-1", "--reason", "x"
    )
    assert lines_of(asked.stdout) == [f"Requested: {REQUEST}", "Who can approve it: Bob"]
    (sent,) = service.asked_for("/v1/requests")
    assert json.loads(asyncio.run(sent.body())) == {
        "permission": "customer:read", "record_id": "c-1", "reason": "x",
    }  # fmt: skip
    listed = daybook(service, "permissions", "approvals")
    heading, alice = lines_of(listed.stdout)
    assert heading.split()[:2] == ["FOR", "WHAT"]
    assert alice.startswith("Alice  customer:read  all, internal, 1 record, 8 h  open")
    approved = daybook(service, "permissions", "approve", REQUEST)
    assert lines_of(approved.stdout) == ["Approved: it works from now on."]
    other = daybook(service, "permissions", "approve", ALICE)
    assert other.exit_code != 0
    assert "no such request waits for you" in other.output


def test_a_request_that_nobody_can_approve_says_why_and_who_can_help() -> None:
    nobody: Json = {"why": "nobody has it", "fix": "give it", "who_can_help": "erin"}
    alone: Json = {**WAITING, "approvers": [], "nobody": nobody}
    page: Json = {"items": [alone, {**alone, "id": ALICE}], "next_page_token": None}
    told = ["Why nobody now: nobody has it", "Fix: give it (who can help: erin)"]
    answer: Json = {**DONE, "approvers": [], "nobody": nobody}
    service = StandIn(other={"/v1/requests": answer})
    asked = daybook(service, "permissions", "request", "customer:read", "--reason", "x")
    assert lines_of(asked.stdout)[1:] == ["Who can approve it: nobody now", *told]
    mine = daybook(StandIn(other={"/v1/requests": page}), "permissions", "requests")
    listed = lines_of(mine.stdout)
    assert [line.split()[-1] for line in listed[1:3]] == [REQUEST, ALICE]
    assert listed[3:] == told


def test_somebody_is_named_as_they_sign_in_and_nobody_of_a_similar_name_is_hit() -> None:
    leaving = f"/v1/subjects/{ALICE}/leave"
    service = StandIn(other={"/v1/subjects": PEOPLE, "/v1/grants": DONE, leaving: {"version": 3}})
    given = daybook(
        service, "permissions", "give", "Alice", "viewer", "--until", "2027-01-01",
        "--reason", "a trial", "--as", "bob",
    )  # fmt: skip
    assert lines_of(given.stdout) == [f"Given: {REQUEST}"]
    (sent,) = service.asked_for("/v1/grants")
    said = json.loads(asyncio.run(sent.body()))
    assert (said["subject_id"], said["until"]) == (ALICE, "2027-01-01T00:00:00Z")
    assert lines_of(daybook(service, "permissions", "leave", "alice", "--as", "bob").stdout) == [
        "Left."
    ]
    (left,) = service.asked_for(leaving)
    assert left.headers["If-Match"] == '"2"'
    why = ("--reason", "moved to the sea", "--ticket", "HR-7")
    daybook(service, "permissions", "leave", "alice", *why, "--as", "bob")
    _, left = service.asked_for(leaving)
    assert json.loads(asyncio.run(left.body())) == {"reason": "moved to the sea", "ticket": "HR-7"}
    nobody = daybook(service, "permissions", "leave", "ali", "--as", "bob")
    assert "nobody whom you may see" in nobody.output


def test_grants_are_listed_with_the_names_that_one_may_see() -> None:
    mine = {**WAITING, "state": "in_force", "user_name": "alice", "records": ["c-1", "c-2"]}
    nameless = {**mine, "user_name": None, "display_name": None}
    service = StandIn(other={"/v1/grants": {"items": [mine, nameless], "next_page_token": None}})
    _, named, unnamed = lines_of(daybook(service, "permissions", "grants", "--as", "bob").stdout)
    assert named.split()[:2] == ["alice", "customer:read"]
    assert "2 records" in named
    assert unnamed.split()[0] == ALICE


def test_of_somebody_who_left_is_shown_what_is_left_and_nothing_is_done_to_them() -> None:
    page = {"items": [{"id": ALICE, "user_name": "alice", "life": "left", "version": 2}]}
    nothing: Json = {"items": [], "next_page_token": None}
    service = StandIn(other={"/v1/subjects?life=left": page, "/v1/subjects": nothing})
    service.other["/v1/grants"] = nothing
    shown = daybook(service, "permissions", "grants", "alice", "--as", "bob")
    assert shown.exit_code == 0, shown.output
    assert "when somebody leaves, everything does" in shown.stdout
    (asked,) = service.asked_for("/v1/grants")
    assert asked.query_params["subject_id"] == ALICE
    looked = daybook(service, "permissions", "grants", "alice", "--to-review", "--as", "bob")
    assert lines_of(looked.stdout)[1:] == ["Nothing waits to be reviewed."]
    again = daybook(service, "permissions", "leave", "alice", "--as", "bob")
    assert "whoever signed in by this name left" in again.stderr
    assert f"daybook leavers {ALICE}" in again.stderr
