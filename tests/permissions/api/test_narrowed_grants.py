"""A grant that is narrowed opens nothing that is of the whole store, nor a record of others."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.customers.api.asking import read
from tests.ground.narrowing import NARROWED, PERSON, narrowed
from tests.ground.routes import declared, filled
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

ON_A_RECORD = {
    *((method, "/v1/subjects") for method in ("GET", "POST")),
    ("GET", "/v1/subjects/{subject_id}"),
    *(
        ("POST", f"/v1/subjects/{{subject_id}}/{what}")
        for what in (
            "move", "describe", "attributes", "sod-exceptions", "sod-exceptions/withdraw",
            "trust", "distrust", "suspend", "reinstate", "leave",
        )
    ),
    *((method, "/v1/grants") for method in ("GET", "POST")),
    *(
        ("POST", f"/v1/grants/{what}")
        for what in ("extend", "reduce", "revoke", "break-glass", "review")
    ),
    *((method, "/v1/requests") for method in ("GET", "POST")),
    ("GET", "/v1/requests/options"),
    ("POST", "/v1/requests/withdraw"),
    ("POST", "/v1/requests/refuse"),
    *((method, "/v1/approvals") for method in ("GET", "POST")),
    ("GET", "/v1/subjects/{subject_id}/access"),
    ("GET", "/v1/leavers"),
    ("GET", "/v1/leavers/{subject_id}"),
    *((method, "/v1/acting") for method in ("GET", "POST")),
    ("POST", "/v1/acting/end"),
    ("POST", "/v1/explain"),
    ("POST", "/v1/explain/who"),
    ("GET", "/v1/findings"),
    ("GET", "/v1/findings/{finding_id}"),
    ("POST", "/v1/findings/{finding_id}/remedy"),
    ("GET", "/v1/reviews"),
    ("GET", "/v1/reviews/{review_id}"),
    ("GET", "/v1/reviews/{review_id}/items"),
    ("GET", "/v1/reviews/{review_id}/report"),
    ("POST", "/v1/reviews/{review_id}/decisions"),
    ("POST", "/v1/reviews/{review_id}/delegations"),
    ("GET", "/v1/reviews/key"),
}  # fmt: skip
"""These decide on the record that they are about; a new route is for the whole store."""
NOBODYS_SECRET = {"/v1/reviews/key"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with new_databases(servers) as databases, a_desk(databases) as its:
        yield its


async def test_a_route_is_for_the_whole_store_or_decides_on_a_record(desk: Desk) -> None:
    routes = [route for route in declared(desk.app) if route.permission is not None]
    on_a_record = {
        (method, route.path)
        for route in routes
        for method in route.methods or ()
        if not route.everywhere
    }
    assert on_a_record == ON_A_RECORD


@pytest.mark.parametrize("how", NARROWED)
async def test_a_narrowed_grant_opens_nothing_of_the_whole_store(desk: Desk, how: str) -> None:
    desk.foundation.guard.decisions = narrowed(how)
    client, asked = desk.client(PERSON), 0
    for route in declared(desk.app):
        for method in route.methods or () if route.everywhere else ():
            answer = await client.request(method, filled(route.path))
            assert answer.status_code == 403, (method, route.path)
            asked += 1
    assert asked > 50


@pytest.mark.parametrize("how", NARROWED)
async def test_a_narrowed_grant_shows_no_record_of_others(desk: Desk, how: str) -> None:
    desk.foundation.guard.decisions = narrowed(how)
    client = desk.client(PERSON)
    for method, path in sorted(ON_A_RECORD):
        if method != "GET" or path in NOBODYS_SECRET:
            continue
        answer = await client.request(method, filled(path))
        is_empty = answer.status_code == 200 and read(answer)["items"] == []
        assert is_empty or answer.status_code in {403, 404, 422}, path
