"""An operator sees what is parked and does something about it."""

import json

from tests.cli.stand_in import Json, StandIn, daybook, lines_of
from tests.cli.test_projections import a_projector

EVENT = "0198a000-0000-7000-8000-000000000009"
STREAM: Json = {
    "projection": "directory", "version": 1, "stream": "customer-1", "event_id": EVENT,
    "type": "CustomerRenamed", "stream_version": 3, "error": "ValueError",
    "place": "services/customers/projections/directory.py:112:_fold", "attempts": 3,
    "first_failed_at": "2026-03-04T12:00:00Z", "last_failed_at": "2026-03-04T12:00:00Z",
    "events": 2,
}  # fmt: skip


def what_is_parked(*streams: Json, more: str | None = None) -> StandIn:
    page = {"items": list(streams), "next_page_token": more}
    return StandIn(other={"/v1/parked": page})


def test_every_parked_stream_says_what_failed_why_and_where() -> None:
    _, line = lines_of(daybook(what_is_parked(STREAM), "parked", "list").stdout)
    for part in ("customer-1", EVENT, "CustomerRenamed", "ValueError", "directory.py:112", "2"):
        assert part in line
    told = json.loads(daybook(what_is_parked(STREAM), "parked", "list", "--json").stdout)
    assert told["items"] == [STREAM]


def test_where_nothing_is_parked_that_is_said() -> None:
    assert daybook(what_is_parked(), "parked", "list").stdout == "Nothing is parked.\n"


def test_a_list_that_is_cut_short_says_so() -> None:
    pages = [{"items": [STREAM], "next_page_token": "2"}]
    stand_in = StandIn(other={"/v1/parked": pages[0]})
    assert "There are more than 1" in daybook(stand_in, "parked", "list", "--limit", "1").stderr


def test_a_retry_says_what_it_applied_or_what_failed_again() -> None:
    projector = a_projector({"state": "done", "result": {"applied": 2}})
    result = daybook(projector, "parked", "retry", "customer-1")
    assert result.stdout == "retry of directory: done (applied 2)\n"
    failed = {"state": "failed", "error": f"event {EVENT} failed again", "fix": "mend the code"}
    result = daybook(a_projector(failed), "parked", "retry", "customer-1")
    assert result.exit_code == 1
    assert f"event {EVENT} failed again" in result.stderr


def test_a_discard_needs_a_reason() -> None:
    projector = a_projector({"state": "done", "result": {"applied": 1}})
    result = daybook(projector, "parked", "discard", "customer-1", EVENT)
    assert result.exit_code == 2
    assert "--reason" in result.stderr
    result = daybook(projector, "parked", "discard", "customer-1", EVENT, "--reason", "a bug")
    assert result.exit_code == 0, result.output
