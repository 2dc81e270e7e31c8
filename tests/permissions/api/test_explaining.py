"""Why, why not, who could help and who can reach it: now, and as it was at a moment."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from services.permissions.projections.incoming import CustomerAssigned, CustomerRegistered
from shared.authorization.world import World
from tests.customers.api.asking import assert_problem, read
from tests.ground.rights import FixedWorld
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import Desk, a_desk
from tests.permissions.api.set_up import CUSTOMS, IDS, files_at, learn
from tests.permissions.customer_events import apply, came
from tests.permissions.domain.files import DEFAULT, PEOPLE

Json = dict[str, Any]

pytestmark = pytest.mark.asyncio(loop_scope="module")

LANTERN, NOWHERE = (f"018f0000-0000-7000-8000-00000000000{one}" for one in (1, 2))
ALICE = UUID(IDS["alice"])
READ = "customer:read"
EXPLAINS = {
    "subject_id": IDS["oscar"], "permission": "explanation:read", "scope": "all",
    "clearance": "internal", "reason": "He helps whoever asks why.",
}  # fmt: skip
"""Oscar sees no customers."""
MICROSECOND = timedelta(microseconds=1)


class Story:
    """Lantern Works was Alice's, who is in Leo's team, and is Carol's, who is not."""

    def __init__(self, desk: Desk, was_alices: datetime, became_carols: datetime) -> None:
        self.desk = desk
        self.was_alices = was_alices
        self.became_carols = became_carols

    async def ask(self, who: str, path: str, **said: Any) -> httpx.Response:  # noqa: ANN401
        if isinstance(said.get("as_of"), datetime):
            said["as_of"] = said["as_of"].isoformat()
        return await self.desk.client(who).post(f"/v1/{path}", json={"permission": READ, **said})

    async def why(self, who: str, **said: Any) -> Json:  # noqa: ANN401
        return read(await self.ask(who, "explain", **said))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(servers: Servers) -> AsyncIterator[Story]:
    async with AsyncExitStack() as opened:
        databases = await opened.enter_async_context(new_databases(servers))
        desk = await opened.enter_async_context(a_desk(databases, FixedWorld(World())))
        files, _ = files_at(desk)
        await files.set_up([DEFAULT.read_text(), PEOPLE.read_text()], by=CUSTOMS)
        await learn(desk)
        given = await desk.client("erin").post("/v1/grants", json=EXPLAINS)
        assert given.status_code == 200, given.text
        await learn(desk)
        then = desk.foundation.clock.now()
        events = [
            came(LANTERN, 1, then, CustomerRegistered(kind="organisation", owner=ALICE)),
            came(LANTERN, 2, then + MICROSECOND, CustomerAssigned(owner=UUID(IDS["carol"]))),
        ]
        await apply(databases, events)
        yield Story(desk, then, then + MICROSECOND)


async def test_an_allowance_says_by_which_grant_of_which_role(story: Story) -> None:
    told = await story.why("dave", subject="carol", record=LANTERN)
    assert (told["allowed"], told["reason_code"]) == (True, "allowed")
    assert (told["by"]["role"], told["by"]["effect"]) == ("support_agent", "allow")
    assert told["subject"] == {"id": IDS["carol"], "name": "Carol"}
    assert told["record"] == {
        "type": "customer", "id": LANTERN, "known": "as_it_is",
        "owner": {"id": IDS["carol"], "name": "Carol"},
        "attributes": {"kind": "organisation", "stage": "lead", "archived": False},
    }  # fmt: skip
    assert told["fixes"] == []


async def test_a_refusal_says_the_nearest_miss_and_who_could_give_what_is_missing(
    story: Story,
) -> None:
    told = await story.why("dave", subject="leo", record=LANTERN)
    assert (told["allowed"], told["reason_code"]) == (False, "out_of_scope")
    assert told["reason"] == "This lies outside of what they may reach."
    assert "they can also request it" in told["who_can_help"]
    assert {one["misses"] for one in told["considered"]} == {"out_of_scope"}
    assert told["fixes"][0]["step"] == "give_role"
    assert told["fixes"][-1]["step"] == "give_permission"
    assert "permission_admin" in told["givers"]["roles"]
    assert {"id": IDS["erin"], "name": "Erin"} in told["givers"]["people"]


async def test_could_leo_read_lantern_works_then_and_why(story: Story) -> None:
    told = await story.why("dave", subject="leo", record=LANTERN, as_of=story.was_alices)
    assert (told["allowed"], told["by"]["role"]) == (True, "sales_rep")
    assert datetime.fromisoformat(told["as_of"]) == story.was_alices
    assert told["record"]["known"] == "as_it_was"
    assert told["record"]["owner"]["name"] == "Alice"
    after = await story.why("dave", subject="leo", record=LANTERN, as_of=story.became_carols)
    assert (after["allowed"], after["reason_code"]) == (False, "out_of_scope")
    assert after["who_can_help"].startswith("Nobody can change what was in force then")
    before = story.was_alices - MICROSECOND
    not_there = await story.why("dave", subject="carol", record=LANTERN, as_of=before)
    assert (not_there["allowed"], not_there["record"]["known"]) == (False, "not_known")
    early = datetime(2020, 1, 1, tzinfo=UTC)
    nobody = await story.why("dave", subject="leo", record=LANTERN, as_of=early)
    assert (nobody["reason_code"], nobody["position"]) == ("unknown_subject", 0)
    assert nobody["reason"] == "Daybook did not know this account then."
    assert nobody["who_can_help"].startswith("Nobody can change what was in force then")
    assert nobody["reason_zh"].startswith("当时")
    assert nobody["who_can_help_zh"].startswith("当时")


async def test_of_the_past_counts_what_was_given_then(story: Story) -> None:
    path, erin = f"/v1/subjects/{IDS['wang']}", story.desk.client("erin")
    version = {"If-Match": (await erin.get(path)).headers["ETag"]}
    suspended = await erin.post(f"{path}/suspend", json={"reason": "away"}, headers=version)
    assert suspended.status_code == 200, suspended.text
    await learn(story.desk)
    now = await story.why("dave", subject="wang", record=LANTERN)
    assert now["reason_code"] == "inactive_subject"
    then = await story.why("dave", subject="wang", record=LANTERN, as_of=story.was_alices)
    assert then["allowed"]
    assert then["position"] < now["position"]


async def test_who_can_reach_a_record_is_listed_now_and_then(story: Story) -> None:
    async def names(**said: Any) -> list[str]:  # noqa: ANN401
        found: list[str] = []
        token: str | None = None
        while token is not None or not found:
            answer = await story.ask("dave", "explain/who", page_size=2, page_token=token, **said)
            page = read(answer)
            assert len(page["items"]) <= 2
            found += [one["name"] for one in page["items"]]
            token = page["next_page_token"]
            if token is None:
                return found
        return found

    now = await names(record=LANTERN)
    then = await names(record=LANTERN, as_of=story.was_alices)
    assert "Leo" in then
    assert "Leo" not in now
    assert "Carol" in now
    assert set(now) <= {"Bob", "Carol", "Dave", "Erin", "Petra", "Billing"}


async def test_who_may_not_see_a_record_is_told_what_holds_whatever_it_is(story: Story) -> None:
    for said in ({}, {"as_of": story.became_carols}):
        for subject, allowed, code in (
            ("leo", None, "withheld"), ("carol", True, "allowed"), ("petra", True, "allowed"),
            ("oscar", False, "no_grant"),
        ):  # fmt: skip
            there = await story.why("oscar", subject=subject, record=LANTERN, **said)
            nowhere = await story.why("oscar", subject=subject, record=NOWHERE, **said)
            assert (there["allowed"], there["reason_code"]) == (allowed, code), subject
            assert _but_for_ids(there) == _but_for_ids(nowhere), subject
    told = await story.why("oscar", subject="leo", record=LANTERN)
    assert told["reason"] == "Whether it reaches this record is not yours to see."
    assert {one["misses"] for one in told["considered"]} == {"withheld"}
    assert told["fixes"] == [{"step": "ask_who_may_see_it"}]
    assert told["record"]["known"] == "withheld"
    assert told["record"]["needs"] == ["customer:read"]
    assert "auditor" in told["record"]["who_may_see"]["roles"]
    assert told["record"]["who_may_see"]["people"] == [], "whom Oscar may not see"
    past = await story.why("oscar", subject="leo", record=LANTERN, as_of=story.was_alices)
    assert past["record"]["needs"] == ["customer:read", "customer:history"]
    every = [await story.ask("oscar", "explain/who", record=one) for one in (LANTERN, NOWHERE)]
    there, nowhere = (read(one) for one in every)
    assert _but_for_ids(there) == _but_for_ids(nowhere)
    assert {IDS["carol"], IDS["dave"]} <= {one["id"] for one in there["items"]}
    assert {one["name"] for one in there["items"]} <= {None, "Billing", "Oscar"}


async def test_whoever_may_only_ask_of_themself_learns_nothing_of_what_they_do_not_reach(
    story: Story,
) -> None:
    there = await story.why("leo", record=LANTERN)
    nowhere = await story.why("leo", record=NOWHERE)
    assert there["record"]["known"] == "withheld"
    assert there["reason"] == "This lies outside of what you may reach."
    assert (there["allowed"], there["reason_code"]) == (False, "out_of_scope")
    assert there["fixes"][0]["step"] == "give_role"
    for helpers in (there["givers"], there["record"]["who_may_see"]):
        assert helpers["roles"]
        assert {one["name"] for one in helpers["people"]} <= {"Leo", "Bob"}, "whom Leo may see"
    assert _but_for_ids(there) == _but_for_ids(nowhere), "nor whether it is there, or whose"
    changes = [
        read(await story.ask("leo", "explain", permission="customer:change", record=one))
        for one in (LANTERN, NOWHERE)
    ]
    assert _but_for_ids(changes[0]) == _but_for_ids(changes[1])
    assert (await story.ask("leo", "explain", subject="carol")).status_code == 403
    assert (await story.ask("leo", "explain", subject="nobody")).status_code == 403
    assert (await story.ask("leo", "explain/who", record=LANTERN)).status_code == 403
    assert (await story.why("leo", subject="leo"))["allowed"], "customers at all"


async def test_of_the_past_counts_also_who_may_see_the_history(story: Story) -> None:
    """Alice sold Lantern Works: that it was hers she may not read in its history any more."""
    told = await story.why("alice", record=LANTERN, as_of=story.was_alices)
    assert (told["allowed"], told["record"]["known"]) == (None, "withheld")
    seen = await story.why("carol", record=LANTERN, as_of=story.was_alices)
    assert seen["record"]["owner"] == {"id": IDS["alice"], "name": None}, "whom Carol may not see"


async def test_what_cannot_be_asked_is_refused(story: Story) -> None:
    unknown = await story.ask("dave", "explain", subject="nobody at all")
    assert_problem(unknown, 404, "subject-not-found", field="subject")
    later = story.desk.foundation.clock.now() + timedelta(days=1)
    assert_problem(
        await story.ask("dave", "explain", subject="leo", as_of=later), 422, "invalid-input",
        field="as_of",
    )  # fmt: skip
    no_zone = await story.ask("dave", "explain", as_of="2026-03-03T12:00:00")
    body = assert_problem(no_zone, 422, "invalid-input", field="as_of")
    assert body["errors"][0] == {
        "field": "as_of", "problem": "says no time zone",
        "fix": "End it with Z or an offset, like +01:00.",
    }  # fmt: skip
    for given in ("noon", "2026-02-30T12:00:00Z", ["2026-03-03T12:00:00Z"]):
        answer = await story.ask("dave", "explain", as_of=given)
        body = assert_problem(answer, 422, "invalid-input", field="as_of")
        assert body["errors"][0]["fix"] == "Write it like 2026-12-24T18:00:00Z.", given


def _but_for_ids(told: Json) -> Json:
    its = {name: value for name, value in told.items() if name != "as_of"}
    return {**its, "record": {name: value for name, value in its["record"].items() if name != "id"}}
