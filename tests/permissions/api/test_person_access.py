"""One page for security says what somebody may do, did and was refused, and shows its evidence."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest

from services.permissions.api.person_access import some
from services.permissions.application.comparing import Compared, Comparing
from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk
from tests.permissions.decisions import EVENT, LEO, NOON, counted, tell_uses, told


@pytest.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        yield await set_up_desk(opened, servers)


async def page_of(desk: Desk, who: str, whom: str = LEO) -> dict[str, Any]:
    answer = await desk.client(who).get(f"/v1/subjects/{whom}/access")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return read(answer)


async def test_each_right_has_its_grant_its_last_use_and_the_events_that_prove_them(
    desk: Desk,
) -> None:
    now = desk.foundation.clock.now()
    await tell_uses(
        desk.databases, "customers", counted(7, NOON, NOON, permission="customer:read"),
        told(now, permission="customer:export", is_allowed=False, code="no_grant"),
    )  # fmt: skip
    await tell_uses(desk.databases, "permissions", told(NOON, permission="customer:read"))
    page = await page_of(desk, "erin")
    rights = {one["permission"]: one for one in page["rights"]["items"]}
    read_customers = rights["customer:read"]
    assert (read_customers["times"], read_customers["last_use"]) == (8, NOON.isoformat())
    assert read_customers["used_evidence"]["event_id"] == EVENT
    ways = {way["role"]: way for way in read_customers["by"]["items"]}
    evidence = ways["sales_rep"]["evidence"]
    events = await desk.foundation.store.load(f"subject-{LEO}")
    assert evidence["event_id"] in [
        str(event.event_id) for event in events if event.type == "GrantGiven"
    ]
    assert rights["customer:register"]["last_use"] is None
    (refused,) = page["refusals"]["items"]
    assert (refused["permission"], refused["code"], refused["times"]) == (
        "customer:export", "no_grant", 1,
    )  # fmt: skip
    assert page["uses_known_since"] is not None
    assert {one["name"] for one in page["read_models"]} >= {"usage_customers", "usage_permissions"}
    assert (page["subject"]["id"], page["leaver"]) == (LEO, None)


async def test_denials_emergencies_requests_findings_and_owned_accounts_are_on_the_page(
    desk: Desk,
) -> None:
    erin = desk.client("erin")
    denial = {"subject_id": LEO, "permission": "customer:import", "effect": "deny", "reason": "no"}
    beside = {"subject_id": LEO, "permission": "customer:read", "scope": "own",
              "clearance": "internal", "reason": "to look"}  # fmt: skip
    for grant in (denial, beside):
        assert (await erin.post("/v1/grants", json=grant)).status_code == 200
    asked = {"permission": "customer:export", "reason": "a list"}
    assert (await desk.client("leo").post("/v1/requests", json=asked)).status_code in {200, 201}
    await learn(desk)
    page = await page_of(desk, "erin")
    assert [one["permission"] for one in page["denials"]["items"]] == ["customer:import"]
    assert page["denials"]["items"][0]["evidence"]["by"] == IDS["erin"]
    assert [one["permission"] for one in page["requests"]["items"]] == ["customer:export"]
    assert [one["kind"] for one in page["findings"]["items"]] == ["outside_the_role"]
    oscars = await page_of(desk, "erin", IDS["oscar"])
    assert IDS["billing"] in [one["id"] for one in oscars["service_accounts"]["items"]]


async def test_whoever_may_not_see_grants_sees_the_person_and_none_of_them(desk: Desk) -> None:
    page = await page_of(desk, "petra")
    assert [page[name] for name in ("rights", "denials", "requests", "refusals", "findings")] == [
        None
    ] * 5
    answer = await desk.client("alice").get(f"/v1/subjects/{LEO}/access")
    assert answer.status_code == 404, "whom one may not see is not there"
    nobody = await desk.client("erin").get(f"/v1/subjects/{EVENT}/access")
    assert_problem(nobody, 404, "subject-not-found", field="subject_id")


async def test_everybody_is_compared_only_for_whoever_may_see_findings(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[Comparing] = []
    now = Comparing.now

    async def counted(its: Comparing) -> Compared:
        compared.append(its)
        return await now(its)

    monkeypatch.setattr(Comparing, "now", counted)
    assert (await desk.client("alice").get(f"/v1/subjects/{LEO}/access")).status_code == 404
    await page_of(desk, "petra")
    assert compared == []
    await page_of(desk, "erin")
    assert len(compared) == 1


async def test_states_are_of_the_moment_of_asking(desk: Desk) -> None:
    before, after = [datetime.fromisoformat((await page_of(desk, "erin"))["at"]) for _ in range(2)]
    assert before < after, "also if nothing was decided meanwhile"


async def test_the_page_of_who_is_suspended_leads_to_the_counters_too(desk: Desk) -> None:
    erin, oscar = desk.client("erin"), IDS["oscar"]
    version = read(await erin.get(f"/v1/subjects/{oscar}"))["version"]
    done = await erin.post(
        f"/v1/subjects/{oscar}/suspend", headers={"If-Match": f'"{version}"'},
        json={"reason": "away"},
    )  # fmt: skip
    assert done.status_code == 200, done.text
    page = await page_of(desk, "erin", oscar)
    assert page["leaver"] == f"/v1/leavers/{oscar}"


async def test_who_left_still_has_a_page_that_leads_to_the_counters(desk: Desk) -> None:
    erin = desk.client("erin")
    version = read(await erin.get(f"/v1/subjects/{LEO}"))["version"]
    left = await erin.post(f"/v1/subjects/{LEO}/leave", headers={"If-Match": f'"{version}"'})
    assert left.status_code == 200, left.text
    page = await page_of(desk, "erin")
    assert (page["rights"]["items"], page["leaver"]) == ([], f"/v1/leavers/{LEO}")


def test_a_list_is_bounded_and_says_how_many_more_there_are() -> None:
    items = [{"n": number} for number in range(53)]
    assert (len(some(items)["items"]), some(items)["more"]) == (50, 3)
    assert some(items[:2]) == {"items": items[:2], "more": 0}
