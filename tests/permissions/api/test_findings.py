"""A finding is read and mended over HTTP, by whoever may, exactly as it was seen."""

from contextlib import AsyncExitStack

from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.set_up import IDS, learn, set_up_desk


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
