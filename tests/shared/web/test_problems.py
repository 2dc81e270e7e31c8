"""Every error leaves as problem+json, and no value of anybody leaves with it."""

import logging
from typing import Any

import pytest

from shared.errors import (
    DaybookError,
    GoneError,
    NotYetError,
    RuleBrokenError,
    UnavailableError,
    UndecidedError,
    VersionConflictError,
)
from tests.shared.web.stage import Stage

ADA = "ada.lovelace@example.org"


async def problem(stage: Stage, failure: Exception) -> dict[str, Any]:
    stage.failure = failure
    answer = await stage.ask("alice", "GET", "/v1/customers")
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["instance"] == "/v1/customers"
    assert body["trace_id"] == answer.headers["traceparent"].split("-")[1]
    return body


async def test_an_error_says_what_which_field_what_next_and_who(stage: Stage) -> None:
    error = RuleBrokenError(
        "There are 50 already.", code="too-many", field="emails", fix="Remove.", who_can_help="Erin"
    )
    body = await problem(stage, error)
    del body["trace_id"]
    assert body == {
        "type": "/problems/too-many",
        "title": "A business rule says no",
        "status": 409,
        "detail": "There are 50 already.",
        "instance": "/v1/customers",
        "field": "emails",
        "fix": "Remove.",
        "who_can_help": "Erin",
    }


async def test_what_is_not_known_is_left_out(stage: Stage) -> None:
    body = await problem(stage, GoneError("The key was destroyed."))
    assert body.keys() == {"type", "title", "status", "detail", "instance", "trace_id"}


async def test_a_conflict_names_the_version_there_is(stage: Stage) -> None:
    body = await problem(stage, VersionConflictError("Changed.", current_version=9))
    assert body["current_version"] == 9


@pytest.mark.parametrize("error", [NotYetError, UnavailableError])
async def test_what_passes_says_when_to_come_back(stage: Stage, error: type[DaybookError]) -> None:
    stage.failure = error("Not now.", retry_after_seconds=3)
    answer = await stage.ask("alice", "GET", "/v1/customers")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


async def test_an_unexpected_failure_tells_nothing_of_itself(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    body = await problem(stage, ValueError(ADA))
    assert body["status"] == 500
    assert body["type"] == "/problems/internal-error"
    assert "operator" in body["who_can_help"]
    assert ADA not in str(body)
    (record,) = caplog.records
    assert record.getMessage() == "a request failed unexpectedly"
    assert record.exc_info is not None


async def test_only_what_is_wrong_with_us_is_logged(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="shared"):
        await problem(stage, RuleBrokenError("No.", fix="Other.", who_can_help="Erin"))
        await problem(stage, NotYetError("Late."))
        assert caplog.records == []
        await problem(stage, UnavailableError("Gone."))
        assert len(caplog.records) == 1


async def test_what_cannot_be_decided_is_one_line_without_a_stack_that_counts(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([100.0, 100.0, 101.0, 159.0, 161.0, 161.0])
    monkeypatch.setattr("shared.web.problems.monotonic", lambda: next(seconds))
    for _ in range(4):
        await problem(stage, UndecidedError("Permissions are old.", reason="stale"))
    told = [(record.exc_info, vars(record)["refused"]) for record in caplog.records]
    assert told == [(None, 1), (None, 3)]
