"""What many ask for at the same moment happens once each, and nothing of it is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from shared.authorization.snapshot import state_hash
from tests.customers.api.asking import read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, files_at, learn, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
MANY = 100
AT_ONCE = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def post(desk: Desk, who: str, path: str, **said: Any) -> httpx.Response:  # noqa: ANN401
    headers = said.pop("headers", {})
    return await desk.client(who).post(f"/v1/{path}", json=said, headers=headers)


async def test_two_who_approve_one_request_at_once_give_it_once(desk: Desk) -> None:
    wanted = {"subject_id": IDS["leo"], "role": "sales_manager", "reason": "Bob is away"}
    asked = read(await post(desk, "leo", "requests", **wanted))
    named = {"subject_id": IDS["leo"], "grant_id": asked["grant_id"]}
    answers = await asyncio.gather(*(post(desk, "erin", "approvals", **named) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 404: 7}
    _, book = files_at(desk)
    await book.catch_up()
    held = [its.terms.role for its in book.book.subject(UUID(IDS["leo"])).grants.values()]
    assert held.count("sales_manager") == 1


async def test_one_key_with_two_bodies_at_once_does_one_of_them(desk: Desk) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    bodies = ({"role": "viewer"}, {"role": "support_agent"})
    wanted = {"subject_id": IDS["wang"], "reason": "to look", "headers": key}
    answers = await asyncio.gather(
        *(post(desk, "erin", "grants", **wanted, **body) for body in bodies * 4)
    )
    codes = Counter(answer.status_code for answer in answers)
    assert codes == {200: 4, 422: 4}
    given = {read(answer)["grant_id"] for answer in answers if answer.status_code == 200}
    assert len(given) == 1


async def test_grants_to_one_person_at_once_are_all_there_once_and_none_is_lost(desk: Desk) -> None:
    before = await held_by(desk, "carol")
    room = asyncio.Semaphore(AT_ONCE)

    async def give(number: int) -> tuple[str, int, str]:
        record = f"018f0000-0000-7000-8000-{number:012d}"
        wanted = {
            "subject_id": IDS["carol"], "permission": "customer:read", "scope": "own",
            "clearance": "public", "records": [record], "reason": "x",
            "headers": {"Idempotency-Key": record},
        }  # fmt: skip
        async with room:
            while True:
                answer = await post(desk, "erin", "grants", **wanted)
                if answer.status_code not in {409, 412, 503}:
                    break
        assert answer.status_code == 200, answer.text
        return read(answer)["grant_id"], read(answer)["version"], record

    given = await asyncio.gather(*(give(number) for number in range(MANY)))
    assert len({one for one, _, _ in given}) == len({version for _, version, _ in given}) == MANY
    assert await held_by(desk, "carol") == before | {one for one, _, _ in given}
    await learn(desk)
    reached = desk.foundation.guard.decisions.basis().world
    assert len(reached.subjects[IDS["carol"]].grants) == len(before) + MANY
    first = state_hash(reached)
    await learn(desk)
    assert state_hash(desk.foundation.guard.decisions.basis().world) == first


async def held_by(desk: Desk, name: str) -> set[str]:
    """Return the ids of what somebody holds."""
    answer = await desk.client("erin").get(f"/v1/subjects/{IDS[name]}")
    return {grant["id"] for grant in read(answer)["grants"]}
