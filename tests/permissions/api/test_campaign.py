"""The story of one access review, from its frozen scope to a signed report and rights that are so.

Nobody but time and the people in it moves it on: the clock is turned, and the worker looks.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc.errors import BadSignatureError

from services.permissions.application.deciding import deciding_on
from services.permissions.application.reviewing import ReviewWork
from services.permissions.storage.codec import CODEC
from shared.authorization.permissions import Permission
from shared.authorization.questions import Record
from shared.authorization.scopes import Clearance
from shared.testing.clock import NOON, TurnableClock
from tests.customers.api.asking import Json, assert_problem, read
from tests.ground.rights import FixedWorld
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.reviewing import assert_signed, decided, get, post, roles_of
from tests.permissions.api.set_up import IDS, learn, set_up_desk

Why = tuple[int, str, str | None]
"""Status, code and field of a refusal."""
NOT_YOURS: Why = (403, "not-your-item", "number")
NOT_HALTED: Why = (409, "review-not-halted", None)
UNDECIDED: Why = (409, "review-undecided", None)
OTHER_SILENCE: Why = (409, "other-silence", "silent")
UNREAD: Why = (428, "version-required", "If-Match")
NOT_PERMITTED: Why = (403, "not-permitted", None)
A_DAY = 86_400
INTERNAL = Clearance.INTERNAL.rank
ALICES = Record("customer", "c-1", IDS["alice"], INTERNAL)
LEOS = Record("customer", "c-2", IDS["leo"], INTERNAL)
NOBODYS = Record("customer", "c-3", None, INTERNAL)
ALICE, LEO, WANG, CAROL = 1, 2, 3, 4
"""The numbers of their items."""
BEFORE = {"alice": {"c-1", "c-2"}, "leo": {"c-1", "c-2"}, "wang": {"c-1", "c-2"},
          "carol": {"c-1", "c-2", "c-3"}}  # fmt: skip
AFTER = {"alice": {"c-1", "c-2"}, "leo": {"c-2"}, "wang": set[str](), "carol": set[str]()}


@dataclass(frozen=True, slots=True)
class Campaign:
    """A review of those who sell and those who help, and the days that pass in it."""

    desk: Desk
    clock: TurnableClock
    id: str

    async def on_day(self, day: float) -> None:
        """Let time pass up to this day, and a process that has just begun do what is due."""
        self.clock.turn(day * A_DAY - (self.clock.now() - NOON).total_seconds())
        await ReviewWork(deciding_on(self.desk.foundation)).do_all()

    async def seen(self, path: str = "", by: str = "erin") -> dict[str, Any]:
        answer = await get(self.desk, by, f"/{self.id}{path}")
        assert answer.status_code == 200, answer.text
        return read(answer)

    async def does(self, by: str, path: str, version: int | None = None, **said: Any) -> None:  # noqa: ANN401
        answer = await post(self.desk, by, f"/{self.id}{path}", version, **said)
        assert answer.status_code == 200, answer.text

    async def refused(
        self, by: str, path: str, why: Why, version: int | None = None, **said: Any  # noqa: ANN401
    ) -> None:  # fmt: skip
        answer = await post(self.desk, by, f"/{self.id}{path}", version, **said)
        assert_problem(answer, why[0], why[1], field=why[2])

    async def version(self) -> int:
        return int((await self.seen())["version"])

    async def reviewers(self) -> list[str]:
        return [one["reviewer"] for one in (await self.seen("/items"))["items"]]

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what happened in it, with what each event says."""
        events = await self.desk.foundation.store.load(f"review-{self.id}")
        read_ = await CODEC.decode(events, self.desk.foundation.keys)
        return [(type(one).__name__, one.model_dump(mode="json")) for one in read_ if one]

    async def who_reads_what(self) -> dict[str, set[str]]:
        """Return what each of the four may read, as it is decided now."""
        await learn(self.desk)
        decisions = self.desk.foundation.guard.decisions
        assert isinstance(decisions, FixedWorld)
        return {
            name: {
                record.id
                for record in (ALICES, LEOS, NOBODYS)
                if decisions.rights(name).may(Permission.CUSTOMERS_READ, record)
            }
            for name in BEFORE
        }


@pytest.fixture
async def campaign(servers: Servers) -> AsyncIterator[Campaign]:
    clock = TurnableClock()
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers, clock=clock)
        body: Json = {
            "title": "Who sells and who helps", "roles": ["sales_rep", "support_agent"],
            "due": "2026-03-12T12:00:00Z", "silence": "revoke", "most_percent": 25,
        }  # fmt: skip
        answer = await post(desk, "erin", "", **body)
        assert answer.status_code == 201, answer.text
        yield Campaign(desk, clock, read(answer)["id"])


async def test_a_review_goes_from_a_frozen_scope_to_a_signed_report_and_rights_that_are_so(
    campaign: Campaign,
) -> None:
    assert await campaign.who_reads_what() == BEFORE
    await _is_frozen(campaign)
    await _reminds(campaign)
    await _asks_somebody_above_a_silent_reviewer(campaign)
    await _stops_at_the_cap(campaign)
    await _is_decided_after_all(campaign)
    assert await campaign.who_reads_what() == BEFORE, "nothing changes before it is signed off"
    await _is_signed_off(campaign)
    assert await campaign.who_reads_what() == AFTER
    await _is_told_signed(campaign)


async def _is_frozen(campaign: Campaign) -> None:
    bob, erin = IDS["bob"], IDS["erin"]
    assert await campaign.reviewers() == [bob, bob, bob, erin]
    given: Json = {"subject_id": IDS["oscar"], "role": "sales_rep", "reason": "to help out"}
    answer = await campaign.desk.client("erin").post("/v1/grants", json=given)
    assert answer.status_code == 200, answer.text
    assert "sales_rep" in await roles_of(campaign.desk, "oscar")
    assert [one["subject"]["display_name"] for one in (await campaign.seen("/items"))["items"]] == [
        "Alice", "Leo", "Wang", "Carol",
    ]  # fmt: skip
    to_bob: Json = {"items": [CAROL], "to": bob, "reason": "he knows her work"}
    await campaign.does("erin", "/delegations", **to_bob)
    assert await campaign.reviewers() == [bob] * 4


async def _reminds(campaign: Campaign) -> None:
    await campaign.on_day(3.9)
    assert [name for name, _ in await campaign.told()][2:] == ["ItemDelegated"]
    await campaign.on_day(4)
    await campaign.does("bob", "/decisions", items=[decided(ALICE, "keep")])
    await campaign.on_day(6.4)
    reminded = [event for name, event in await campaign.told() if name == "ReviewersReminded"]
    assert [(one["part"], one["reviewers"]) for one in reminded] == [
        (50, [{"reviewer": IDS["bob"], "undecided": 4}]),
        (80, [{"reviewer": IDS["bob"], "undecided": 3}]),
    ]


async def _asks_somebody_above_a_silent_reviewer(campaign: Campaign) -> None:
    await campaign.on_day(8)
    bob, erin = IDS["bob"], IDS["erin"]
    assert await campaign.reviewers() == [bob, erin, erin, erin]
    seen = await campaign.seen()
    told = {"silent": 3, "most": 1, "ends": "2026-03-14T12:00:00Z"}
    assert (seen["announced"], seen["mine"], seen["state"]) == (told, 3, "open")
    too_late = [decided(WANG, "keep")]
    await campaign.refused("bob", "/decisions", NOT_YOURS, items=too_late)
    counted = await campaign.seen("/dry-run")
    assert (counted["silent"], counted["would_revoke"], counted["most"]) == (3, 3, 1)
    assert (counted["is_over_the_cap"], counted["is_halted"]) == (True, False)
    silence: Json = {"decision": "revoke", "silent": 3}
    version = await campaign.version()
    await campaign.refused("erin", "/silence", NOT_HALTED, version, **silence)
    await campaign.refused("erin", "/sign-off", UNDECIDED, version)


async def _stops_at_the_cap(campaign: Campaign) -> None:
    await campaign.on_day(9.9)
    assert (await campaign.seen())["state"] == "open"
    await campaign.on_day(10)
    await campaign.on_day(11)
    assert [event for name, event in await campaign.told() if name == "ReviewHalted"] == [
        {"silent": 3, "most": 1}
    ]
    seen = await campaign.seen()
    assert (seen["state"], seen["undecided"], seen["decisions"]) == ("halted", 3, {"keep": 1})
    assert await campaign.who_reads_what() == BEFORE


async def _is_decided_after_all(campaign: Campaign) -> None:
    own = decided(LEO, "reduce", scope="own")
    await campaign.does("erin", "/decisions", items=[own])
    back: Json = {"items": [CAROL], "to": IDS["bob"], "reason": "he promised to look now"}
    await campaign.does("erin", "/delegations", **back)
    await campaign.does("bob", "/decisions", items=[decided(CAROL, "revoke")])
    counted = await campaign.seen("/dry-run")
    assert (counted["silent"], counted["would_revoke"], counted["is_halted"]) == (1, 1, True)
    before: Json = {"decision": "revoke", "silent": 3}
    version = await campaign.version()
    await campaign.refused("erin", "/silence", OTHER_SILENCE, version, **before)
    unread: Json = {"decision": "revoke", "silent": 1}
    await campaign.refused("erin", "/silence", UNREAD, **unread)
    await campaign.refused("bob", "/silence", NOT_PERMITTED, version, **unread)
    await campaign.does("erin", "/silence", version, **unread)


async def _is_signed_off(campaign: Campaign) -> None:
    await campaign.does("erin", "/sign-off", await campaign.version())
    assert (await campaign.seen())["state"] == "signed_off"
    await campaign.on_day(11.5)
    assert (await campaign.seen())["state"] == "closed"
    roles = {name: await roles_of(campaign.desk, name) for name in BEFORE}
    assert ["sales_rep" in roles[name] for name in ("alice", "leo", "wang")] == [True, True, False]
    assert "support_agent" not in roles["carol"]


async def _is_told_signed(campaign: Campaign) -> None:
    key = read(await get(campaign.desk, "dave", "/key"))
    answer = await get(campaign.desk, "dave", f"/{campaign.id}/report")
    assert_signed(answer, key)
    report = read(answer)
    erin, bob = IDS["erin"], IDS["bob"]
    assert report["outcomes"] == {"kept": 1, "reduced": 1, "revoked": 2}
    assert [
        (one["decision"], one["decided_by"], one["by_silence"], one["outcome"])
        for one in report["items"]
    ] == [
        ("keep", bob, False, "kept"), ("reduce", erin, False, "reduced"),
        ("revoke", None, True, "revoked"), ("revoke", bob, False, "revoked"),
    ]  # fmt: skip
    assert [one.get("reason") for one in report["items"]] == [
        "as looked at", "as looked at", None, "as looked at",
    ]  # fmt: skip
    assert report["items"][LEO - 1]["reduced_to"] == {"scope": "own"}
    assert [(one["by"], one["to"], one["reason"]) for one in report["delegated"]] == [
        (erin, bob, "he knows her work"), (erin, bob, "he promised to look now"),
    ]  # fmt: skip
    assert (report["state"], report["signed_off_by"]) == ("closed", erin)
    answer._content = answer.content.replace(b'"kept"', b'"kepT"')  # noqa: SLF001 - a forger's
    with pytest.raises(BadSignatureError):
        assert_signed(answer, key)
