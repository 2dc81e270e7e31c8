"""Who was shown what, who was refused and what broke is written down, and nothing personal."""

import asyncio
import logging

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.errors import NotPermittedError, UnavailableError
from shared.events import Event
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.record_types import (
    ANONYMOUS,
    AccessRecorded,
    ErrorRecorded,
    RefusalRecorded,
)
from shared.testing.waiting import until
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.recording import Access
from shared.web.routes import Routes
from tests.shared.web.stage import SOMEBODY, Stage

ALICE, DAVE = DEMO_PEOPLE["alice"].subject, DEMO_PEOPLE["dave"].subject
PERSONAL = "Ada-Lovelace"
RENAME = f"/v1/customers/{SOMEBODY}/rename"


@pytest.fixture
def stage() -> Stage:
    """Return a stage with a list, a customer and something restricted that are written down."""
    its = Stage()
    routes = Routes(its.app, its.guard, its.recorder)
    may = Permission.CUSTOMERS_READ

    async def notes(_request: Request, _caller: Caller) -> Response:
        """List notes."""
        return JsonAnswer({"items": ["a", "b", PERSONAL]})

    async def one(request: Request, _caller: Caller) -> Response:
        """Read one."""
        if its.failure is not None:
            raise its.failure
        return JsonAnswer({"id": request.path_params["customer_id"], "name": PERSONAL})

    async def secret(_request: Request, _caller: Caller) -> Response:
        """Read a secret."""
        its.seen.append("made")
        return JsonAnswer({"key": "k"})

    found = {200: Answer("It.")}
    q = Parameter("q", "query", "What to look for.")
    routes.add(
        "GET", "/v1/notes", "list_notes", may, notes, parameters=[q], answers=found,
        access=Access(),
    )  # fmt: skip
    routes.add(
        "GET", "/v1/people/{customer_id}", "get_person", may, one, answers=found,
        about="customer_id", access=Access(),
    )  # fmt: skip
    routes.add(
        "GET", "/v1/secrets/{name}", "get_secret", may, secret, answers=found,
        access=Access(target="name", is_restricted=True),
    )  # fmt: skip
    return its


def records(stage: Stage) -> list[Event]:
    return [record for _, record, _, _ in stage.kept_records]


class TestAccess:
    async def test_reading_one_customer_is_noted_under_that_customer(self, stage: Stage) -> None:
        await stage.ask("alice", "GET", f"/v1/people/{SOMEBODY.upper()}")
        record = AccessRecorded(
            operation="get_person", route="/v1/people/{customer_id}",
            permission="customer:read", target=SOMEBODY, kind="person",
        )  # fmt: skip
        assert stage.kept_records == [("noted", record, SOMEBODY, ALICE)]

    async def test_a_list_is_one_record_with_its_size_and_the_shape_of_the_question(
        self, stage: Stage
    ) -> None:
        await stage.ask("alice", "GET", "/v1/notes", params={PERSONAL: "x", "q": PERSONAL})
        [(how, record, subject, actor)] = stage.kept_records
        assert (how, subject, actor) == ("noted", ALICE, ALICE)
        assert isinstance(record, AccessRecorded)
        assert (record.items, record.asked_by, record.target) == (3, ("q",), None)
        assert PERSONAL not in record.model_dump_json()

    async def test_what_is_restricted_is_durable_before_its_answer_leaves(
        self, stage: Stage
    ) -> None:
        answer = await stage.ask("alice", "GET", "/v1/secrets/one")
        assert answer.status_code == 200
        [(how, record, _, _)] = stage.kept_records
        assert isinstance(record, AccessRecorded)
        assert (how, record.target, record.is_restricted) == ("kept", "one", True)

    async def test_without_its_record_nothing_restricted_leaves(self, stage: Stage) -> None:
        stage.is_store_down = True
        answer = await stage.ask("alice", "GET", "/v1/secrets/one")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/record-not-kept")
        assert stage.seen == ["made"]
        assert "k" not in answer.json()

    async def test_what_was_not_shown_is_no_access(self, stage: Stage) -> None:
        stage.failure = UnavailableError("down")
        await stage.ask("alice", "GET", f"/v1/people/{SOMEBODY}")
        await stage.ask("alice", "GET", "/v1/customers")  # its route declares nothing
        assert stage.kept_records == []


class TestRefusals:
    async def test_somebody_unknown_is_refused_on_the_record(self, stage: Stage) -> None:
        for headers in ({}, {"Authorization": f"Bearer {PERSONAL}"}):
            answer = await stage.ask(None, "GET", f"/v1/people/{PERSONAL}", headers=headers)
            assert answer.status_code == 401
        codes = ("not-signed-in", "token-refused")
        assert stage.kept_records == [
            (
                "kept",
                RefusalRecorded(
                    operation="get_person", route="/v1/people/{customer_id}",
                    permission="customer:read", status=401, code=code,
                ),
                ANONYMOUS, ANONYMOUS,
            )
            for code in codes
        ]  # fmt: skip

    async def test_somebody_known_is_named_and_the_customer_too(self, stage: Stage) -> None:
        answer = await stage.ask("oscar", "GET", f"/v1/people/{SOMEBODY}")
        assert answer.status_code == 403
        [(how, record, subject, actor)] = stage.kept_records
        assert (how, subject, actor) == ("kept", SOMEBODY, DEMO_PEOPLE["oscar"].subject)
        assert isinstance(record, DecisionRecorded)
        assert (record.is_allowed, record.code) == (False, "no_grant")
        assert (record.operation, record.resource_id) == ("get_person", None)

    async def test_a_handler_may_refuse_as_well(self, stage: Stage) -> None:
        stage.failure = NotPermittedError("not this one")
        await stage.ask("alice", "GET", f"/v1/people/{SOMEBODY}")
        [record] = records(stage)
        assert isinstance(record, RefusalRecorded)

    async def test_a_refusal_stays_one_when_its_record_cannot_be_kept_and_is_counted(
        self, stage: Stage
    ) -> None:
        stage.is_store_down = True
        assert (await stage.ask("dave", "POST", RENAME)).status_code == 403
        await stage.recorder.close()
        assert stage.kept_records == []
        stage.is_store_down = False
        await stage.recorder.close()
        [record] = records(stage)
        assert isinstance(record, DecisionsCounted)
        assert (record.times, record.is_allowed, record.code) == (1, False, "no_grant")

    async def test_a_refusal_stays_one_when_the_store_refuses_its_record(
        self, stage: Stage
    ) -> None:
        stage.refuses_records = True
        assert (await stage.ask("dave", "POST", RENAME)).status_code == 403

    async def test_after_a_hundred_in_a_minute_the_others_are_counted_in_one_record(
        self, stage: Stage
    ) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(stage.recorder.run(stop))
        began = stage.clock.now()
        for _ in range(130):
            assert (await stage.ask("dave", "POST", RENAME)).status_code == 403
        stage.clock.turn(30)
        assert (await stage.ask("dave", "POST", RENAME)).status_code == 403
        assert (await stage.ask(None, "POST", RENAME)).status_code == 401
        last = stage.clock.now()
        assert len(stage.kept_records) == 101
        stage.clock.turn(31)
        await until(lambda: len(stage.kept_records) == 102, what="the count")
        how, record, subject, actor = stage.kept_records[-1]
        assert (how, subject, actor) == ("noted", DAVE, DAVE)
        assert isinstance(record, DecisionsCounted)
        assert (record.times, record.first_at, record.last_at) == (31, began, last)
        # And the next minute begins anew.
        assert (await stage.ask("dave", "POST", RENAME)).status_code == 403
        assert len(stage.kept_records) == 103
        stop.set()
        await running


class TestErrors:
    async def test_an_unexpected_error_names_its_cause_and_nothing_it_said(
        self, stage: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.CRITICAL)
        stage.failure = ValueError(PERSONAL)
        for _ in range(5):
            answer = await stage.ask("alice", "GET", f"/v1/people/{SOMEBODY}")
            assert answer.status_code == 500
        [(how, record, _, actor)] = stage.kept_records
        assert (how, actor) == ("noted", ALICE)
        assert isinstance(record, ErrorRecorded)
        assert (record.error, record.route) == ("ValueError", "/v1/people/{customer_id}")
        assert (record.module, record.times) == ("shared.web.routes", 1)
        assert record.line > 0
        assert record.trace_id is not None
        assert PERSONAL not in record.model_dump_json()
        await stage.recorder.close()
        again = records(stage)[-1]
        assert isinstance(again, ErrorRecorded)
        assert again.times == 4

    async def test_what_is_no_error_of_ours_is_not_recorded(self, stage: Stage) -> None:
        for failure in (UnavailableError("down"), ClientDisconnect()):
            stage.failure = failure
            if isinstance(failure, UnavailableError):
                await stage.ask("alice", "GET", f"/v1/people/{SOMEBODY}")
            else:
                with pytest.raises(AssertionError):  # httpx misses the answer
                    await stage.ask("alice", "GET", f"/v1/people/{SOMEBODY}")
        assert stage.kept_records == []
