"""Who would gain and who would lose what is told before anything is changed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def ask(desk: Desk, *commands: dict[str, Any], **more: str) -> dict[str, Any]:
    said = {"commands": commands, **more}
    answer: dict[str, Any] = read(await desk.client("erin").post("/v1/what-if", json=said))
    return answer


def told(answer: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return who gains (+) and loses (-) which permission."""
    return {
        (one["user_name"], sign, one["permission"])
        for one in answer["changes"]
        for sign, rights in (("+", one["gained"]), ("-", one["lost"]))
        if rights
    }


async def test_what_if_somebody_were_given_a_role_though_another_must_agree(desk: Desk) -> None:
    before = read(await desk.client("erin").get("/v1/policy"))
    answer = await ask(
        desk, {"do": "give_grant", "subject_id": IDS["leo"], "role": "sales_manager"}
    )
    assert ("leo", "+", "customer:export") in told(answer)
    assert (answer["people"], answer["refused"]["code"]) == (1, "needs-second-person")
    assert read(await desk.client("erin").get("/v1/policy")) == before


async def test_what_if_a_role_lost_a_permission_or_its_parent(desk: Desk) -> None:
    taken = {"do": "set_role_permission", "role": "sales_rep", "permission": "customer:watch"}
    answer = await ask(desk, {**taken, "allowances": []})
    assert told(answer) == {(who, "-", "customer:watch") for who in ("alice", "leo", "wang")}
    assert (answer["needs_second_person"], answer["refused"]) == ([], None)
    more = [{"scope": "all", "clearance": "restricted"}]
    risky = await ask(desk, {**taken, "permission": "customer:export", "allowances": more})
    assert risky["needs_second_person"] != []
    parent = {"do": "remove_role_parent", "role": "sales_manager", "parent": "sales_rep"}
    assert ("bob", "-", "customer:register") in told(await ask(desk, parent))


async def test_what_if_several_things_happened_one_after_the_other(desk: Desk) -> None:
    answer = await ask(
        desk,
        {"do": "leave", "subject_id": IDS["oscar"]},
        {"do": "suspend", "subject_id": IDS["carol"]},
        {"do": "reinstate", "subject_id": IDS["carol"]},
    )
    assert {who for who, _, _ in told(answer)} >= {"oscar", "billing"}
    assert {sign for _, sign, _ in told(answer)} == {"-"}
    last = await ask(desk, {"do": "leave", "subject_id": IDS["erin"]})
    assert last["refused"]["code"] == "last-administrator"
    file = f"daybook_policy: 1\nsubjects: {{leo: {{id: {IDS['leo']}, suspended: true}}}}"
    by_file = await desk.client("erin").post("/v1/what-if", json={"file": file})
    assert {who for who, _, _ in told(read(by_file))} == {"leo"}
    both = await desk.client("erin").post("/v1/what-if", json={"file": file, "commands": []})
    assert both.status_code == 422
    nobody = {"do": "leave", "subject_id": "018f0000-0000-7000-8000-00000000dead"}
    unknown = await desk.client("erin").post("/v1/what-if", json={"commands": [nobody]})
    assert_problem(unknown, 404, "subject-not-found", field="subject_id")
