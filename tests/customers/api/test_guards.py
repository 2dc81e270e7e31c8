"""No route is open by mistake, and no header, host or method opens one."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response

from shared.testing.verifier import token_of
from shared.web.routes import (
    UnguardedRouteError,
    assert_every_route_is_guarded,
)
from tests.customers.api.asking import assert_not_signed_in, assert_problem, register
from tests.customers.api.every_route import EVERY_ROUTE
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.rights import decisions_after_leaving
from tests.ground.routes import LEFT, assert_only_the_right_get_in, declared, filled, needs
from tests.ground.servers import Servers, new_databases

# What anybody may ask of every service.
OPEN = ("/livez", "/readyz", "/openapi.json")
METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "GARBAGE",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shipped(servers: Servers, broker: Broker) -> AsyncIterator[House]:
    decisions = decisions_after_leaving(LEFT)
    async with (
        new_databases(servers) as databases,
        a_house(databases, broker.settings, decisions=decisions) as its,
    ):
        await its.start()
        yield its


class TestEveryRoute:
    async def test_each_route_needs_the_permission_that_was_meant(self, house: House) -> None:
        assert needs(house.app) == EVERY_ROUTE

    async def test_there_is_no_route_that_nobody_guards(self, house: House) -> None:
        assert_every_route_is_guarded(house.app)
        assert len(declared(house.app)) == len(house.app.router.routes)

    async def test_a_route_that_nobody_guards_keeps_the_process_from_starting(
        self, house: House
    ) -> None:
        async def open_to_all(_request: Request) -> Response:
            return Response()

        house.app.router.add_route("/v1/open", open_to_all)
        try:
            with pytest.raises(UnguardedRouteError, match="/v1/open"):
                assert_every_route_is_guarded(house.app)
        finally:
            house.app.router.routes.pop()

    @pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
    async def test_nobody_gets_in_without_signing_in(
        self, house: House, method: str, path: str
    ) -> None:
        assert_not_signed_in(await house.anonymous().request(method, filled(path)))

    @pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
    async def test_exactly_those_with_the_permission_get_in(
        self, shipped: House, method: str, path: str
    ) -> None:
        permission = EVERY_ROUTE[method, path]
        await assert_only_the_right_get_in(shipped.client, method, path, permission)

    @pytest.mark.parametrize(
        "authorization",
        ["", "Bearer", "Bearer ", "Basic YWxpY2U6", "person:alice", "Bearer person:nobody",
         "Bearer person:alice, Bearer person:alice", "Bearer\tperson:alice", "Bearer person:ALICE",
         "Bearer null", "Bearer person:alice\x00"],
    )  # fmt: skip
    async def test_what_is_no_token_is_nobody(self, house: House, authorization: str) -> None:
        answer = await house.anonymous().get(
            "/v1/customers", headers={"Authorization": authorization}
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "person:alice" not in answer.text

    async def test_two_tokens_are_nobody(self, house: House) -> None:
        tokens = [("Authorization", f"Bearer {token_of(name)}") for name in ("dave", "alice")]
        answer = await house.anonymous().get("/v1/customers", headers=tokens)
        assert_not_signed_in(answer)

    async def test_a_token_in_the_address_is_not_looked_at(self, house: House) -> None:
        answer = await house.anonymous().get(f"/v1/customers?access_token={token_of('alice')}")
        assert_not_signed_in(answer)

    async def test_the_scheme_may_be_written_in_any_case(self, house: House) -> None:
        answer = await house.anonymous().get(
            "/v1/customers", headers={"Authorization": f"bEARER {token_of('alice')}"}
        )
        assert answer.status_code == 200


class TestMethodsAndAddresses:
    @pytest.mark.parametrize("path", sorted({*(path for _, path in EVERY_ROUTE), *OPEN}))
    async def test_a_method_that_an_address_does_not_have_is_refused(
        self, house: House, path: str
    ) -> None:
        allowed = {
            method
            for route in declared(house.app)
            if route.path == path
            for method in route.methods or ()
        }
        for method in set(METHODS) - allowed:
            answer = await house.client("alice").request(method, filled(path))
            assert answer.status_code == 405, method
            assert answer.headers["allow"] == ", ".join(sorted(allowed))
            if method != "HEAD":
                assert_problem(answer, 405, "method-not-allowed")

    @pytest.mark.parametrize(
        "header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"]
    )
    async def test_no_header_makes_a_read_a_change(self, house: House, header: str) -> None:
        ada = await register(house.client("alice"))
        path = f"/v1/customers/{ada['id']}"
        answer = await house.client("alice").get(path, headers={header: "DELETE"})
        assert answer.json() == ada

    @pytest.mark.parametrize(
        "path",
        ["/", "/v1", "/v1/", "/v1/customers/", "//v1/customers", "/V1/customers", "/v1/watch/",
         "/v1/customers/x/y", "/docs", "/redoc", "/metrics", "/v1/customers%2F", "/.env",
         "/v1/customers;a=b", "/%00", "/%FF%FE"],
    )  # fmt: skip
    async def test_what_is_not_there_is_said_to_everybody_alike(
        self, house: House, path: str
    ) -> None:
        for client in (house.anonymous(), house.client("alice")):
            raw = httpx.URL("http://daybook").copy_with(raw_path=path.encode())
            answer = await client.get(raw)
            assert answer.status_code == 404, path
            assert answer.json()["type"] == "/problems/no-such-address"

    async def test_the_few_open_addresses_say_nothing_about_customers(self, house: House) -> None:
        ada = await register(house.client("alice"), "Ada Openly")
        for path in OPEN:
            answer = await house.anonymous().get(path)
            assert answer.status_code == 200
            assert ada["id"] not in answer.text
            assert "Openly" not in answer.text


class TestHeaders:
    async def test_another_host_changes_nothing_in_the_answer(self, house: House) -> None:
        alice = house.client("alice")
        headers = {
            "Host": "evil.example", "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example",
            "X-Original-URL": "/v1/lag", "X-Rewrite-URL": "/v1/lag",
        }  # fmt: skip
        body = {"kind": "person", "name": "Ada"}
        answer = await alice.post("/v1/customers", json=body, headers=headers)
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/v1/customers/{answer.json()['id']}"
        assert "evil" not in answer.text + str(answer.headers)

    @pytest.mark.parametrize(
        "value",
        ["x\r\nX-Evil: 1", "x\nSet-Cookie: a=b", "%0d%0aX-Evil:1", "x" * 201, "a b", "ä", ""],
    )
    async def test_a_key_cannot_put_headers_into_the_answer(self, house: House, value: str) -> None:
        ada = {"kind": "person", "name": "Ada"}
        headers = {b"Idempotency-Key": value.encode("latin-1")}
        for _ in range(2):
            answer = await house.client("alice").post("/v1/customers", json=ada, headers=headers)
            assert "x-evil" not in answer.headers
            assert "set-cookie" not in answer.headers
        if value != "%0d%0aX-Evil:1":
            assert_problem(answer, 422, "invalid-input", field="Idempotency-Key")

    async def test_a_broken_trace_is_replaced_and_a_whole_one_goes_on(self, house: House) -> None:
        alice = house.client("alice")
        for broken in ("x", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "é" * 55):
            headers = {b"traceparent": broken.encode("latin-1")}
            answer = await alice.get("/v1/customers", headers=headers)
            assert answer.status_code == 200
        whole = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
        answer = await alice.get("/v1/customers", headers={"traceparent": whole})
        assert answer.headers["traceparent"].startswith("00-" + "a" * 32 + "-")

    @pytest.mark.parametrize("path", ["/v1/customers", "/livez", "/v1/nothing"])
    async def test_no_answer_is_kept_by_a_cache_or_guessed_to_be_something_else(
        self, house: House, path: str
    ) -> None:
        answer = await house.client("alice").get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
