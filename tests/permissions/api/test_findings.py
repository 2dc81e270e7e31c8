"""A finding is read and mended over HTTP, by whoever may, exactly as it was seen."""

from contextlib import AsyncExitStack
from typing import Any

import httpx

from shared.testing.clock import TurnableClock
from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.set_up import IDS, learn, set_up_desk
from tests.permissions.decisions import NOON, tell_uses, told

A_HUNDRED_DAYS = 100 * 86_400


async def test_a_finding_is_mended_in_one_request_if_nothing_changed_since(
    servers: Servers,
) -> None:
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers)
        erin, dave = desk.client("erin"), desk.client("dave")
        given = {"subject_id": IDS["leo"], "permission": "customer:read", "reason": "to look"}
        given |= {"scope": "team", "clearance": "internal"}
        assert (await erin.post("/v1/grants", json=given)).status_code == 200
        page = read(await dave.get("/v1/findings", params={"kind": "outside_the_role"}))
        assert [one["kind"] for one in page["not_known"]] == ["unused"]
        (finding,) = page["items"]
        assert finding["because"]["is_covered_by_a_role"]
        assert finding["loses"] == []
        seen = await dave.get(f"/v1/findings/{finding['id']}")
        assert read(seen) == finding
        assert finding["subject"]["user_name"] == "leo"
        looks = {"subject_id": IDS["oscar"], "permission": "finding:read", "scope": "all"}
        looks |= {"clearance": "internal", "reason": "He helps, and reads about nobody"}
        assert (await erin.post("/v1/grants", json=looks)).status_code == 200
        await learn(desk)
        nameless = read(await desk.client("oscar").get(f"/v1/findings/{finding['id']}"))
        assert nameless["subject"] == {"id": IDS["leo"]}
        wang = f"/v1/subjects/{IDS['wang']}"
        at = {"If-Match": (await erin.get(wang)).headers["ETag"]}
        moved = await erin.post(f"{wang}/move", json={"department": "support"}, headers=at)
        assert moved.status_code == 200, moved.text
        for who, told in (("dave", {"department": "support", "teams": 1}), ("oscar", {})):
            asked = {"kind": "kept_after_a_move"}
            (kept,) = read(await desk.client(who).get("/v1/findings", params=asked))["items"]
            assert kept["because"] == told
        if_match = {"If-Match": seen.headers["ETag"]}
        where = finding["remedy"]["post"]
        assert (await dave.post(where, headers=if_match)).status_code == 403
        unseen = await erin.post(where)
        assert_problem(unseen, 428, "version-required", field="If-Match")
        more = given | {"permission": "customer:change", "scope": "own"}
        assert (await erin.post("/v1/grants", json=more)).status_code == 200
        late = await erin.post(where, headers=if_match)
        assert_problem(late, 412, "version-conflict", field="If-Match")
        newer = {"If-Match": (await erin.get(f"/v1/findings/{finding['id']}")).headers["ETag"]}
        assert (await erin.post(where, headers=newer)).status_code == 200
        gone = await erin.post(where, headers=newer)
        assert_problem(gone, 404, "finding-not-found", field="finding_id")
        wrong = await erin.get("/v1/findings", params={"kind": "unheard"})
        assert_problem(wrong, 422, "invalid-input", field="kind")
        assert (await desk.client("leo").get("/v1/findings")).status_code == 403


async def found(client: httpx.AsyncClient, kind: str, who: str) -> list[dict[str, Any]]:
    """Return what is found of this kind about somebody."""
    asked = {"kind": kind, "page_size": "100"}
    page = read(await client.get("/v1/findings", params=asked))
    assert page["not_known"] == []
    return [one for one in page["items"] if one["subject"]["id"] == IDS[who]]


async def test_each_kind_is_listed_and_mended_in_one_request(servers: Servers) -> None:
    clock = TurnableClock()
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers, clock=clock)
        erin = desk.client("erin")
        given = {"subject_id": IDS["leo"], "permission": "customer:read", "reason": "to look"}
        given |= {"scope": "team", "clearance": "internal"}
        assert (await erin.post("/v1/grants", json=given)).status_code == 200
        for who in ("wang", "carol", "petra"):
            path = f"/v1/subjects/{IDS[who]}"
            at = {"If-Match": (await erin.get(path)).headers["ETag"]}
            moved = await erin.post(f"{path}/move", json={"department": "it"}, headers=at)
            assert moved.status_code == 200, moved.text
        await tell_uses(desk.databases, "permissions", told(NOON, subject=IDS["dave"]))
        await tell_uses(desk.databases, "customers", told(NOON, subject=IDS["bob"]))
        clock.turn(A_HUNDRED_DAYS)
        for kind, who, why in (
            ("outside_the_role", "leo", {"is_covered_by_a_role": True}),
            ("wider_than_peers", "oscar", {"others": 4, "have_it": 0, "percent": 0}),
            ("kept_after_a_move", "wang", {"department": "it"}),
            ("unused", "alice", {"last_use": None, "days": 90}),
        ):
            (finding,) = await found(erin, kind, who)
            assert finding["because"].items() >= why.items()
            seen = await erin.get(f"/v1/findings/{finding['id']}")
            if_match = {"If-Match": seen.headers["ETag"]}
            mended = await erin.post(finding["remedy"]["post"], headers=if_match)
            assert mended.status_code == 200, (kind, mended.text)
            assert await found(erin, kind, who) == []
            asked = {"subject_id": IDS[who], "page_size": "100"}
            grants = read(await erin.get("/v1/grants", params=asked))["items"]
            ended = finding["grant"]["grant_id"]
            assert ended not in {one["id"] for one in grants if one["state"] == "in_force"}
