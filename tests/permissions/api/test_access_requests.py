"""Whoever was refused asks for the least that helps; the right person agrees, and it ends alone."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from services.permissions.projections.incoming import CustomerRegistered
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.scopes import Clearance
from shared.eventstore.decision_types import DecisionsCounted
from shared.testing.waiting import until
from shared.web.callers import Caller
from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk
from tests.permissions.customer_events import apply, came

pytestmark = pytest.mark.asyncio(loop_scope="module")
LANTERN = "018f0000-0000-7000-8000-00000000c001"
CAROLS = Record("customer", LANTERN, IDS["carol"], Clearance.INTERNAL.rank)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def post(desk: Desk, who: str, path: str, **said: Any) -> httpx.Response:  # noqa: ANN401
    return await desk.client(who).post(f"/v1/{path}", json=said)


async def items(desk: Desk, who: str, path: str, **asked: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    found: list[dict[str, Any]] = read(await desk.client(who).get(f"/v1/{path}", params=asked))[
        "items"
    ]
    return found


def named(asked: dict[str, Any]) -> dict[str, Any]:
    return {"subject_id": asked["subject_id"], "grant_id": asked["grant_id"]}


async def has_owner(desk: Desk, customer: str, who: str) -> None:
    """Let the read model know whose a customer is."""
    registered = CustomerRegistered(kind="organisation", owner=UUID(IDS[who]))
    now = desk.foundation.clock.now()
    await apply(desk.databases, [came(customer, 1, now, registered)])


def may(desk: Desk, who: str, permission: Permission, record: Record) -> bool:
    return desk.foundation.guard.rights(Caller(IDS[who])).may(permission, record)


async def told_of(desk: Desk, who: str) -> bool:
    """Say whether a record leads to an alert about an emergency."""
    await desk.foundation.recorder.close()
    rows = await desk.foundation.truth.fetch(
        "select data from records where actor = $1 and type = 'DecisionsCounted'", IDS[who]
    )
    told = [DecisionsCounted.model_validate_json(row["data"]) for row in rows]
    return (Permission.GRANTS_BREAK_GLASS, None, True) in [
        (one.permission, one.resource_type, one.is_allowed) for one in told
    ]


async def test_from_a_refusal_to_access_to_that_record_and_nothing_else(desk: Desk) -> None:
    assert not may(desk, "leo", Permission.CUSTOMERS_READ, CAROLS)
    refused = {"permission": "customer:read", "record_id": LANTERN}
    options = await items(desk, "leo", "requests/options", **refused)
    assert options[0]["records"] == [LANTERN]
    assert (options[0]["scope"], options[0]["clearance"]) == ("all", "internal")
    assert options[0]["approvers"][0]["id"] == IDS["bob"]
    assert [one["role"] for one in options[1:]] == ["support_agent", "data_steward", "auditor"]
    # An auditor changes nothing: nobody could approve that.
    for option in await items(desk, "dave", "requests/options", permission="customer:change"):
        assert option["approvers"] == []
    for wanted in ({"permission": "customer:change"}, {"role": "sales_rep", "hours": 1}):
        answer = await post(desk, "dave", "requests", **wanted, reason="To help out")
        field = next(iter(wanted))
        problem = assert_problem(answer, 409, "separation-of-duties", field=field)
        assert "audit_stays_apart" in problem["detail"]
        assert "sod:except" in problem["who_can_help"]
    assert await items(desk, "dave", "requests", mine="true") == []

    asked = read(await post(desk, "leo", "requests", **refused, reason="They called me"))
    assert asked["approvers"][0]["id"] == IDS["bob"]
    (mine,) = await items(desk, "leo", "requests", mine="true")
    assert (mine["state"], mine["hours"], mine["approvers"]) == ("open", 8, asked["approvers"])
    (waiting,) = await items(desk, "bob", "approvals")
    assert (waiting["id"], waiting["reason"]) == (asked["grant_id"], "They called me")
    assert await items(desk, "erin", "approvals") == [waiting]

    before = desk.foundation.clock.now()
    assert (await post(desk, "bob", "approvals", **named(asked))).status_code == 200
    await learn(desk)
    assert may(desk, "leo", Permission.CUSTOMERS_READ, CAROLS)
    other = Record("customer", "another", IDS["carol"], Clearance.INTERNAL.rank)
    assert not may(desk, "leo", Permission.CUSTOMERS_READ, other)
    (given,) = await items(desk, "leo", "grants", permission="customer:read")
    lasts = datetime.fromisoformat(given["until"]) - before
    assert timedelta(hours=8) <= lasts < timedelta(hours=9)
    assert given["approved_by"] == [IDS["bob"]]
    (mine,) = await items(desk, "leo", "requests", mine="true")
    assert (mine["state"], mine["reason"]) == ("approved", "They called me")


async def test_whoever_asks_for_a_colleague_sees_what_became_of_it(desk: Desk) -> None:
    wanted = {"role": "finance", "reason": "Counting with us", "subject_id": IDS["leo"]}
    asked = read(await post(desk, "bob", "requests", **wanted))
    assert (await post(desk, "erin", "approvals", **named(asked))).status_code == 200
    (mine,) = await items(desk, "bob", "requests", mine="true")
    assert (mine["id"], mine["state"]) == (asked["grant_id"], "approved")


async def test_the_least_that_helps_reaches_no_further_than_the_record_lies(desk: Desk) -> None:
    """Alice sees Wang's customer: of the same team, so that their manager can agree."""
    wangs, nowhere = (f"018f0000-0000-7000-8000-00000000d00{number}" for number in (1, 2))
    await has_owner(desk, wangs, "wang")
    changes = {"permission": "customer:change", "record_id": wangs}
    least, *roles = await items(desk, "alice", "requests/options", **changes)
    assert (least["scope"], least["records"], least["level"]) == ("team", [wangs], 20)
    assert least["approvers"][0]["id"] == IDS["bob"]
    assert [one["role"] for one in roles] == ["support_agent", "sales_manager", "data_steward"]
    asked = read(await post(desk, "alice", "requests", **changes, reason="Wang is ill"))
    assert asked["approvers"][0]["id"] == IDS["bob"]
    assert (await post(desk, "bob", "approvals", **named(asked))).status_code == 200
    await learn(desk)
    its = Record("customer", wangs, IDS["wang"], Clearance.INTERNAL.rank)
    assert may(desk, "alice", Permission.CUSTOMERS_CHANGE, its)

    # Oscar sees no customers: whose it is, and whether it is there, makes no difference to him.
    answers = [
        read(
            await desk.client("oscar").get(
                "/v1/requests/options", params={"permission": "customer:change", "record_id": one}
            )
        )
        for one in (wangs, nowhere)
    ]
    for answer, one in zip(answers, (wangs, nowhere), strict=True):
        assert answer["items"][0].pop("records") == [one]
        assert answer["items"][0]["scope"] == "all"
    assert answers[0] == answers[1]


async def test_whoever_has_too_low_a_level_to_approve_is_told_who_has_not(desk: Desk) -> None:
    asked = read(await post(desk, "leo", "requests", role="data_steward", reason="Cleaning up"))
    answer = await post(desk, "bob", "approvals", **named(asked))
    problem = assert_problem(answer, 403, "above-own-level", field="role")
    assert problem["who_can_help"] == "whoever has the role permission_admin"
    assert (await post(desk, "leo", "requests/withdraw", **named(asked))).status_code == 200


async def test_what_nobody_can_approve_now_says_why_and_who_can_mend_it(desk: Desk) -> None:
    """Erin alone has the level: she asks for it, and nobody else is there who could agree."""
    wanted = {"role": "data_steward", "reason": "He helps out", "subject_id": IDS["leo"]}
    asked = read(await post(desk, "erin", "requests", **wanted))
    assert asked["approvers"] == []
    nobody = asked["nobody"]
    assert "only who asks for this" in nobody["why"]
    assert "level 50" in nobody["why"]
    assert "reinstated" in nobody["fix"]
    assert "grant:give" in nobody["who_can_help"]
    for who in ("erin", "leo"):
        told = await items(desk, who, "requests", mine="true", state="open")
        (its,) = [one for one in told if one["id"] == asked["grant_id"]]
        assert (its["approvers"], its["nobody"]) == ([], nobody)
    assert (await post(desk, "erin", "requests/withdraw", **named(asked))).status_code == 200
    closed = await items(desk, "erin", "requests", mine="true", state="withdrawn")
    assert [one for one in closed if "nobody" in one] == []
    other = read(await post(desk, "leo", "requests", role="data_steward", reason="Cleaning up"))
    assert "nobody" not in other
    assert (await post(desk, "leo", "requests/withdraw", **named(other))).status_code == 200


async def test_nobody_decides_about_whom_they_do_not_reach(desk: Desk) -> None:
    asked = read(await post(desk, "carol", "requests", role="finance", reason="A stand-in"))
    assert IDS["bob"] not in [one["id"] for one in asked["approvers"]]
    for verb in ("approvals", "requests/refuse"):
        answer = await post(desk, "bob", verb, **named(asked))
        problem = assert_problem(answer, 403, "not-permitted")
        assert problem["permission"] == "grant:approve"
    assert_problem(
        await post(desk, "bob", "requests/withdraw", **named(asked)),
        403, "request-of-another", field="grant_id",
    )  # fmt: skip
    for_erin = {"role": "viewer", "reason": "x", "subject_id": IDS["erin"]}
    assert_problem(await post(desk, "carol", "requests", **for_erin), 403, "not-permitted")
    assert await items(desk, "leo", "requests") == await items(desk, "leo", "requests", mine="true")
    refusal = named(asked) | {"reason": "Not in your post"}
    assert (await post(desk, "erin", "requests/refuse", **refusal)).status_code == 200
    (told,) = await items(desk, "carol", "requests", mine="true")
    assert (told["state"], told["answer"]) == ("refused", "Not in your post")
    again = read(await post(desk, "carol", "requests", role="finance", reason="Please"))
    assert (await post(desk, "carol", "requests/withdraw", **named(again))).status_code == 200
    states = [one["state"] for one in await items(desk, "carol", "requests", mine="true")]
    assert sorted(states) == ["refused", "withdrawn"]


async def test_what_is_wanted_for_good_is_given_and_not_requested(desk: Desk) -> None:
    for_ever = {"role": "finance", "reason": "x", "for_good": True}
    assert_problem(
        await post(desk, "alice", "requests", **for_ever), 422, "invalid-input", field="for_good"
    )
    late = {"role": "finance", "reason": "x", "until": "2099-01-01T00:00:00Z"}
    assert_problem(
        await post(desk, "alice", "requests", **late), 422, "invalid-input", field="until"
    )
    asked = await post(desk, "erin", "requests", **for_ever, subject_id=IDS["alice"])
    assert asked.status_code == 200, asked.text
    assert [one["id"] for one in read(asked)["approvers"]] == [IDS["bob"]]
    unknown = await post(desk, "alice", "requests", permission="customer:fly", reason="x")
    assert_problem(unknown, 404, "permission-not-found", field="permission")


async def test_an_emergency_is_taken_at_once_marked_and_reviewed_by_somebody_else(
    desk: Desk,
) -> None:
    soon = (desk.foundation.clock.now() + timedelta(hours=2)).isoformat()
    taking = {
        "permission": "customer:read", "scope": "all", "clearance": "internal", "until": soon,
        "reason": "The line is down",
    }  # fmt: skip
    assert_problem(await post(desk, "leo", "grants/break-glass", **taking), 403, "not-permitted")
    taken = read(await post(desk, "oscar", "grants/break-glass", **taking))
    await learn(desk)
    assert may(desk, "oscar", Permission.CUSTOMERS_READ, CAROLS)
    # By this record whoever watches is told of it (services/permissions/streams/unusual.py).
    await until(lambda: told_of(desk, "oscar"), what="that whoever watches is told")
    (waiting,) = await items(desk, "erin", "grants", to_review="true")
    assert (waiting["id"], waiting["is_break_glass"]) == (taken["grant_id"], True)
    longer = named(taken) | {"until": None}
    assert_problem(
        await post(desk, "erin", "grants/extend", **longer), 409, "break-glass-not-extended",
        field="grant_id",
    )  # fmt: skip
    verdict = named(taken) | {"verdict": "justified", "reason": "It was down"}
    assert_problem(await post(desk, "oscar", "grants/review", **verdict), 403, "not-permitted")
    assert (await post(desk, "erin", "grants/review", **verdict)).status_code == 200
    assert await items(desk, "erin", "grants", to_review="true") == []


async def test_a_grant_is_made_longer_smaller_and_ended(desk: Desk) -> None:
    now = desk.foundation.clock.now()
    wanted = {"role": "viewer", "until": (now + timedelta(days=1)).isoformat(), "reason": "trial"}
    given = read(await post(desk, "erin", "grants", subject_id=IDS["wang"], **wanted))
    later = (now + timedelta(days=2)).isoformat()
    longer = await post(desk, "erin", "grants/extend", **named(given), until=later)
    assert read(longer)["version"] == given["version"] + 1
    less = await post(desk, "erin", "grants/reduce", **named(given), clearance="public")
    assert less.status_code == 200, less.text
    more = await post(desk, "erin", "grants/reduce", **named(given), clearance="internal")
    assert_problem(more, 422, "invalid-input", field="clearance")
    asked = {"subject_id": IDS["wang"], "role": "viewer"}
    (listed,) = await items(desk, "erin", "grants", **asked)
    assert (listed["until"], listed["clearance"], listed["state"]) == (later, "public", "in_force")
    long_ago = "2026-01-01T00:00:00Z"
    assert await items(desk, "erin", "grants", **asked, ends_before=long_ago) == []
    assert (await post(desk, "erin", "grants/revoke", **named(given))).status_code == 200
    assert await items(desk, "erin", "grants", **asked) == []
    pages: list[str] = []
    query: dict[str, Any] = {"page_size": 4}
    while True:
        page = read(await desk.client("dave").get("/v1/grants", params=query))
        pages += [f"{one['subject_id']} {one['id']}" for one in page["items"]]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert pages == sorted(set(pages))
    assert {UUID(one.split()[0]) for one in pages} == {UUID(one) for one in IDS.values()}


async def test_a_list_of_grants_names_the_holders_whom_the_reader_may_see(desk: Desk) -> None:
    (wangs, *_) = await items(desk, "erin", "grants", subject_id=IDS["wang"])
    assert (wangs["user_name"], wangs["display_name"]) == ("wang", "Wang")
    looks = {"subject_id": IDS["oscar"], "permission": "grant:read", "scope": "all"}
    given = await post(desk, "erin", "grants", **looks, clearance="internal", reason="He helps")
    assert given.status_code == 200, given.text
    await learn(desk)
    (nameless, *_) = await items(desk, "oscar", "grants", subject_id=IDS["wang"])
    assert nameless == {name: wangs[name] for name in wangs if not name.endswith("_name")}
