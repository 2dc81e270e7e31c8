"""Reviewers see when a right was last used, and the signed report says what they saw."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from tests.customers.api.asking import read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, set_up_desk
from tests.permissions.decisions import LEO, NOON, tell_uses, told

DUE = "2199-01-01T00:00:00Z"


@pytest.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        its = await set_up_desk(opened, servers)
        later = NOON + timedelta(days=2)
        await tell_uses(its.databases, "permissions", told(NOON, subject=IDS["dave"]))
        await tell_uses(
            its.databases, "customers",
            told(NOON - timedelta(days=9), subject=IDS["bob"]),
            told(later, permission="customer:change"), told(NOON, permission="customer:read"),
            told(later + timedelta(days=1), permission="policy:read"),
        )  # fmt: skip
        yield its


async def test_an_item_says_when_anything_that_its_grant_gives_was_last_used(desk: Desk) -> None:
    body = {"title": "Sellers", "roles": ["sales_rep"], "due": DUE}
    review = read(await desk.client("erin").post("/v1/reviews", json=body))["id"]
    page = read(await desk.client("bob").get(f"/v1/reviews/{review}/items"))
    hints = {item["subject"]["id"]: item["hints"] for item in page["items"]}
    used = (NOON + timedelta(days=2)).isoformat()
    assert hints[LEO]["last_use"] == used, "what another role gives is no use of this one"
    assert hints[IDS["alice"]]["last_use"] is None
    # Uses are known since the later of the two services told of its first.
    known = NOON.isoformat()
    assert hints[IDS["alice"]]["last_use_is"].startswith(f"not used since {known}")
    report = read(await desk.client("dave").get(f"/v1/reviews/{review}/report"))
    assert report["uses_known_since"] == NOON.isoformat().replace("+00:00", "Z")
    its = {item["subject"]: item.get("last_used") for item in report["items"]}
    assert its == {
        LEO: used.replace("+00:00", "Z"), IDS["alice"]: None, IDS["wang"]: None,
    }  # fmt: skip


async def test_findings_say_from_when_on_what_is_unused_is_found(desk: Desk) -> None:
    page = read(await desk.client("dave").get("/v1/findings", params={"kind": "unused"}))
    assert page["items"] == [], "no grant of this desk is ninety days old"
    (why,) = [one["why"] for one in page["not_known"]] or ["known"]
    assert why == "known" or (NOON + timedelta(days=90)).isoformat() in why
