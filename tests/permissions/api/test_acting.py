"""Whoever may act as others says as whom, how long and why; both see it afterwards."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.customers.api.asking import assert_problem, read
from tests.ground.routes import filled
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk
from tests.permissions.api.test_guards import EVERY_ROUTE

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTIONS = ("/v1/explain", "/v1/what-if", "/v1/projections")
"""What changes no rights, though it is sent with POST."""
CHANGES = [
    (method, path)
    for method, path in EVERY_ROUTE
    if method != "GET" and not path.startswith(QUESTIONS)
]
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
    assert await listed(desk, "wang") == []
    assert await listed(desk, "erin", subject_id=IDS["wang"]) == []
    assert_problem(await begin(desk, "erin", "leo"), 409, "acting-already", field="subject_id")
    ended = read(await end(desk, "erin", begun["acting_id"]))
    assert ended["acting_id"] == begun["acting_id"]
    assert await listed(desk, "alice", in_force="true") == []
    known = await listed(desk, "alice", subject_id=IDS["alice"])
    (its,) = [one for one in known if one["acting_id"] == begun["acting_id"]]
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


@asynccontextmanager
async def acting(desk: Desk, target: str) -> AsyncIterator[httpx.AsyncClient]:
    """Have Erin's client, who acts as somebody meanwhile."""
    begun = read(await begin(desk, "erin", target))
    await learn(desk)
    client = desk.client("erin")
    client.headers["Daybook-Acting-As"] = begun["acting_id"]
    yield client
    assert (await end(desk, "erin", begun["acting_id"])).status_code == 200
    await learn(desk)
    refused = await client.get("/v1/acting")
    assert_problem(refused, 403, "acting-not-in-force", field="Daybook-Acting-As")


async def test_nothing_that_changes_rights_is_done_in_somebody_elses_name(desk: Desk) -> None:
    async with acting(desk, "bob") as erin:
        for method, path in CHANGES:
            answer = await erin.request(method, filled(path))
            assert answer.status_code == 403, (path, answer.text)
            if not path.startswith("/scim"):
                assert answer.json()["reason"] == "in_the_own_name", path
                assert "Daybook-Acting-As" in answer.json()["fix"]
        assert (await erin.get("/v1/subjects")).status_code == 200


async def test_whoever_asked_does_not_agree_in_somebody_elses_name(desk: Desk) -> None:
    why = {"role": "sales_manager", "reason": "Alice asks me to"}
    asked = read(
        await desk.client("erin").post("/v1/requests", json={**why, "subject_id": IDS["alice"]})
    )
    its = {"subject_id": IDS["alice"], "grant_id": asked["grant_id"]}
    async with acting(desk, "bob") as erin:
        refused = await erin.post("/v1/approvals", json=its)
        assert refused.json()["reason"] == "in_the_own_name"
    assert (await desk.client("bob").post("/v1/approvals", json=its)).status_code == 200


async def test_who_is_acted_as_is_explained_with_whoever_acts(desk: Desk) -> None:
    async with acting(desk, "bob") as erin:
        told = read(await erin.post("/v1/explain", json={"permission": "grant:approve"}))
        assert (told["subject"]["id"], told["actor"]) == (IDS["bob"], IDS["erin"])
        assert (told["allowed"], told["reason_code"]) == (False, "in_the_own_name")
        reads = read(await erin.post("/v1/explain", json={"permission": "customer:read"}))
        assert (reads["allowed"], reads["actor"]) == (True, IDS["erin"])
    own = read(await desk.client("bob").post("/v1/explain", json={"permission": "grant:approve"}))
    assert (own["allowed"], own["actor"]) == (True, None)


async def test_the_list_shows_each_their_own_page_by_page(desk: Desk) -> None:
    for target in ("carol", "leo"):
        begun = read(await begin(desk, "erin", target))
        await end(desk, "erin", begun["acting_id"])
    every = await listed(desk, "erin")
    seen: list[dict[str, Any]] = []
    token = None
    while len(seen) < len(every):
        asked = {"page_size": "1"} | ({} if token is None else {"page_token": token})
        page = read(await desk.client("erin").get("/v1/acting", params=asked))
        seen += page["items"]
        token = page["next_page_token"]
    assert seen == every
    assert token is None
    assert {one["subject_id"] for one in await listed(desk, "carol")} == {IDS["carol"]}
