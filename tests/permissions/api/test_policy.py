"""Rights are set up, given, requested and taken over HTTP; every copy of the book sees the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.permissions.application.policy_files import DEFAULT
from services.permissions.domain.policy_file.writing import write_policy
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import RuleBrokenError
from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import CUSTOMS, IDS, files_at, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def post(desk: Desk, who: str, path: str, **said: Any) -> httpx.Response:  # noqa: ANN401
    headers = said.pop("headers", {})
    return await desk.client(who).post(f"/v1/{path}", json=said, headers=headers)


async def roles_of(desk: Desk, name: str) -> list[str]:
    answer = await desk.client("erin").get(f"/v1/subjects/{IDS[name]}")
    return [grant["role"] for grant in read(answer)["grants"] if "role" in grant]


async def test_daybook_is_set_up_once_and_every_process_reads_the_same(desk: Desk) -> None:
    files, book = files_at(desk)
    with pytest.raises(RuleBrokenError) as refused:
        await files.set_up([DEFAULT.read_text()], by=CUSTOMS)
    assert refused.value.problem_code == "already-set-up"
    exported = read(await desk.client("erin").get("/v1/policy"))
    assert exported["file"] == write_policy(book.book, desk.foundation.clock.now())
    auditors = read(await desk.client("dave").get("/v1/policy"))["file"]
    assert exported["file"].startswith(auditors)
    assert "subjects:" not in auditors
    assert IDS["leo"] not in auditors
    again = await post(desk, "erin", "policy", file=exported["file"])
    assert read(again) == {
        "applied": True, "events": 0, "changes": [], "requested": [], "requests": [],
        "needs_second_person": [], "stays_gone": [],
    }  # fmt: skip
    assert "Daybook-Token" not in again.headers


async def test_a_file_is_looked_at_before_it_is_applied(desk: Desk) -> None:
    file = (
        "daybook_policy: 1\n"
        f"subjects: {{carol: {{id: {IDS['carol']}, also_grants: [{{role: finance, scope: own}}]}}}}"
    )
    looked = read(await post(desk, "erin", "policy", file=file, dry_run=True))
    assert (looked["applied"], looked["events"], looked["requests"]) == (False, 1, [])
    assert await roles_of(desk, "carol") == ["joiner", "support_agent"]
    applied = await post(desk, "erin", "policy", file=file, headers={"Idempotency-Key": "one"})
    assert read(applied) == looked | {"applied": True}
    assert await roles_of(desk, "carol") == ["joiner", "support_agent", "finance"]
    replayed = await post(desk, "erin", "policy", file=file, headers={"Idempotency-Key": "one"})
    assert replayed.headers["Idempotency-Replayed"] == "true"


async def test_a_file_says_by_name_what_it_only_asks_for(desk: Desk) -> None:
    its = f"{{id: {IDS['carol']}, also_grants: [sales_manager]}}"
    file = f"daybook_policy: 1\nsubjects: {{carol: {its}}}"
    looked = read(await post(desk, "erin", "policy", file=file, dry_run=True))
    assert looked["requested"] == [IDS["carol"]]
    assert looked["requests"] == [
        {
            "subject_id": IDS["carol"], "user_name": "carol", "role": "sales_manager",
            "permission": None,
        }
    ]  # fmt: skip


async def test_a_mistake_in_a_file_is_told_with_its_line(desk: Desk) -> None:
    wrong = await post(desk, "erin", "policy", file="daybook_policy: 1\nroles: {x: {level: 1}}")
    assert_problem(wrong, 422, "invalid-input", field="line 2, roles.x")


async def test_what_is_risky_is_requested_and_given_when_somebody_else_agrees(desk: Desk) -> None:
    wanted = {"subject_id": IDS["leo"], "role": "sales_manager", "reason": "Bob is away"}
    alone = await post(desk, "erin", "grants", **wanted)
    assert_problem(alone, 403, "needs-second-person", field="role")
    asked = read(await post(desk, "leo", "requests", **wanted))
    named = {"subject_id": IDS["leo"], "grant_id": asked["grant_id"]}
    assert "sales_manager" not in await roles_of(desk, "leo")
    approved = await post(desk, "erin", "approvals", **named)
    assert approved.status_code == 200, approved.text
    assert "sales_manager" in await roles_of(desk, "leo")
    revoked = await post(desk, "erin", "grants/revoke", **named)
    assert read(revoked)["version"] == asked["version"] + 3
    assert "sales_manager" not in await roles_of(desk, "leo")
    assert_problem(
        await post(desk, "erin", "grants/revoke", **named), 404, "grant-not-found", field="grant_id"
    )


async def test_a_repeated_request_gives_one_grant_and_the_first_answer(desk: Desk) -> None:
    wanted = {"subject_id": IDS["wang"], "role": "viewer", "reason": "to look"}
    key = {"Idempotency-Key": "give-wang"}
    twins = await asyncio.gather(
        *(post(desk, "erin", "grants", headers=key, **wanted) for _ in "ab")
    )
    first, second = (read(answer) for answer in twins)
    assert first == second
    assert sorted("Idempotency-Replayed" in answer.headers for answer in twins) == [False, True]
    assert (await roles_of(desk, "wang")).count("viewer") == 1
    other = await post(desk, "erin", "grants", headers=key, **wanted | {"role": "joiner"})
    assert_problem(other, 422, "idempotency-key-reused", field="Idempotency-Key")


async def test_whoever_decides_at_the_same_moment_decides_on_what_is_there(desk: Desk) -> None:
    """Two halves of what a rule keeps apart, given at once by two processes: one is refused."""
    halves = (
        f"daybook_policy: 1\nsubjects: {{petra: {{id: {IDS['petra']}, also_grants: [{role}]}}}}"
        for role in ("pets_one", "pets_two")
    )
    rule = (
        "daybook_policy: 1\n"
        "permissions: {pet:feed: {risk: low, title: Feed}, pet:walk: {risk: low, title: Walk}}\n"
        "data_classes: {pet: {'*': public}}\n"
        "roles:\n"
        "  pets_one: {level: 1, title: One, permissions: {pet:feed: all/public}}\n"
        "  pets_two: {level: 1, title: Two, permissions: {pet:walk: all/public}}\n"
        "sod_rules: {pets: {kind: static, first: [pets_one], second: [pets_two]}}\n"
    )
    assert (await post(desk, "erin", "policy", file=rule)).status_code == 200
    (one, _), (two, _) = files_at(desk), files_at(desk)
    outcomes = await asyncio.gather(
        *(
            files.apply(text, by=IDS["erin"])
            for files, text in zip((one, two), halves, strict=True)
        ),
        return_exceptions=True,
    )
    refused = [one for one in outcomes if isinstance(one, RuleBrokenError)]
    assert [one.problem_code for one in refused] == ["separation-of-duties"]


async def test_two_processes_that_let_two_people_have_one_name_at_once_are_one_too_many(
    desk: Desk,
) -> None:
    """Nothing but the log as it was seen tells them of each other: they write other streams."""
    (one, _), (two, book) = files_at(desk), files_at(desk)
    file = (
        "daybook_policy: 1\nsubjects:\n"
        "  {name}: {{id: 018f0000-0000-7000-8000-0000000000{name}, identifiers: [HR-1]}}"
    )
    outcomes = await asyncio.gather(
        one.apply(file.format(name="a1"), by=IDS["erin"]),
        two.apply(file.format(name="a2"), by=IDS["erin"]),
        return_exceptions=True,
    )
    refused = [each for each in outcomes if isinstance(each, RuleBrokenError)]
    assert [each.problem_code for each in refused] == ["name-taken"]
    await book.catch_up()
    named = [its for its in book.book.subjects.values() if "HR-1" in its.identifiers]
    assert len(named) == 1


async def test_whoever_leaves_takes_the_own_service_accounts_along(desk: Desk) -> None:
    erin = desk.client("erin")

    async def read_one(name: str) -> dict[str, Any]:
        return read(await erin.get(f"/v1/subjects/{IDS[name]}"))

    async def ask(name: str, verb: str, version: int) -> httpx.Response:
        path = f"/v1/subjects/{IDS[name]}/{verb}"
        return await erin.post(path, headers={"If-Match": f'"{version}"'})

    version = (await read_one("oscar"))["version"]
    stale = assert_problem(
        await ask("oscar", "leave", version + 1), 412, "version-conflict", field="If-Match"
    )
    assert stale["current_version"] == version
    assert read(await ask("oscar", "leave", version)) == {"version": version + 1}
    billing = await read_one("billing")
    assert billing["life"] == "suspended"
    again = await ask("billing", "reinstate", billing["version"])
    assert_problem(again, 409, "owner-not-active", field="owner")
    last = await read_one("erin")
    assert_problem(
        await ask("erin", "leave", last["version"]), 409, "last-administrator", field="subject_id"
    )


async def test_nobody_is_there_whom_nobody_let_join(desk: Desk) -> None:
    nobody = "018f0000-0000-7000-8000-00000000dead"
    answer = await desk.client("erin").get(f"/v1/subjects/{nobody}")
    assert_problem(answer, 404, "subject-not-found", field="subject_id")
    names = {
        one["user_name"] for one in read(await desk.client("erin").get("/v1/subjects"))["items"]
    }
    assert names >= set(DEMO_PEOPLE) - {"oscar"}
    roles = read(await desk.client("dave").get("/v1/roles"))["items"]
    assert {role["name"] for role in roles} >= {"sales_rep", "permission_admin"}
