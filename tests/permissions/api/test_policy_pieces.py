"""Roles, data classes, rules and teams change piece by piece, each as it was read."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.customers.api.asking import assert_problem, if_match, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
TITLE = {"en": "Intern", "zh": "实习生"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


class Policy:
    """The policy as one administrator sees and changes it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def version(self) -> int:
        version: int = read(await self.client.get("/v1/policy"))["version"]
        return version

    async def change(self, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401
        headers = if_match(await self.version())
        return await self.client.request(method, f"/v1/{path}", json=body, headers=headers)

    async def names(self, path: str) -> list[str]:
        return [one["name"] for one in read(await self.client.get(f"/v1/{path}"))["items"]]


async def test_a_role_is_defined_reaches_further_has_a_parent_and_is_retired(desk: Desk) -> None:
    policy = Policy(desk.client("erin"))
    before = await policy.version()
    defined = await policy.change("PUT", "roles/intern", {"level": 5, "title": TITLE})
    assert read(defined) == {"version": before + 1}
    assert defined.headers["ETag"] == f'"{before + 1}"'
    assert "Daybook-Token" in defined.headers
    allowed = {"allowances": [{"scope": "own", "clearance": "internal"}], "reason": "They ask"}
    await policy.change("PUT", "roles/intern/permissions/customer:read", allowed)
    await policy.change("PUT", "roles/intern/parents/viewer")
    intern = read(await policy.client.get("/v1/roles/intern"))
    assert intern["permissions"] == {"customer:read": allowed["allowances"]}
    assert (intern["parents"], intern["level"], intern["effective_level"]) == (["viewer"], 5, 10)
    looped = await policy.change("PUT", "roles/viewer/parents/intern")
    assert_problem(looped, 409, "role-cycle", field="parent")
    assert (await policy.change("DELETE", "roles/intern/parents/viewer")).status_code == 200
    assert (await policy.change("POST", "roles/intern/retire")).status_code == 200
    assert "intern" not in await policy.names("roles?page_size=200")
    assert "intern" in await policy.names("roles?page_size=200&retired=true")
    assert (await policy.change("POST", "roles/intern/reinstate")).status_code == 200
    assert await policy.names("roles?permission=customer:export") == ["sales_manager"]
    assert_problem(
        await policy.client.get("/v1/roles/nothing"), 404, "role-not-found", field="role"
    )


async def test_a_change_says_which_policy_it_was_made_from(desk: Desk) -> None:
    erin, body = desk.client("erin"), {"level": 5, "title": "Blind"}
    unread = await erin.put("/v1/roles/blind", json=body)
    assert_problem(unread, 428, "version-required", field="If-Match")
    stale = await erin.put("/v1/roles/blind", json=body, headers=if_match(1))
    assert_problem(stale, 412, "version-conflict", field="If-Match")
    key = {"Idempotency-Key": "sent-twice", **if_match(await Policy(erin).version())}
    first = await erin.put("/v1/roles/twice", json=body, headers=key)
    again = await erin.put("/v1/roles/twice", json=body, headers=key)
    assert read(first) == read(again)
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_field_is_classed_anew_and_two_things_are_kept_apart(desk: Desk) -> None:
    policy = Policy(desk.client("erin"))
    secret = {"data_class": "restricted", "otherwise": "omit"}
    assert (await policy.change("PUT", "data-classes/customer/name", secret)).status_code == 200
    listed = read(await policy.client.get("/v1/data-classes?resource_type=customer&page_size=200"))
    named = {one["field"]: one for one in listed["items"]}
    assert named["name"] == {"resource_type": "customer", "field": "name", **secret}
    assert (await policy.change("DELETE", "data-classes/customer/name")).status_code == 200
    rule = {"kind": "static", "first": ["finance"], "second": ["support_agent"]}
    assert (await policy.change("PUT", "sod-rules/till", rule)).status_code == 200
    assert "till" in await policy.names("sod-rules")
    held = {"kind": "static", "first": ["crm_admin"], "second": ["permission_admin"]}
    refused = await policy.change("PUT", "sod-rules/held", held)
    assert_problem(refused, 409, "separation-of-duties", field="role")
    alone = await policy.change("DELETE", "sod-rules/till")
    assert_problem(alone, 403, "needs-second-person", field="policy")
    assert alone.json()["fix"].startswith("write this change as a policy file; ")
    gone = await policy.change("DELETE", "sod-rules/none")
    assert_problem(gone, 404, "sod-rule-not-found", field="rule")


async def test_a_list_is_read_page_by_page_and_a_token_is_of_its_query(desk: Desk) -> None:
    dave = desk.client("dave")
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        asked = {"page_size": 7} | ({"page_token": token} if token else {})
        page = read(await dave.get("/v1/permissions", params=asked))
        found += [one["name"] for one in page["items"]]
        token = page["next_page_token"]
        elsewhere = await dave.get("/v1/roles", params={"page_token": token or "x"})
        assert elsewhere.status_code == 422
    assert found == sorted(found)
    assert "customer:read" in found


async def test_a_team_is_formed_renamed_and_dissolved_when_nobody_is_in_it(desk: Desk) -> None:
    erin = desk.client("erin")
    key = {"Idempotency-Key": "night"}
    formed = await erin.post("/v1/teams", json={"title": "Night shift"}, headers=key)
    again = await erin.post("/v1/teams", json={"title": "Night shift"}, headers=key)
    assert (formed.status_code, read(formed)) == (201, read(again))
    where = formed.headers["Location"]
    renamed = await erin.post(f"{where}/rename", json={"title": TITLE}, headers=if_match(1))
    assert read(renamed) == {"version": 2}
    shown = read(await erin.get(where))
    assert shown == {"id": read(formed)["id"], "title": TITLE, "members": [], "version": 2}
    teams = {one["title"]["en"]: one for one in read(await erin.get("/v1/teams"))["items"]}
    assert teams["Sales north"]["members"] == 4
    sales = f"/v1/teams/{teams['Sales north']['id']}"
    assert len(read(await erin.get(sales))["members"]) == 4
    looks = {"subject_id": IDS["oscar"], "permission": "team:read", "scope": "all"}
    looks |= {"clearance": "internal", "reason": "He reads about nobody in them"}
    assert (await erin.post("/v1/grants", json=looks)).status_code == 200
    await learn(desk)
    assert read(await desk.client("oscar").get(sales))["members"] == []
    full = await erin.post(f"{sales}/dissolve", headers=if_match(1))
    assert_problem(full, 409, "team-has-members")
    assert (await erin.post(f"{where}/dissolve", headers=if_match(2))).status_code == 200
    assert_problem(await erin.get(where), 404, "team-not-found", field="team_id")
