"""Access is taken in an emergency, and somebody else says whether it was one."""

import asyncio
import json

import pytest

from cli.commands import emergencies
from shared.testing.clock import TurnableClock
from tests.cli.stand_in import ALICE, Json, StandIn, daybook, lines_of

GRANT = "018f0000-0000-7000-8000-00000000f001"
DONE: Json = {"subject_id": ALICE, "grant_id": GRANT, "version": 3}


def test_access_taken_in_an_emergency_ends_and_says_how_it_is_reviewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(emergencies, "SystemClock", TurnableClock)
    service = StandIn(other={"/v1/grants/break-glass": DONE})
    taken = daybook(
        service, "permissions", "break-glass", "customer:read", "--hours", "1.5", "--record", "c-1",
        "--scope", "all", "--reason", "the site is down", "--as", "alice",
    )  # fmt: skip
    until, review = lines_of(taken.stdout)
    assert until == f"Taken until 2026-03-04 13:30:00.000 UTC: {GRANT}"
    assert f"daybook permissions review-emergency {ALICE} {GRANT} justified|not_" in review
    (sent,) = service.asked_for("/v1/grants/break-glass")
    assert json.loads(asyncio.run(sent.body())) == {
        "permission": "customer:read", "scope": "all", "records": ["c-1"],
        "until": "2026-03-04T13:30:00+00:00", "reason": "the site is down",
    }  # fmt: skip
    assert sent.headers["Idempotency-Key"]


@pytest.mark.parametrize(
    ("hours", "until"),
    [("4", "2026-03-04T15:59:30+00:00"), ("4.5", "2026-03-04T16:30:00+00:00")],
)
def test_the_longest_emergency_is_had_also_where_the_clock_is_ahead(
    monkeypatch: pytest.MonkeyPatch, hours: str, until: str
) -> None:
    monkeypatch.setattr(emergencies, "SystemClock", TurnableClock)
    service = StandIn(other={"/v1/grants/break-glass": DONE})
    words = ("break-glass", "viewer", "--hours", hours, "--reason", "x", "--as", "alice")
    assert daybook(service, "permissions", *words).exit_code == 0
    (sent,) = service.asked_for("/v1/grants/break-glass")
    assert json.loads(asyncio.run(sent.body()))["until"] == until


def test_somebody_else_lists_what_was_taken_and_says_whether_it_was_justified() -> None:
    listed = {"items": [{**DONE, "id": GRANT, "role": "viewer", "state": "over"}]}
    service = StandIn(
        other={
            "/v1/grants": listed, "/v1/grants/review": DONE,
        }
    )  # fmt: skip
    shown = daybook(service, "permissions", "grants", "--to-review", "--as", "bob")
    assert GRANT in lines_of(shown.stdout)[1]
    assert service.asked_for("/v1/grants")[0].query_params["to_review"] == "true"
    said = daybook(
        service, "permissions", "review-emergency", ALICE, GRANT, "not_justified",
        "--reason", "no outage", "--as", "bob",
    )  # fmt: skip
    assert lines_of(said.stdout) == ["Reviewed: not justified."]
    (sent,) = service.asked_for("/v1/grants/review")
    assert json.loads(asyncio.run(sent.body())) == {
        "subject_id": ALICE, "grant_id": GRANT, "verdict": "not_justified", "reason": "no outage",
    }  # fmt: skip
