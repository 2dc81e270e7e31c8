"""Reviews, findings and what one person may do, from the command line."""

import asyncio
import json
import re

from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

REVIEW = "018f0000-0000-7000-8000-00000000f001"
FINDING = "018f0000-0000-5000-8000-00000000f002"
PERSON: Json = {"id": ALICE, "display_name": "Alice", "department": "sales"}
ONE: Json = {
    "id": REVIEW, "title": "Sellers", "state": "open", "undecided": 2, "mine": 1,
    "due": "2026-12-01T00:00:00Z", "version": 4,
}  # fmt: skip
HINTS: Json = {
    "same_department": {"others": 4, "have_it": 1, "percent": 25}, "last_use": None,
    "last_use_is": "not used since 2026-03-03T12:00:00+00:00, from when on uses are known",
}  # fmt: skip
ITEM: Json = {
    "number": 1, "subject": PERSON, "grant": {"role": "sales_rep", "scope": "own"},
    "is_gone": False, "decision": None, "hints": HINTS,
}  # fmt: skip
FOUND: Json = {
    "id": FINDING, "kind": "unused", "subject": PERSON, "grant": {"role": "viewer"},
    "because": {"last_use": None, "days": 90}, "loses": ["customer:read"], "version": 7,
}  # fmt: skip


def test_a_review_is_listed_shown_decided_and_signed_off_as_it_was_read() -> None:
    where = f"/v1/reviews/{REVIEW}"
    service = StandIn(
        other={
            "/v1/reviews": {"items": [ONE], "next_page_token": None}, where: ONE,
            f"{where}/items": {"items": [ITEM], "next_page_token": None},
            f"{where}/decisions": {"version": 5}, f"{where}/sign-off": {"version": 6},
        }
    )  # fmt: skip
    listed = lines_of(daybook(service, "permissions", "reviews", "list", "--as", "bob").stdout)
    assert listed[1].split()[:5] == [REVIEW, "Sellers", "open", "2", "1"]
    shown = lines_of(daybook(service, "permissions", "reviews", "show", REVIEW).stdout)
    assert shown[1].startswith("1     Alice  sales_rep  own")
    assert "not used since 2026-03-03" in shown[1]
    reduced = daybook(
        service, "permissions", "reviews", "decide", REVIEW, "1", "reduce", "--scope", "own",
        "--reason", "enough",
    )  # fmt: skip
    assert lines_of(reduced.stdout) == ["Item 1: reduce. Nothing changes before sign-off."]
    (sent,) = service.asked_for(f"{where}/decisions")
    assert json.loads(asyncio.run(sent.body())) == {
        "items": [{"number": 1, "decision": "reduce", "reason": "enough", "scope": "own"}]
    }
    done = daybook(service, "permissions", "reviews", "sign-off", REVIEW, "--as", "bob")
    assert done.stdout.startswith("Signed off: Sellers.")
    (sent,) = service.asked_for(f"{where}/sign-off")
    assert sent.headers["If-Match"] == '"4"'


def test_a_review_is_started_and_its_items_are_handed_on_by_name() -> None:
    where = f"/v1/reviews/{REVIEW}/delegations"
    people = {"items": [{"id": ALICE, "user_name": "alice", "version": 2}]}
    service = StandIn(
        other={
            "/v1/reviews": {"id": REVIEW, "version": 1}, where: {"version": 5},
            "/v1/subjects": people,
        }
    )  # fmt: skip
    started = daybook(
        service, "permissions", "reviews", "start", "Sellers", "--due", "2026-12-01",
        "--role", "sales_rep", "--role", "viewer", "--silence", "keep", "--as", "bob",
    )  # fmt: skip
    assert lines_of(started.stdout) == [f"Started: {REVIEW}"]
    (sent,) = service.asked_for("/v1/reviews")
    assert json.loads(asyncio.run(sent.body())) == {
        "title": "Sellers", "roles": ["sales_rep", "viewer"], "silence": "keep",
        "due": "2026-12-01T00:00:00+00:00",
    }  # fmt: skip
    handed = daybook(
        service, "permissions", "reviews", "delegate", REVIEW, "2", "3", "--to", "alice",
        "--reason", "she knows",
    )  # fmt: skip
    assert lines_of(handed.stdout) == ["Handed on to alice: 2, 3"]
    (sent,) = service.asked_for(where)
    assert json.loads(asyncio.run(sent.body())) == {
        "items": [2, 3], "to": ALICE, "reason": "she knows",
    }  # fmt: skip
    assert sent.headers["Idempotency-Key"]


def test_why_a_grant_is_found_is_told_in_words() -> None:
    told = {
        "outside_the_role": {"is_covered_by_a_role": True, "covered_by": ["sales_rep"],
                             "roles_with_it": ["auditor", "sales_rep"]},
        "wider_than_peers": {"others": 5, "have_it": 1, "percent": 20},
        "kept_after_a_move": {"department": "support", "teams": 1},
        "unused": {"last_use": None, "known_since": "2026-03-03T12:00:00+00:00", "days": 90},
        "yet_unknown": {"some_day": 3},
    }  # fmt: skip
    outside = {"is_covered_by_a_role": False, "roles_with_it": ["auditor"]}
    used = {"last_use": "2026-03-03T12:00:00+00:00", "days": 90}
    every = [*told.items(), ("outside_the_role", outside), ("unused", used)]
    items = [{**FOUND, "kind": kind, "because": because} for kind, because in every]
    service = StandIn(other={"/v1/findings": {"items": items}})
    listed = lines_of(daybook(service, "permissions", "findings", "list", "--as", "bob").stdout)
    assert [re.split(r" {2,}", line)[3] for line in listed[1:]] == [
        "given anyway by a role that they have: sales_rep",
        "only 1 of 5 others of the department have it",
        "given before a move to support",
        "never used, known since 2026-03-03 12:00:00.000 UTC",
        "some day 3",
        "no role that they have gives it, and it has no end; auditor would",
        "last used 2026-03-03 12:00:00.000 UTC",
    ]


def test_a_finding_is_mended_as_it_was_read_and_what_is_not_known_is_said() -> None:
    not_known = [{"kind": "unused", "why": "uses are known since today"}]
    service = StandIn(
        other={
            "/v1/findings": {"items": [FOUND], "not_known": not_known},
            f"/v1/findings/{FINDING}": FOUND,
            f"/v1/findings/{FINDING}/remedy": {"version": 8},
        }
    )
    listed = lines_of(daybook(service, "permissions", "findings", "list", "--as", "bob").stdout)
    assert listed[1].startswith("unused  Alice  viewer")
    assert listed[2] == "unused cannot be found yet: uses are known since today"
    mended = daybook(service, "permissions", "findings", "remedy", FINDING, "--as", "bob")
    assert lines_of(mended.stdout) == ["Revoked viewer of Alice; lost: customer:read"]
    (sent,) = service.asked_for(f"/v1/findings/{FINDING}/remedy")
    assert sent.headers["If-Match"] == '"7"'


def test_one_page_shows_what_somebody_may_do_and_when_they_last_did() -> None:
    way = {"role": "sales_rep", "scope": "own", "clearance": "internal", "until": None}
    right = {
        "permission": "customer:read", "is_denied_somewhere": False,
        "by": {"items": [way, {**way, "role": "joiner"}], "more": 0},
        "last_use": "2026-03-03T12:00:00+00:00", "times": 8,
    }  # fmt: skip
    refusal = {
        "permission": "customer:export", "code": "no_grant", "times": 2,
        "last_at": "2026-03-03T12:00:00+00:00", "evidence": {"event_id": REVIEW},
    }  # fmt: skip
    none = {"items": [], "more": 0}
    page: Json = {
        "subject": {**PERSON, "life": "left"}, "rights": {"items": [right], "more": 3},
        "refusals": {"items": [refusal], "more": 0}, "service_accounts": none,
        "findings": {"items": [{"kind": "unused"}], "more": 0},
        "leaver": f"/v1/leavers/{ALICE}", "uses_known_since": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    service = StandIn(
        other={
            "/v1/subjects": {"items": [{"id": ALICE, "user_name": "alice", "version": 2}]},
            f"/v1/subjects/{ALICE}/access": page,
        }
    )
    service.other["/v1/subjects?life=left"] = service.other["/v1/subjects"]
    service.other["/v1/subjects"] = {"items": []}
    shown = lines_of(daybook(service, "permissions", "person", "alice", "--as", "bob").stdout)
    assert shown[0] == f"Alice (left, sales): {ALICE}"
    columns = [column.strip() for column in re.split(r" {2,}", shown[2])]
    assert columns[:4] == ["customer:read", "joiner, sales_rep", "own/internal", "—"]
    assert shown[2].endswith("8")
    assert shown[3] == "… and 3 more."
    assert shown[5].split()[:3] == ["customer:export", "no_grant", "2"]
    assert shown[6] == "findings: 1"
    assert shown[-1] == f"Left; where it is refused already: GET /v1/leavers/{ALICE}"
    unseen = {**page, "rights": None, "refusals": None, "leaver": None}
    service.other[f"/v1/subjects/{ALICE}/access"] = unseen
    told = daybook(service, "permissions", "person", "alice", "--as", "bob").stdout
    assert "that needs grant:read" in told
