"""What a change would have done at a past moment is told by what was in force then."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import pytest_asyncio

from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, set_up_desk
from tests.permissions.api.test_what_if import ask, told

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def test_what_if_it_had_been_done_then_is_answered_by_what_was_in_force_then(
    desk: Desk,
) -> None:
    # The same is asked before and after it was done, and of before once more.
    given = {"do": "give_grant", "subject_id": IDS["carol"], "role": "sales_rep"}
    before = await ask(desk, given)
    assert ("carol", "+", "customer:register") in told(before)
    body = {name: value for name, value in given.items() if name != "do"}
    read(await desk.client("erin").post("/v1/grants", json=body | {"reason": "She sells, too."}))
    now = await ask(desk, given)
    assert ("carol", "+", "customer:register") not in told(now)
    assert now["position"] > before["position"]
    assert await ask(desk, given, as_of=before["as_of"]) == before
    assert await ask(desk, given, as_of=now["as_of"]) == now
    zoned = datetime.fromisoformat(before["as_of"]).astimezone(timezone(timedelta(hours=8)))
    assert await ask(desk, given, as_of=zoned.isoformat()) == before


async def test_what_if_a_file_had_been_applied_then(desk: Desk) -> None:
    file = f"daybook_policy: 1\nsubjects: {{dave: {{id: {IDS['dave']}, suspended: true}}}}"
    erin = desk.client("erin")
    before = read(await erin.post("/v1/what-if", json={"file": file}))
    assert {who for who, _, _ in told(before)} == {"dave"}
    path = f"/v1/subjects/{IDS['dave']}"
    version = {"If-Match": (await erin.get(path)).headers["ETag"]}
    read(await erin.post(f"{path}/suspend", json={"reason": "away"}, headers=version))
    assert read(await erin.post("/v1/what-if", json={"file": file}))["changes"] == []
    then = {"file": file, "as_of": before["as_of"]}
    assert read(await erin.post("/v1/what-if", json=then)) == before


async def test_what_can_be_done_no_more_could_have_been_done_then(desk: Desk) -> None:
    leave = {"do": "leave", "subject_id": IDS["leo"]}
    first = read(await desk.client("erin").post("/v1/what-if", json={"commands": [leave]}))
    assert (first["refused"], first["people"]) == (None, 1)
    path = f"/v1/subjects/{IDS['leo']}"
    version = {"If-Match": (await desk.client("erin").get(path)).headers["ETag"]}
    read(await desk.client("erin").post(f"{path}/leave", json={"reason": "gone"}, headers=version))
    now = await desk.client("erin").post("/v1/what-if", json={"commands": [leave]})
    assert now.status_code == 409
    assert await ask(desk, leave, as_of=first["as_of"]) == first


async def test_of_the_future_nothing_is_told_and_before_the_beginning_nobody_is_there(
    desk: Desk,
) -> None:
    leave = {"do": "leave", "subject_id": IDS["alice"]}
    later = desk.foundation.clock.now() + timedelta(days=1)
    for as_of, status, code, field in (
        (later.isoformat(), 422, "invalid-input", "as_of"),
        ("2026-03-03T12:00:00", 422, "invalid-input", "as_of"),
        ("2020-01-01T00:00:00Z", 404, "subject-not-found", "subject_id"),
    ):
        said = {"commands": [leave], "as_of": as_of}
        answer = await desk.client("erin").post("/v1/what-if", json=said)
        assert_problem(answer, status, code, field=field)
    file = "daybook_policy: 1\nroles: {intern: {level: 5, title: Intern}}"
    for more, refused in (({}, False), ({"as_of": "2020-01-01T00:00:00Z"}, True)):
        found: dict[str, Any] = read(
            await desk.client("erin").post("/v1/what-if", json={"file": file, **more})
        )
        assert (found["refused"] is not None) is refused, "Erin was not there either"
    assert found["position"] == 0
