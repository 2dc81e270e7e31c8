"""Data protection erases a person, sees who has confirmed, and hands out an access file."""

import json
from pathlib import Path

from tests.cli.stand_in import Json, StandIn, customer_id, daybook, lines_of

ADA = customer_id(1)
ONE = f"/v1/customers/{ADA}/erasure"
BEGUN: Json = {
    "customer_id": ADA, "state": "erased", "reason": "objection",
    "opened_at": "2026-03-04T12:00:00Z", "opened_by": "00000000-0000-4000-8000-000000000009",
    "erased_at": "2026-03-04T12:00:00Z", "completed_at": None, "kid": "k",
    "confirmations": [{"holder": "read-models", "at": "2026-03-04T12:00:01Z", "event_id": ADA}],
    "outstanding": ["consumer:billing"], "certificate": None,
}  # fmt: skip


def test_an_erasure_says_who_has_confirmed_and_who_has_not() -> None:
    stand_in = StandIn(other={ONE: BEGUN})
    arguments = ("customers", "erase", ADA, "--reason", "objection", "--yes")
    said = daybook(stand_in, *arguments).stdout
    for part in ("erased", ADA, "petra", "read-models: nothing left", "consumer:billing: has not"):
        assert part in said
    assert [request.method for request in stand_in.asked_for(ONE)] == ["POST"]
    told = daybook(stand_in, "customers", "erasure", ADA, "--json").stdout
    assert json.loads(told) == BEGUN


def test_nobody_is_erased_without_a_reason_that_exists_and_a_yes() -> None:
    stand_in = StandIn(other={ONE: BEGUN})
    for more in ((), ("--reason", "because"), ("--reason", "objection")):
        assert daybook(stand_in, "customers", "erase", ADA, *more).exit_code != 0
    assert stand_in.asked_for(ONE) == []


def test_open_erasures_are_listed_with_whom_they_wait_for() -> None:
    item = {
        "customer_id": ADA, "opened_at": "2026-03-04T12:00:00Z", "age_seconds": 61.5,
        "outstanding": ["consumer:billing", "read-models"],
    }  # fmt: skip
    page = {"items": [item], "next_page_token": None}
    _, line = lines_of(daybook(StandIn(other={"/v1/erasures": page}), "erasures").stdout)
    assert line.startswith(ADA)
    assert line.endswith("consumer:billing, read-models")
    nothing = StandIn(other={"/v1/erasures": {"items": [], "next_page_token": None}})
    assert daybook(nothing, "erasures").stdout == "No erasure is open.\n"


def test_an_access_file_is_written_for_its_readers_eyes_only_and_never_over_another(
    tmp_path: Path,
) -> None:
    file = {"profile": {"name": "Ada"}}
    stand_in = StandIn(other={f"/v1/customers/{ADA}/access-file": file})
    out = tmp_path / "ada.json"
    arguments = ("customers", "access-file", ADA, "--out", str(out))
    assert daybook(stand_in, *arguments).exit_code == 0
    assert json.loads(out.read_text()) == file
    assert out.stat().st_mode & 0o777 == 0o600
    again = daybook(stand_in, *arguments)
    assert again.exit_code == 1
    assert "not there yet" in again.stderr
