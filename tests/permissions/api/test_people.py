"""People join, move, are described and shown over HTTP, as far as whoever asks reaches."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from shared.testing.waiting import until
from tests.customers.api.asking import assert_problem, if_match, read
from tests.ground.rights import FixedWorld
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, set_up_desk
from tests.shared.authorization.story import Story

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEAM = "00000000-0000-4000-8000-000000001001"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def see(desk: Desk, who: str, whom: str) -> dict[str, Any]:
    return read(await desk.client(who).get(f"/v1/subjects/{IDS.get(whom, whom)}"))


async def change(desk: Desk, whom: str, verb: str, **said: Any) -> httpx.Response:  # noqa: ANN401
    """Let erin change somebody as she sees them now."""
    version = (await see(desk, "erin", whom))["version"]
    path = f"/v1/subjects/{IDS.get(whom, whom)}/{verb}"
    return await desk.client("erin").post(path, json=said, headers=if_match(version))


async def names(desk: Desk, who: str, **asked: Any) -> set[str]:  # noqa: ANN401
    page = read(await desk.client(who).get("/v1/subjects", params=asked))
    assert page["next_page_token"] is None
    return {one["user_name"] for one in page["items"]}


async def test_somebody_joins_with_the_default_role_moves_and_is_called_otherwise(
    desk: Desk,
) -> None:
    erin = desk.client("erin")
    body = {
        "display_name": "Nina", "user_name": "nina", "emails": ["nina@example.org"],
        "department": "sales/south", "manager": IDS["bob"], "attributes": {"intern": True},
    }  # fmt: skip
    key = {"Idempotency-Key": "nina"}
    joined = await erin.post("/v1/subjects", json=body, headers=key)
    again = await erin.post("/v1/subjects", json=body, headers=key)
    assert (joined.status_code, read(joined)) == (201, read(again))
    nina = read(joined)["id"]
    assert joined.headers["Location"] == f"/v1/subjects/{nina}"
    shown = await see(desk, "erin", nina)
    assert [grant["role"] for grant in shown["grants"]] == ["joiner"]
    assert (shown["emails"], shown["attributes"]) == (["nina@example.org"], {"intern": True})
    assert (await change(desk, nina, "move", manager=None, department="audit")).status_code == 200
    assert (await change(desk, nina, "describe", display_name="Nina B.")).status_code == 200
    attributes = await change(desk, nina, "attributes", values={"intern": None, "floor": 3})
    assert attributes.status_code == 200
    shown = await see(desk, "erin", nina)
    assert (shown["manager"], shown["department"]) == (None, "audit")
    assert (shown["display_name"], shown["user_name"]) == ("Nina B.", "nina")
    assert (shown["emails"], shown["attributes"]) == (["nina@example.org"], {"floor": 3})
    taken = await erin.post("/v1/subjects", json={"display_name": "X", "user_name": "NINA"})
    assert_problem(taken, 409, "name-taken", field="user_name")
    assert "nina" not in taken.text.lower()


async def test_a_manager_sees_the_own_department_and_everybody_sees_themself(desk: Desk) -> None:
    assert await names(desk, "bob") == {"alice", "bob", "leo", "wang"}
    assert await names(desk, "alice") == {"alice"}
    hidden = await desk.client("alice").get(f"/v1/subjects/{IDS['carol']}")
    assert_problem(hidden, 404, "subject-not-found", field="subject_id")
    leo = await see(desk, "bob", "leo")
    assert [grant["role"] for grant in leo["grants"]] == ["joiner", "sales_rep"]
    # Bob is cleared for internal data only, and e-mail addresses are more.
    assert "emails" not in leo
    assert (await see(desk, "leo", "leo"))["emails"] == []


async def test_people_are_found_by_what_is_asked(desk: Desk) -> None:
    assert await names(desk, "erin", q="WAN") == {"wang"}
    assert await names(desk, "erin", department="sales", role="sales_rep") == {
        "alice", "leo", "wang",
    }  # fmt: skip
    assert await names(desk, "erin", manager=IDS["bob"]) >= {"alice", "leo"}
    assert await names(desk, "erin", kind="service", owner=IDS["oscar"]) >= {"billing"}
    wrong = await desk.client("erin").get("/v1/subjects", params={"team": "x"})
    assert_problem(wrong, 422, "invalid-input", field="team")
    seen: list[str] = []
    asked: dict[str, Any] = {"page_size": 3}
    while True:
        page = read(await desk.client("dave").get("/v1/subjects", params=asked))
        seen += [one["id"] for one in page["items"]]
        if page["next_page_token"] is None:
            break
        asked["page_token"] = page["next_page_token"]
    assert seen == sorted(set(seen))
    assert set(seen) >= set(IDS.values())
    foreign = await desk.client("erin").get("/v1/subjects", params=asked)
    assert_problem(foreign, 422, "page-token-of-another-query", field="page_token")


async def test_nobody_is_found_by_what_the_asker_does_not_see(desk: Desk) -> None:
    """Petra reads about everybody, but sees of nobody else what they were given."""
    assert await names(desk, "petra", role="data_protection") == {"petra"}
    assert await names(desk, "petra", role="sales_rep") == set()
    assert await names(desk, "bob", role="sales_rep") == {"alice", "leo", "wang"}
    found = {
        "q": "wan",
        "department": "sales",
        "manager": IDS["bob"],
        "team": TEAM,
        "life": "active",
    }
    for name, value in found.items():
        assert "wang" in await names(desk, "bob", **{name: value}), name
    decisions = desk.foundation.guard.decisions
    assert isinstance(decisions, FixedWorld)
    as_it_was = decisions.world
    hidden = Story()
    for field in ("display_name", "user_name", "department", "manager", "teams", "life"):
        hidden.policy(
            "DataClassSet", resource_type="subject", field=field, data_class="confidential",
            otherwise="omit",
        )  # fmt: skip
    first = as_it_was.position + 1
    later = [one._replace(position=first + number) for number, one in enumerate(hidden.events)]
    decisions.world = as_it_was.after(later)
    try:
        shown = read(await desk.client("bob").get("/v1/subjects"))["items"]
        assert len(shown) == 4
        for one in (other for other in shown if other["id"] != IDS["bob"]):
            assert {"life", "user_name", "department"}.isdisjoint(one)
        for name, value in found.items():
            answer = await desk.client("bob").get("/v1/subjects", params={name: value})
            assert {one["id"] for one in read(answer)["items"]} <= {IDS["bob"]}, name
    finally:
        decisions.world = as_it_was


async def test_a_caller_is_trusted_and_a_rule_suspended_for_one_person(desk: Desk) -> None:
    assert (await change(desk, "billing", "trust")).status_code == 200
    assert (await see(desk, "erin", "billing"))["trusted_caller"] is True
    assert (await change(desk, "billing", "distrust")).status_code == 200
    until = "2026-12-24T00:00:00Z"
    exception = {"rule": "audit_stays_apart", "until": until, "reason": "Stands in"}
    given = await change(desk, "dave", "sod-exceptions", **exception)
    assert given.status_code == 200, given.text
    assert (await see(desk, "erin", "dave"))["sod_exceptions"] == {
        "audit_stays_apart": "2026-12-24T00:00:00+00:00"
    }
    withdrawn = await change(desk, "dave", "sod-exceptions/withdraw", rule="audit_stays_apart")
    assert withdrawn.status_code == 200
    assert (await see(desk, "erin", "dave"))["sod_exceptions"] == {}


async def test_whoever_is_shown_people_is_on_record(desk: Desk) -> None:
    operations = {
        "subjects": "list_subjects", f"subjects/{IDS['leo']}": "get_subject",
        "policy": "export_policy", "grants": "list_grants", "requests": "list_requests",
    }  # fmt: skip
    for path in operations:
        assert (await desk.client("dave").get(f"/v1/{path}")).status_code == 200

    async def recorded() -> set[str]:
        rows = await desk.foundation.truth.fetch(
            "select data from records where type = 'AccessRecorded'"
        )
        return {orjson.loads(row["data"])["operation"] for row in rows}

    await until(lambda: _holds(recorded, set(operations.values())), within=60)


async def _holds(recorded: Callable[[], Awaitable[set[str]]], wanted: set[str]) -> bool:
    return wanted <= await recorded()
