"""A route cannot be written without the permission that it needs."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.authorization.rights import Basis
from shared.authorization.world import World
from shared.eventstore.tokens import TokenPart
from shared.web.answers import Answer
from shared.web.callers import Caller
from shared.web.routes import Routes, UnguardedRouteError, assert_every_route_is_guarded
from tests.customers.api.asking import assert_problem
from tests.ground.rights import A_DAY, FixedWorld, open_world
from tests.shared.web.stage import NOBODY, SOMEBODY, Register, Stage

ALICE = DEMO_PEOPLE["alice"].subject
IS_JSON = {"Content-Type": "application/json"}
RENAME = f"/v1/customers/{SOMEBODY}/rename"
ADA = {"kind": "person", "name": "Ada", "emails": ["ada@example.org"]}


async def handler(_request: Request, _caller: Caller) -> Response:
    return PlainTextResponse("here")


class TestOneRequest:
    """In the order in which a request is judged."""

    async def test_somebody_anonymous_is_asked_to_sign_in(self, stage: Stage) -> None:
        answer = await stage.ask(None, "POST", RENAME)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["type"] == "/problems/not-signed-in"
        assert answer.json()["field"] == "Authorization"
        assert "daybook token" in answer.json()["fix"]

    @pytest.mark.parametrize(
        "header", ["Basic YTpi", "Bearer", "Bearer ", "Bearer a b", "Bearer ü"]
    )
    async def test_a_header_that_is_no_bearer_token_is_refused(
        self, stage: Stage, header: str
    ) -> None:
        raw = {"Authorization": header.encode("latin-1")}
        answer = await stage.ask(None, "POST", RENAME, headers=cast("Any", raw))
        assert answer.status_code == 401

    async def test_two_tokens_at_once_are_none(self, stage: Stage) -> None:
        twice = [("Authorization", f"Bearer {stage.issuer.token()}")] * 2
        async with stage.client() as client:
            assert (await client.post(RENAME, headers=twice)).status_code == 401

    async def test_somebody_not_permitted_learns_who_can_help(self, stage: Stage) -> None:
        answer = await stage.ask("dave", "POST", RENAME)
        assert answer.status_code == 403
        assert answer.json()["detail"] == (
            "Nothing that you have been given allows this (customer:change)."
        )
        assert "grant:give" in answer.json()["who_can_help"]
        assert answer.json()["permission"] == "customer:change"
        assert answer.json()["reason"] == "no_grant"

    async def test_what_is_not_there_is_not_found(self, stage: Stage) -> None:
        for path in (f"/v1/customers/{NOBODY}/rename", "/v1/customers/ada/rename"):
            answer = await stage.ask("alice", "POST", path)
            assert answer.status_code == 404
            assert answer.json()["fix"]

    async def test_a_change_without_a_version_is_refused(self, stage: Stage) -> None:
        answer = await stage.ask("alice", "POST", RENAME, json={"name": "Ada"})
        assert answer.status_code == 428
        assert answer.json()["field"] == "If-Match"

    async def test_what_is_malformed_is_named(self, stage: Stage) -> None:
        version = {"If-Match": '"1"'}
        answer = await stage.ask("alice", "POST", RENAME, headers=version, json={"name": 7})
        assert answer.status_code == 422
        assert answer.json()["field"] == "name"

    async def test_a_change_of_a_version_that_is_gone_names_the_one_there_is(
        self, stage: Stage
    ) -> None:
        version = {"If-Match": '"7"'}
        answer = await stage.ask("alice", "POST", RENAME, headers=version, json={"name": "Ada"})
        assert answer.status_code == 412
        assert answer.json()["current_version"] == 1

    async def test_what_is_valid_is_done(self, stage: Stage) -> None:
        version = {"If-Match": '"1"'}
        answer = await stage.ask("alice", "POST", RENAME, headers=version, json={"name": " Ada "})
        assert answer.status_code == 200
        assert answer.json() == {"id": SOMEBODY, "name": "Ada"}
        assert answer.headers["etag"] == '"2"'

    async def test_the_handler_learns_who_asks_and_nothing_more(self, stage: Stage) -> None:
        answer = await stage.ask(
            "bob", "POST", "/v1/customers", headers={"Idempotency-Key": "k-1"}, json=ADA
        )
        assert answer.status_code == 201
        ((subject, command, key, trace_id),) = stage.seen
        assert (subject, key) == (DEMO_PEOPLE["bob"].subject, "k-1")
        assert command == Register.model_validate(ADA)
        assert answer.headers["traceparent"].split("-")[1] == trace_id


async def test_an_issuer_that_is_down_is_not_the_callers_fault(stage: Stage) -> None:
    stage.issuer.is_down = True
    answer = await stage.ask("alice", "GET", "/v1/customers")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "Start the token issuer" in answer.json()["fix"]
    assert (await stage.ask(None, "GET", "/livez")).status_code == 200


def test_a_route_without_a_permission_cannot_be_added(stage: Stage) -> None:
    routes = Routes(stage.app, stage.guard, stage.recorder)
    with pytest.raises(UnguardedRouteError):
        routes.add("GET", "/x", "x", cast("Permission", None), handler, answers={200: Answer("x")})
    no_such = cast("Permission", "customers.destroy")
    with pytest.raises(UnguardedRouteError):
        routes.add("GET", "/x", "x", no_such, handler, answers={200: Answer("x")})


def test_only_the_addresses_on_the_list_may_be_anonymous(stage: Stage) -> None:
    async def anybody(_request: Request) -> Response:
        return PlainTextResponse("here")

    with pytest.raises(UnguardedRouteError):
        Routes(stage.app, stage.guard, stage.recorder).add_anonymous(
            "/v1/customers", "x", anybody, answers={200: Answer("x")}
        )


def test_a_route_that_goes_round_the_guard_stops_the_process(stage: Stage) -> None:
    assert_every_route_is_guarded(stage.app)

    @stage.app.get("/v1/everything")
    async def everything() -> str:
        return "here"

    with pytest.raises(UnguardedRouteError, match="/v1/everything"):
        assert_every_route_is_guarded(stage.app)


def test_a_mounted_app_goes_round_the_guard_too(stage: Stage) -> None:
    stage.app.mount("/static", PlainTextResponse("here"))
    with pytest.raises(UnguardedRouteError, match="static"):
        assert_every_route_is_guarded(stage.app)


async def test_an_unknown_address_is_a_problem_like_any_other(stage: Stage) -> None:
    for path in ("/v2/customers", "/v1/customers/", "/docs", "/redoc"):
        answer = await stage.ask("alice", "GET", path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/no-such-address"
        assert answer.json()["trace_id"]


async def test_an_unknown_method_says_which_there_are(stage: Stage) -> None:
    answer = await stage.ask("alice", "DELETE", "/v1/customers")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_guard_asks_for_what_the_route_declares(stage: Stage) -> None:
    stage.guard.decisions = FixedWorld(World())
    for method, asked in (("GET", "customer:read"), ("POST", "customer:register")):
        refused = await stage.ask("alice", method, "/v1/customers")
        assert refused.status_code == 403
        assert refused.json()["reason"] == "unknown_subject"
        assert refused.json()["permission"] == asked
        assert refused.json()["who_can_help"]


async def test_what_cannot_be_decided_is_denied_and_may_be_asked_again(stage: Stage) -> None:
    class TooOld(FixedWorld):
        def basis(self) -> Basis:
            return replace(super().basis(), age=A_DAY + 1.0)

    stage.guard.decisions = TooOld(open_world())
    refused = await stage.ask("alice", "GET", "/v1/customers")
    problem = assert_problem(refused, 503, "undecided")
    assert refused.headers["retry-after"] == "1"
    assert "customer:read is denied" in problem["detail"]
    how, record, _, actor = stage.kept_records[-1]
    assert (how, type(record).__name__, actor) == ("kept", "DecisionRecorded", ALICE)


async def test_a_body_that_takes_its_time_is_asked_about_again_when_it_is_whole(
    stage: Stage,
) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"kind": "person", '
        stage.guard.decisions = FixedWorld(World())
        yield b'"name": "Ada"}'

    answer = await stage.ask("alice", "POST", "/v1/customers", content=slowly(), headers=IS_JSON)
    assert assert_problem(answer, 403, "not-permitted")["reason"] == "unknown_subject"
    assert stage.seen == []


async def test_whoever_has_seen_more_of_permissions_than_is_known_here_waits_or_is_refused(
    stage: Stage,
) -> None:
    asked: list[Sequence[TokenPart]] = []

    class Behind(FixedWorld):
        async def has_reached(self, seen: Sequence[TokenPart]) -> bool:
            asked.append(seen)
            return False

    stage.guard.decisions = Behind(open_world())
    seen = {"Daybook-Token": "customers:1:0:7:9,permissions:1:0:5:8"}
    assert_problem(await stage.ask("alice", "GET", "/v1/customers", headers=seen), 503, "undecided")
    assert asked == [[TokenPart("permissions", 1, 0, 5, 8)]]
    of_another = {"Daybook-Token": "customers:1:0:7:9"}
    answer = await stage.ask("alice", "GET", "/v1/customers", headers=of_another)
    assert (answer.status_code, len(asked)) == (200, 1)


async def test_a_route_may_ask_whether_its_caller_may_see_more(stage: Stage) -> None:
    carol = Caller(DEMO_PEOPLE["carol"].subject)
    assert stage.guard.may(carol, Permission.CUSTOMERS_CHANGE)
    assert not stage.guard.may(carol, Permission.CUSTOMERS_REGISTER)
