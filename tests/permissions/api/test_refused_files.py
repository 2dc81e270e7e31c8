"""A line of a policy file that is refused to its caller is on record as a decision about rights."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from tests.customers.api.asking import Json, assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
CAROL, LEO = IDS["carol"], IDS["leo"]
REFUSED = """select type, data from records
    where actor = $1 and type in ('DecisionRecorded', 'RefusalRecorded')
    order by txid, position"""
FILE = "daybook_policy: 1\nreason: Why.\n"
ROLE = FILE + "roles:\n  intern: {level: 5, title: Intern}\n"
GIVES = FILE + f"subjects:\n  leo:\n    id: {LEO}\n    also_grants: [viewer]\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """Have Carol change the policy, and nothing else of others; Leo not even that."""
    async with AsyncExitStack() as opened:
        its = await set_up_desk(opened, servers)
        wanted = {
            "subject_id": CAROL, "permission": "policy:change", "scope": "all",
            "clearance": "restricted", "reason": "She writes the policy",
        }  # fmt: skip
        asked = read(await its.client("carol").post("/v1/requests", json=wanted))
        named = {"subject_id": CAROL, "grant_id": asked["grant_id"]}
        read(await its.client("erin").post("/v1/approvals", json=named))
        await learn(its)
        yield its


async def send(desk: Desk, file: str, path: str = "policy", **more: Any) -> httpx.Response:  # noqa: ANN401
    return await desk.client("carol").post(f"/v1/{path}", json={"file": file, **more})


def refused(answer: httpx.Response) -> Json:
    """Expect that a line of the file was refused."""
    line = answer.json()["field"]
    assert "line" in line
    return assert_problem(answer, 403, "not-permitted", field=line)


async def refusals(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """Return what is on record of what Carol was refused, the oldest first."""
    rows = await desk.foundation.truth.fetch(REFUSED, CAROL)
    told = [(row["type"], orjson.loads(row["data"])) for row in rows]
    return [(type_, data) for type_, data in told if not data.get("is_allowed")]


@pytest.mark.parametrize(
    ("path", "more"),
    [("policy", {}), ("policy", {"dry_run": True}), ("policy/approvals", {})],
    ids=["applied", "looked at", "approved"],
)
@pytest.mark.parametrize(
    ("file", "permission", "about"),
    [(ROLE, "role:change", ""), (GIVES, "grant:give", LEO)],
    ids=["of everything", "of a person"],
)
async def test_what_is_missing_for_a_line_is_on_record_and_can_be_asked_again(
    desk: Desk, file: str, permission: str, about: str, path: str, more: dict[str, Any]
) -> None:
    known = len(await refusals(desk))
    problem = refused(await send(desk, file, path, **more))
    [(type_, told)] = (await refusals(desk))[known:]
    assert type_ == "DecisionRecorded"
    assert (told["permission"], told["resource_id"], told["code"]) == (
        permission, about, problem["reason"],
    )  # fmt: skip
    assert told["operation"] == ("apply_policy" if path == "policy" else "approve_policy")
    again = await desk.client("dave").post("/v1/explain/decisions", json=told)
    assert read(again)["is_as_recorded"] is True


async def test_a_denial_is_on_record_with_the_grant_that_denies(desk: Desk) -> None:
    denied = {
        "subject_id": CAROL, "permission": "grant:give", "effect": "deny", "reason": "Not her",
    }  # fmt: skip
    grant = read(await desk.client("erin").post("/v1/grants", json=denied))["grant_id"]
    await learn(desk)
    known = len(await refusals(desk))
    refused(await send(desk, GIVES))
    [(_, told)] = (await refusals(desk))[known:]
    assert (told["code"], told["grant_id"]) == ("denied", grant)
    revoked = {"subject_id": CAROL, "grant_id": grant}
    read(await desk.client("erin").post("/v1/grants/revoke", json=revoked))
    await learn(desk)


async def test_what_is_allowed_by_what_was_known_here_is_on_record_as_refused_all_the_same(
    desk: Desk,
) -> None:
    """A right that ended a moment ago is refused by the store; no older answer is written down."""
    named = await carol_has(desk, "team:change")
    read(await desk.client("erin").post("/v1/grants/revoke", json=named))
    known = len(await refusals(desk))
    team = FILE + "teams:\n  new: {id: 00000000-0000-0000-0000-00000000004e, title: New}\n"
    refused(await send(desk, team))
    [(type_, told)] = (await refusals(desk))[known:]
    assert (type_, told["code"]) == ("RefusalRecorded", "not-permitted")


async def test_a_file_is_applied_as_a_whole_or_not_at_all(desk: Desk) -> None:
    """What Carol may do is not done either, when a line below it is refused."""
    allowed = FILE + "freshness_seconds: {low: 290, normal: 30, high: 5, critical: 1}\n"
    before = await desk.foundation.truth.fetch("select event_id from events")
    refused(await send(desk, allowed + ROLE.removeprefix(FILE)))
    assert await desk.foundation.truth.fetch("select event_id from events") == before
    read(await send(desk, allowed))
    assert len(await desk.foundation.truth.fetch("select event_id from events")) > len(before)


async def test_what_a_line_would_lack_is_no_refusal_of_whoever_asks_what_if(desk: Desk) -> None:
    known = len(await refusals(desk))
    await carol_has(desk, "what_if:ask")
    answer = read(await desk.client("carol").post("/v1/what-if", json={"file": ROLE}))
    assert answer["refused"]["code"] == "not-permitted"
    assert (await refusals(desk))[known:] == []


async def carol_has(desk: Desk, permission: str) -> Json:
    """Let Carol ask for a permission and Erin agree; return what names the grant."""
    asked = read(await desk.client("carol").post("/v1/requests", json={
        "subject_id": CAROL, "permission": permission, "reason": "For a moment", "scope": "all",
        "clearance": "restricted",
    }))  # fmt: skip
    named: Json = {"subject_id": CAROL, "grant_id": asked["grant_id"]}
    read(await desk.client("erin").post("/v1/approvals", json=named))
    await learn(desk)
    return named
