"""Everything a process says is one line of JSON on stderr, and no line holds personal data."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import asyncpg
import pytest

from shared.errors import InvalidInputError, UnavailableError
from shared.observability.logs import configure_logging, log_lost_failures
from shared.observability.traces import Tracing, enter_trace, leave_trace
from shared.settings import ObservabilitySettings
from tests.ground.hearing import Heard, hearing

PERSONAL = "ada.lovelace@example.org"
OURS = logging.getLogger("services.customers.api")


@pytest.fixture
def heard() -> Iterator[Heard]:
    with hearing() as its:
        yield its


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        fail_with(error)
    return caught.value


def fail_with(error: Exception) -> None:
    raise error


def test_a_line_says_who_speaks_and_of_what(heard: Heard) -> None:
    OURS.info("a round was sent", extra={"events": 12, "partition": 3})
    line = heard.line
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "services.customers.api",
        "message": "a round was sent",
        "service": "customers",
        "role": "api",
        "trace_id": None,
        "events": 12,
        "partition": 3,
    }


def test_a_line_names_the_trace_that_it_belongs_to(heard: Heard) -> None:
    traceparent = Tracing().start()
    entered = enter_trace(traceparent)
    OURS.info("a request was answered")
    leave_trace(entered)
    assert heard.line["trace_id"] == traceparent.split("-")[1]


def test_arguments_of_a_sentence_are_never_printed(heard: Heard) -> None:
    OURS.warning("%s was registered", PERSONAL)
    assert heard.line["message"] == "%s was registered"


def test_fields_that_sound_like_a_persons_are_withheld(heard: Heard) -> None:
    OURS.info("registered", extra={"email": PERSONAL, "payload": {"a": PERSONAL}, "version": 1})
    assert PERSONAL not in heard.text
    assert heard.line["email"] == "withheld"
    assert heard.line["version"] == 1


def test_what_json_cannot_hold_is_named_by_its_type(heard: Heard) -> None:
    OURS.info("odd", extra={"thing": InvalidInputError(PERSONAL)})
    assert heard.line["thing"] == "<InvalidInputError>"


def test_an_exception_is_told_by_type_and_place_without_its_words(heard: Heard) -> None:
    OURS.error("it failed", exc_info=raised(ValueError(f"bad name {PERSONAL}")))
    assert PERSONAL not in heard.text
    error = heard.line["error"]
    assert error["type"] == "builtins.ValueError"
    assert error["stack"][-1].startswith("tests/shared/observability/test_logs.py:")
    assert error["stack"][-1].endswith(":fail_with")


def test_an_error_of_postgresql_never_shows_the_row(heard: Heard) -> None:
    error = asyncpg.UniqueViolationError(f"duplicate {PERSONAL}")
    error.detail = f"Key (name)=({PERSONAL}) already exists."
    error.constraint_name = "directory_pkey"
    OURS.error("it failed", exc_info=raised(error))
    assert PERSONAL not in heard.text
    assert heard.line["error"]["sqlstate"] == "23505"
    assert heard.line["error"]["constraint_name"] == "directory_pkey"


def test_causes_and_groups_are_told_as_carefully(heard: Heard) -> None:
    inner = ExceptionGroup(PERSONAL, [ValueError(PERSONAL), KeyError(PERSONAL)])
    outer = RuntimeError(PERSONAL)
    outer.__cause__ = inner
    OURS.error("it failed", exc_info=outer)
    assert PERSONAL not in heard.text
    cause = heard.line["error"]["cause"]
    assert [one["type"] for one in cause["errors"]] == ["builtins.ValueError", "builtins.KeyError"]


def test_our_own_error_speaks_of_our_side_and_not_of_the_callers(heard: Heard) -> None:
    OURS.error("no answer", exc_info=UnavailableError("The broker is gone.", fix="Start it."))
    OURS.error("no answer", exc_info=InvalidInputError(f"What is {PERSONAL}?", field=PERSONAL))
    ours, callers = (line["error"] for line in heard.lines)
    assert (ours["detail"], ours["fix"]) == ("The broker is gone.", "Start it.")
    assert callers["problem_code"] == "invalid-input"
    assert PERSONAL not in heard.text


def test_a_library_is_heard_only_when_it_warns(heard: Heard) -> None:
    logging.getLogger("aiokafka.consumer").info("Subscribed")
    logging.getLogger("httpx").info("HTTP Request: GET /v1/customers?q=%s", PERSONAL)
    assert heard.lines == []


def test_only_known_libraries_are_quoted(heard: Heard) -> None:
    logging.getLogger("aiokafka.cluster").warning("Topic %s not found", "daybook.customers.v1")
    logging.getLogger("somelib").warning("cannot handle %s", PERSONAL)
    known, unknown = heard.lines
    assert known["message"] == "Topic daybook.customers.v1 not found"
    assert unknown["message"].startswith("somelib reports something (test_logs:")
    assert PERSONAL not in heard.text


async def test_what_fails_where_nobody_waits_is_said_without_its_words(heard: Heard) -> None:
    loop = asyncio.get_running_loop()
    log_lost_failures(loop)
    error = raised(ValueError(PERSONAL))
    loop.call_exception_handler({"message": f"lost {PERSONAL}", "exception": error})
    loop.set_exception_handler(None)
    assert PERSONAL not in heard.text
    assert heard.line["error"]["type"] == "builtins.ValueError"


def test_the_end_of_a_process_is_said_the_same_way(heard: Heard) -> None:
    error = raised(ValueError(PERSONAL))
    sys.excepthook(type(error), error, error.__traceback__)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    thread = threading.Thread(target=lambda: int(PERSONAL))
    thread.start()
    thread.join()
    assert [line["level"] for line in heard.lines] == ["CRITICAL", "ERROR"]
    assert PERSONAL not in heard.text


def test_a_line_that_cannot_be_written_is_said_without_its_fields(
    heard: Heard, capsys: pytest.CaptureFixture[str]
) -> None:
    OURS.info("odd", extra={"thing": {PERSONAL: 1, 7: 2}})
    assert heard.lines == []
    said = capsys.readouterr().err
    assert "could not be written" in said
    assert PERSONAL not in said


@pytest.mark.usefixtures("heard")
def test_with_nobody_left_to_read_a_line_is_lost_and_the_work_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w", buffering=1)
    monkeypatch.setattr(sys, "stderr", stream)
    settings = ObservabilitySettings(trace_file=None)
    configure_logging(settings, service="customers", role="api")
    with pytest.raises(BrokenPipeError):
        stream.write("nobody reads this\n")
    OURS.warning("the supervisor is gone")
    with suppress(BrokenPipeError):
        stream.close()
