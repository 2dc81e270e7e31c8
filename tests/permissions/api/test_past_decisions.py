"""A decision of the log is asked again over HTTP, and says what it said, whatever came since."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from math import inf
from typing import Any

import orjson
import pytest
import pytest_asyncio

from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.rights import Basis, Noted, Rights
from shared.authorization.scopes import Clearance
from shared.authorization.world import World
from shared.web.callers import Caller
from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/explain/decisions"
LANTERN = "018f0000-0000-7000-8000-00000000c001"
BOBS = Record("customer", LANTERN, IDS["bob"], Clearance.INTERNAL.rank, {"stage": "lead"})
TOLD = "select data from records where type = 'DecisionRecorded' order by txid desc, position desc"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def decided(desk: Desk, who: str, permission: Permission) -> dict[str, Any]:
    """Let somebody be refused, and return what lies on the log of it."""
    its = desk.foundation
    caller = Caller(IDS[who])
    assert not its.guard.rights(caller).check(permission, BOBS)[0]
    assert await its.recorder.decisions.settle(caller.notes, "a_test")
    told: dict[str, Any] = orjson.loads((await its.truth.fetch(TOLD))[0]["data"])
    return told


async def again(desk: Desk, decision: dict[str, Any], who: str = "dave") -> dict[str, Any]:
    answer: dict[str, Any] = read(await desk.client(who).post(PATH, json=decision))
    return answer


async def test_what_was_refused_then_is_refused_of_then_though_it_is_allowed_now(
    desk: Desk,
) -> None:
    before = await decided(desk, "carol", Permission.CUSTOMERS_EXPORT)
    found = await again(desk, before)
    assert found["is_as_recorded"] is True
    assert (found["allowed"], found["reason_code"]) == (False, before["code"])
    assert (found["epoch"], found["position"]) == (before["epoch"], before["position"])
    assert found["reason"]

    carol = f"/v1/subjects/{IDS['carol']}"
    version = read(await desk.client("erin").get(carol))["version"]
    said, seen = {"reason": "Away"}, {"If-Match": f'"{version}"'}
    read(await desk.client("erin").post(f"{carol}/suspend", json=said, headers=seen))
    await learn(desk)

    after = await decided(desk, "carol", Permission.CUSTOMERS_EXPORT)
    assert after["code"] == "inactive_subject"
    assert after["position"] > before["position"]
    for decision in (before, after, before):
        assert (await again(desk, decision))["is_as_recorded"] is True
    moved = before | {"position": after["position"]}
    found = await again(desk, moved)
    assert (found["is_as_recorded"], found["reason_code"]) == (False, "inactive_subject")


async def test_what_was_refused_before_any_permission_was_known_is_refused_of_then(
    desk: Desk,
) -> None:
    notes: list[Noted] = []
    now = int(desk.foundation.clock.now().timestamp()) * 1_000_000
    rights = Rights(Basis(World(), 0, now, inf), IDS["oscar"], noted=notes.append)
    assert not rights.check(Permission.LAG_READ)[0]
    assert await desk.foundation.recorder.decisions.settle(notes, "get_lag")
    told = orjson.loads((await desk.foundation.truth.fetch(TOLD))[0]["data"])
    assert (told["epoch"], told["position"], told["code"]) == (0, 0, "stale")
    found = await again(desk, told)
    assert (found["is_as_recorded"], found["reason_code"]) == (True, "stale")
    assert (found["epoch"], found["position"]) == (0, 0)


async def test_a_record_that_nobody_logged_is_as_recorded_if_it_agrees_with_what_was_in_force(
    desk: Desk,
) -> None:
    decision = await decided(desk, "leo", Permission.CUSTOMERS_ERASE)
    made_up = decision | {"process": "nowhere/api/00000000", "operation": "never_called"}
    assert (await again(desk, made_up))["is_as_recorded"] is True
    told = read(await desk.client("dave").get("/openapi.json"))
    says = told["components"]["schemas"]["AskedAgainView"]["properties"]["is_as_recorded"]
    assert "does not prove that this record was ever logged" in says["description"]


async def test_what_is_not_complete_or_of_no_known_time_is_refused_with_the_reason(
    desk: Desk,
) -> None:
    decision = await decided(desk, "leo", Permission.CUSTOMERS_ERASE)
    dave = desk.client("dave")
    for changed, status, code in (
        ({"left_out": ["resource.city"]}, 409, "decision-not-complete"),
        ({"epoch": 7}, 409, "position-of-another-epoch"),
        ({"position": 10**9}, 404, "not-found"),
    ):
        assert_problem(await dave.post(PATH, json=decision | changed), status, code)
    for field, wrong in (
        ("position", -1), ("sensitivity", "cosmic"), ("decided_at", "2026-03-04T12:00:00"),
    ):  # fmt: skip
        answer = await dave.post(PATH, json=decision | {field: wrong})
        assert_problem(answer, 422, "invalid-input", field=field)


async def test_only_whoever_may_read_the_log_may_ask_it(desk: Desk) -> None:
    decision = await decided(desk, "leo", Permission.CUSTOMERS_ERASE)
    assert_problem(await desk.client("alice").post(PATH, json=decision), 403, "not-permitted")
