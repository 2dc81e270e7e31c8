"""Whoever may act as others says as whom, how long and why; both see it afterwards."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHY = "Alice does not find her customers"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def begin(desk: Desk, who: str, target: str, **more: Any) -> httpx.Response:  # noqa: ANN401
    until = desk.foundation.clock.now() + timedelta(minutes=30)
    body = {"subject_id": IDS[target], "until": until.isoformat(), "reason": WHY} | more
    return await desk.client(who).post("/v1/acting", json=body)


async def end(desk: Desk, who: str, acting_id: str) -> httpx.Response:
    return await desk.client(who).post("/v1/acting/end", json={"acting_id": acting_id})


async def listed(desk: Desk, who: str, **asked: str) -> list[dict[str, Any]]:
    answer = await desk.client(who).get("/v1/acting", params=asked)
    items: list[dict[str, Any]] = read(answer)["items"]
    return items


async def test_it_is_begun_listed_for_both_and_ended(desk: Desk) -> None:
    begun = read(await begin(desk, "erin", "alice"))
    assert (begun["actor_id"], begun["subject_id"]) == (IDS["erin"], IDS["alice"])
    for who in ("alice", "erin", "dave"):
        (its,) = await listed(desk, who, in_force="true")
        assert (its["acting_id"], its["reason"]) == (begun["acting_id"], WHY)
        assert (its["state"], its["ended_by"]) == ("in_force", None)
    assert await listed(desk, "leo") == []
    assert await listed(desk, "erin", subject_id=IDS["leo"]) == []
    assert_problem(await begin(desk, "erin", "leo"), 409, "acting-already", field="subject_id")
    ended = read(await end(desk, "erin", begun["acting_id"]))
    assert ended["acting_id"] == begun["acting_id"]
    assert await listed(desk, "alice", in_force="true") == []
    (its,) = await listed(desk, "alice", subject_id=IDS["alice"])
    assert (its["state"], its["ended_by"]) == ("over", IDS["erin"])


async def test_only_who_may_begins_it_and_only_as_somebody_not_above(desk: Desk) -> None:
    assert_problem(await begin(desk, "carol", "alice"), 403, "not-permitted")
    assert_problem(await begin(desk, "erin", "erin"), 403, "acting-as-yourself", field="subject_id")
    assert_problem(
        await begin(desk, "erin", "billing"), 403, "acting-as-program", field="subject_id"
    )
    assert_problem(
        await begin(desk, "erin", "alice", reason=""), 422, "invalid-input", field="reason"
    )
    refused = await end(desk, "erin", str(uuid4()))
    assert_problem(refused, 404, "acting-not-found", field="acting_id")


async def test_a_copy_of_all_permissions_has_it_at_once(desk: Desk) -> None:
    begun = read(await begin(desk, "erin", "alice"))
    await learn(desk)
    world = desk.foundation.guard.decisions.basis().world
    (its,) = world.subjects[IDS["erin"]].acting
    assert (its.acting_id, its.target, its.level) == (begun["acting_id"], IDS["alice"], 100)
    await end(desk, "erin", begun["acting_id"])
    await learn(desk)
    assert desk.foundation.guard.decisions.basis().world.subjects[IDS["erin"]].acting == ()
