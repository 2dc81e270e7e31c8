"""An operator orders something of a read model and sees what becomes of it."""

import json
import os
import signal

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.authorization.people import DEMO_PEOPLE
from tests.cli.stand_in import Json, StandIn, daybook, lines_of, problem

ORDERS = "/v1/projections/directory/orders"


class Projector(StandIn):
    """A stand-in whose orders go through the given states, one per question."""

    states: list[Json]
    is_interrupted = False
    is_away = 0
    is_without_database = 0
    kind = ""

    async def _other(self, request: Request) -> Response:
        stopped = self._stopped_at_the_door(request)
        if stopped is not None:
            return stopped
        if request.method == "POST":
            self.kind = (await request.json())["kind"]
        order = {"id": "o1", "projection": "directory", "kind": self.kind, "state": "waiting"}
        if request.method == "POST":
            return JSONResponse(order, 202)
        if request.url.path == f"{ORDERS}/o1":
            if self.is_interrupted:
                os.kill(os.getpid(), signal.SIGINT)
            if self.is_away:
                self.is_away -= 1
                raise httpx.ConnectError("nobody is there")
            if self.is_without_database:
                self.is_without_database -= 1
                return problem(503, "unavailable", "PostgreSQL does not answer")
            return JSONResponse({**order, **self.states.pop(0)})
        return JSONResponse(self.other[request.url.path])


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.commands.ordering.POLL_SECONDS", 0)


def a_projector(*states: Json) -> Projector:
    projector = Projector()
    projector.states = list(states)
    return projector


def test_an_order_is_followed_until_it_is_done() -> None:
    projector = a_projector(
        {"state": "running", "progress": {"events": 10}},
        {"state": "running", "progress": {"events": 10}},
        {"state": "done", "result": {"events": 20}},
    )
    result = daybook(projector, "projections", "rebuild")
    assert result.exit_code == 0, result.output
    assert lines_of(result.stderr) == ["rebuild: waiting", "rebuild: running (events 10)"]
    assert lines_of(result.stdout) == ["rebuild of directory: done (events 20)"]
    assert projector.asked[0].headers["Authorization"].endswith("-of-oscar")


def test_an_order_that_failed_says_why_and_what_to_do() -> None:
    failed = {"state": "failed", "error": "there is no version 7", "fix": "list them"}
    result = daybook(a_projector(failed), "projections", "drop", "--version", "7")
    assert result.exit_code == 1
    assert lines_of(result.stderr)[-2:] == ["Error: there is no version 7", "Fix: list them"]


def test_an_order_is_followed_over_a_restart_of_the_service() -> None:
    projector = a_projector({"state": "done", "result": {"events": 20}})
    projector.is_away = 2
    result = daybook(projector, "projections", "rebuild")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("does not answer just now") == 1
    assert lines_of(result.stdout) == ["rebuild of directory: done (events 20)"]


def test_an_order_is_followed_while_the_service_answers_without_its_database() -> None:
    projector = a_projector({"state": "done", "result": {"events": 20}})
    projector.is_without_database = 20
    result = daybook(projector, "projections", "rebuild")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("does not answer just now") == 1
    assert lines_of(result.stdout) == ["rebuild of directory: done (events 20)"]


def test_whoever_stops_looking_does_not_stop_the_order() -> None:
    projector = a_projector(*[{"state": "running"}] * 3)
    projector.is_interrupted = True
    result = daybook(projector, "projections", "rebuild")
    assert result.exit_code == 0, result.output
    assert "The order goes on without you: o1." in result.stderr
    assert "done" not in result.stdout


def test_the_list_shows_versions_and_orders() -> None:
    marks = [{"partition": 0, "epoch": 1, "feed_position": 7}]
    order = {"id": "o1", "projection": "directory", "kind": "rebuild", "state": "done",
             "ordered_by": DEMO_PEOPLE["oscar"].subject, "result": {"events": 7}}  # fmt: skip
    stranger = {**order, "id": "o2", "ordered_by": "6f1d3a52-2f0e-4c56-9d3c-0f8f5d3f6c11"}
    item = {
        "name": "directory",
        "versions": [{"version": 1, "state": "current", "marks": marks}],
        "orders": [order, stranger],
    }
    stand_in = StandIn(other={"/v1/projections": {"items": [item]}})
    result = daybook(stand_in, "projections", "list", "--service", "customers")
    lines = lines_of(result.stdout)
    assert lines[1].split() == ["directory", "1", "current", "7", "—", "—", "—"]
    assert lines[3].split()[:4] == ["o1", "rebuild", "done", "oscar"]
    assert lines[4].split()[:4] == ["o2", "rebuild", "done", "6f1d3a52…"]
    told = json.loads(daybook(stand_in, "projections", "list", "--json").stdout)
    assert told == {"items": [item] * 2}, "every service of this machine is asked"
    ports = {request.url.port for request in stand_in.asked_for("/v1/projections")}
    assert len(ports) == 2
