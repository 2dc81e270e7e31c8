"""Personal attributes meet conditions where Daybook owns nothing; of its own each answer agrees."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.permissions.application.policy_files import DEFAULT
from shared.authorization.world import World
from tests.customers.api.asking import read
from tests.ground.rights import FixedWorld
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk
from tests.permissions.api.set_up import CUSTOMS, IDS, files_at, learn
from tests.permissions.domain.files import PEOPLE, TODO

Json = dict[str, Any]

pytestmark = pytest.mark.asyncio(loop_scope="module")

IS_CAROL = {"attribute": "subject.user_name", "is": "eq", "value": "carol"}
OWN, OTHERS = "team:read", "todo:can_update_todo"
MICROSECOND = timedelta(microseconds=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        databases = await opened.enter_async_context(new_databases(servers))
        desk = await opened.enter_async_context(a_desk(databases, FixedWorld(World())))
        files, _ = files_at(desk)
        demo = [one.read_text() for one in (DEFAULT, TODO, PEOPLE)]
        await files.set_up(demo, by=CUSTOMS)
        await learn(desk)
        for permission in (OWN, OTHERS):
            body = {
                "subject_id": IDS["carol"], "permission": permission, "scope": "all",
                "clearance": "internal", "condition": IS_CAROL, "reason": "Carol by name.",
            }  # fmt: skip
            given = await desk.client("erin").post("/v1/grants", json=body)
            assert given.status_code == 200, given.text
        await learn(desk)
        yield desk


async def explained(desk: Desk, permission: str, **said: object) -> Json:
    body = {"subject": "carol", "permission": permission, **said}
    return read(await desk.client("dave").post("/v1/explain", json=body))


async def evaluated(desk: Desk, permission: str) -> bool:
    kind, _, action = permission.partition(":")
    body = {
        "subject": {"type": "user", "id": "carol"}, "action": {"name": action},
        "resource": {"type": kind, "id": "any"},
    }  # fmt: skip
    answer = read(await desk.client("erin").post("/access/v1/evaluation", json=body))
    decision = answer["decision"]
    assert isinstance(decision, bool)
    return decision


async def test_of_daybooks_own_a_condition_on_a_name_is_met_nowhere(desk: Desk) -> None:
    route = await desk.client("carol").get("/v1/teams")
    assert (route.status_code, route.json()["reason"]) == (403, "condition"), route.text
    for said in ({}, {"record": "any"}):
        told = await explained(desk, OWN, **said)
        assert (told["allowed"], told["reason_code"]) == (False, "condition")
    assert not await evaluated(desk, OWN)


async def test_of_another_programs_records_it_is_met_and_of_the_past_as_names_are_now(
    desk: Desk,
) -> None:
    assert await evaluated(desk, OTHERS)
    told = await explained(desk, OTHERS, record="any")
    assert (told["allowed"], told["personal_of_now"]) == (True, False)
    past = (desk.foundation.clock.now() - MICROSECOND).isoformat()
    told = await explained(desk, OTHERS, record="any", as_of=past)
    assert (told["allowed"], told["personal_of_now"]) == (True, True)
    assert not (await explained(desk, OWN, as_of=past))["personal_of_now"]
    body = {"permission": OTHERS, "record": "any", "as_of": past}
    who = read(await desk.client("dave").post("/v1/explain/who", json=body))
    assert who["personal_of_now"]
    assert IDS["carol"] in {one["id"] for one in who["items"]}
