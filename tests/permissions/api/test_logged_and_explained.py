"""What lies on the log of a decision is what is explained as of its moment, whatever came since."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from random import Random
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import pytest_asyncio

from services.permissions.projections.incoming import CustomerAssigned, CustomerRegistered
from tests.customers.api.asking import read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk
from tests.permissions.customer_events import apply, came

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS, AT_ONCE = 8, 20
ACTIONS = ["read", "change", "export", "erase", "watch"]
SOME = ["alice", "leo", "wang", "bob", "carol", "oscar"]
CUSTOMERS = [f"018f0000-0000-7000-8000-00000000a{number:03}" for number in range(5)]
NOWHERE = "018f0000-0000-7000-8000-00000000afff"
LOG = "select data from records where type = 'DecisionRecorded' order by txid, position"


class Days:
    """Rights and customers change hands, and programs ask all the while."""

    def __init__(self, desk: Desk, dice: Random) -> None:
        self.desk = desk
        self.erin = desk.client("erin")
        self.dice = dice
        self.given: list[dict[str, str]] = []
        self.versions = dict.fromkeys(CUSTOMERS, 0)
        self.done: Counter[str] = Counter()

    async def change(self) -> None:
        """Let something happen that decides of somebody's rights, or nothing if it may not."""
        match self.dice.randrange(5):
            case 0 if self.given:
                one = self.given.pop(self.dice.randrange(len(self.given)))
                self._count("revoked", await self.erin.post("/v1/grants/revoke", json=one))
            case 1:
                await self._suspend_or_reinstate(f"/v1/subjects/{IDS[self.dice.choice(SOME)]}")
            case 2:
                await self.assign(self.dice.choice(CUSTOMERS))
            case _:
                await self._give()
        await learn(self.desk)

    async def assign(self, customer: str) -> None:
        """Let a customer come, or change hands."""
        owner, self.versions[customer] = IDS[self.dice.choice(SOME)], self.versions[customer] + 1
        what = CustomerAssigned(owner=UUID(owner)) if self.versions[customer] > 1 else (
            CustomerRegistered(kind="organisation", owner=UUID(owner))
        )  # fmt: skip
        at = self.desk.foundation.clock.now()
        await apply(self.desk.databases, [came(customer, self.versions[customer], at, what)])
        self.done["assigned"] += 1

    async def ask(self) -> None:
        """Let a program ask about many at once."""
        asked = [
            {
                "subject": {"type": "user", "id": IDS[self.dice.choice(SOME)]},
                "action": {"name": self.dice.choice(ACTIONS)},
                "resource": {"type": "customer", "id": self.dice.choice([*CUSTOMERS, NOWHERE])},
            }
            for _ in range(AT_ONCE)
        ]
        read(await self.erin.post("/access/v1/evaluations", json={"evaluations": asked}))

    async def log(self) -> list[dict[str, Any]]:
        """Return what lies on the log of it."""
        its = self.desk.foundation
        await its.records.close()
        every = [orjson.loads(row["data"]) for row in await its.truth.fetch(LOG)]
        return [one for one in every if one.get("asked_by") == IDS["erin"]]

    async def _give(self) -> None:
        given = {
            "subject_id": IDS[self.dice.choice(SOME)],
            "permission": f"customer:{self.dice.choice(ACTIONS)}",
            "scope": self.dice.choice(["own", "team", "all"]),
            "clearance": self.dice.choice(["public", "internal", "confidential"]),
            "effect": self.dice.choice(["allow", "allow", "deny"]),
            "reason": "The dice said so.",
        }
        answer = await self.erin.post("/v1/grants", json=given)
        self._count("given", answer)
        if answer.status_code == httpx.codes.OK:
            done = answer.json()
            self.given.append({name: done[name] for name in ("subject_id", "grant_id")})

    async def _suspend_or_reinstate(self, path: str) -> None:
        known = await self.erin.get(path)
        does = "suspend" if known.json()["life"] == "active" else "reinstate"
        version = {"If-Match": known.headers["ETag"]}
        said = {"reason": "The dice said so."}
        self._count(does, await self.erin.post(f"{path}/{does}", json=said, headers=version))

    def _count(self, what: str, answer: httpx.Response) -> None:
        self.done[what if answer.status_code == httpx.codes.OK else f"{what}: refused"] += 1


@pytest_asyncio.fixture(loop_scope="module")
async def days(servers: Servers, dice: Random) -> AsyncIterator[Days]:
    async with AsyncExitStack() as opened:
        yield Days(await set_up_desk(opened, servers, every_decision=True), dice)


async def test_what_was_decided_is_explained_as_of_its_moment_as_it_lies_on_the_log(
    days: Days,
) -> None:
    for customer in CUSTOMERS:
        await days.assign(customer)
    for _ in range(ROUNDS):
        await days.change()
        await days.ask()
    logged = await days.log()
    print(dict(days.done))  # noqa: T201 - pytest shows it when the test fails
    assert len(logged) == ROUNDS * AT_ONCE
    seen: Counter[str] = Counter()
    dave = days.desk.client("dave")
    for one in logged:
        asked = {
            "subject": one["subject"], "permission": one["permission"],
            "record": one["resource_id"],
        }  # fmt: skip
        then = read(await dave.post("/v1/explain", json=asked | {"as_of": one["decided_at"]}))
        assert (then["allowed"], then["reason_code"], then["epoch"], then["position"]) == (
            one["is_allowed"], one["code"], one["epoch"], one["position"],
        ), one  # fmt: skip
        by = then["by"] or {}
        assert (by.get("grant_id"), by.get("rule")) == (one.get("grant_id"), one.get("rule")), one
        now = read(await dave.post("/v1/explain", json=asked))
        seen[one["code"]] += 1
        seen["another answer now"] += now["reason_code"] != one["code"]
    assert {"allowed", "out_of_scope", "no_grant"} <= seen.keys(), seen
    assert seen["another answer now"] > 0, seen
