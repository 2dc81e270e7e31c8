"""Reviews are started, decided, signed off and carried out over HTTP, and told to outsiders."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from services.permissions.application.deciding import deciding_on
from services.permissions.application.reviewing import ReviewWork
from services.permissions.domain.review.calendar import period_of, review_id_of
from services.permissions.domain.review.events import Every
from tests.customers.api.asking import assert_problem, read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.reviewing import assert_signed, decided, get, post, roles_of
from tests.permissions.api.set_up import IDS, set_up_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
DUE = "2199-01-01T00:00:00Z"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        its = await set_up_desk(opened, servers)
        workers = [ReviewWork(deciding_on(its.foundation)) for _ in "ab"]
        await asyncio.gather(*(worker.do_all() for worker in workers))
        yield its


@pytest_asyncio.fixture(loop_scope="module")
async def own_desk(servers: Servers) -> AsyncIterator[Desk]:
    """Return a desk whose rights a test may change: the others of this file count who has what."""
    async with AsyncExitStack() as opened:
        its = await set_up_desk(opened, servers)
        await ReviewWork(deciding_on(its.foundation)).do_all()
        yield its


async def started(desk: Desk, **said: Any) -> str:  # noqa: ANN401
    body = {"title": "Sellers", "roles": ["sales_rep"], "due": DUE} | said
    answer = await post(desk, "erin", "", **body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/reviews/{read(answer)['id']}"
    return str(read(answer)["id"])


async def test_two_processes_open_each_review_of_the_calendar_once(desk: Desk) -> None:
    there = read(await get(desk, "dave"))["items"]
    assert sorted(one["schedule"] for one in there if one["schedule"]) == ["critical", "high"]
    for one in there:
        events = await desk.foundation.store.load(f"review-{one['id']}")
        assert [event.type for event in events] == ["ReviewStarted", "ItemsFrozen"]
        period: Every = "quarter" if one["schedule"] == "critical" else "half_year"
        assert one["period"] == period_of(period, desk.foundation.clock.now())
        assert one["id"] == str(review_id_of(one["schedule"], one["period"]))


async def test_an_item_without_a_reviewer_says_who_can_take_it_over(own_desk: Desk) -> None:
    (review,) = [
        one["id"]
        for one in read(await get(own_desk, "erin"))["items"]
        if one["schedule"] == "critical"
    ]
    items = read(await get(own_desk, "erin", f"/{review}/items"))["items"]
    alone = [item for item in items if item["reviewer"] is None]
    assert {item["subject"]["id"] for item in alone} == {IDS["erin"]}
    assert all(item["can_take_over"] and IDS["erin"] not in item["can_take_over"] for item in alone)
    assert not [item for item in items if item["reviewer"] and item["can_take_over"]]
    to = alone[0]["can_take_over"][0]
    body = {"items": [alone[0]["number"]], "to": to, "reason": "nobody above her"}
    handed = await post(own_desk, "erin", f"/{review}/delegations", **body)
    assert handed.status_code == 200, handed.text


async def test_a_reviewer_sees_what_is_theirs_to_decide_and_what_peers_have(desk: Desk) -> None:
    review = await started(desk)
    seen = read(await get(desk, "bob", f"/{review}"))
    assert (seen["items"], seen["undecided"], seen["mine"]) == (3, 3, 3)
    page = read(await get(desk, "bob", f"/{review}/items", page_size="2"))
    assert [item["subject"]["display_name"] for item in page["items"]] == ["Alice", "Leo"]
    hints = page["items"][0]["hints"]
    assert hints["same_department"] == {"others": 2, "have_it": 2, "percent": 100}
    assert (hints["last_use"], hints["last_use_is"][:10]) == (None, "not known:")
    token = page["next_page_token"]
    rest = read(await get(desk, "bob", f"/{review}/items", page_size="2", page_token=token))
    assert [item["number"] for item in rest["items"]] == [3]
    assert read(await get(desk, "dave", f"/{review}/items"))["items"][2]["number"] == 3
    assert (await get(desk, "alice", f"/{review}")).status_code == 403
    others = await started(desk, roles=["data_protection"])
    assert_problem(await get(desk, "bob", f"/{others}"), 404, "review-not-found", field="review_id")
    listed = [one["id"] for one in read(await get(desk, "bob"))["items"]]
    assert review in listed
    assert others not in listed
    assert others in [one["id"] for one in read(await get(desk, "erin"))["items"]]


async def test_what_is_signed_off_is_carried_out_once_by_two_processes_and_told_signed(
    own_desk: Desk,
) -> None:
    desk = own_desk
    review = await started(desk)
    items = [decided(1, "keep"), decided(2, "revoke"), decided(3, "reduce", scope="own")]
    refused = await post(desk, "erin", f"/{review}/decisions", items=items)
    assert_problem(refused, 403, "not-your-item", field="number")
    assert (await post(desk, "bob", f"/{review}/decisions", items=items)).status_code == 200
    assert "sales_rep" in await roles_of(desk, "leo")
    version = read(await get(desk, "erin", f"/{review}"))["version"]
    late = await post(desk, "erin", f"/{review}/sign-off", version - 1)
    assert_problem(late, 412, "version-conflict", field="If-Match")
    assert (await post(desk, "erin", f"/{review}/sign-off", version)).status_code == 200
    workers = [ReviewWork(deciding_on(desk.foundation)) for _ in "ab"]
    steps = await asyncio.gather(*(worker.do_all() for worker in workers))
    assert sum(steps) == 2  # What was decided, and that it is closed.
    assert "sales_rep" not in await roles_of(desk, "leo")
    answer = await get(desk, "dave", f"/{review}/report")
    report = read(answer)
    assert report["outcomes"] == {"kept": 1, "revoked": 1, "reduced": 1}
    assert [item["decided_by"] for item in report["items"]] == [IDS["bob"]] * 3
    assert report["items"][1]["reason"] == "as looked at"
    assert report["items"][1]["milliseconds_from_sign_off"] >= 0
    assert report["signed_off_by"] == IDS["erin"]
    assert_signed(answer, read(await get(desk, "dave", "/key")))
    again = await get(desk, "dave", f"/{review}/report")
    assert again.content == answer.content
    assert (await get(desk, "bob", f"/{review}/report")).status_code == 403
    closed = await post(desk, "bob", f"/{review}/decisions", items=items)
    assert_problem(closed, 409, "review-signed-off")
    told = await desk.foundation.store.load(f"subject-{IDS['leo']}")
    revoked = [event for event in told if event.type == "GrantRevoked"]
    assert [event.origin.actor for event in revoked] == [f"review-{review}"]
    assert IDS["bob"].encode() in revoked[0].data


async def test_silence_is_counted_before_it_counts(desk: Desk) -> None:
    review = await started(desk, silence="revoke", most_percent=40)
    looked = read(await get(desk, "erin", f"/{review}/dry-run"))
    sellers = looked["items"]
    assert (looked["would_revoke"], looked["is_over_the_cap"]) == (sellers, True)
    assert looked["most"] == sellers * 40 // 100
    version = read(await get(desk, "erin", f"/{review}"))["version"]
    early = await post(
        desk, "erin", f"/{review}/silence", version, decision="revoke", silent=sellers
    )
    assert_problem(early, 409, "review-not-halted")


async def test_delegated_is_to_somebody_who_may_and_never_back(desk: Desk) -> None:
    review = await started(desk)
    to: dict[str, Any] = {"items": [1], "reason": "on holiday"}
    back = await post(desk, "bob", f"/{review}/delegations", to=IDS["alice"], **to)
    assert_problem(back, 403, "not-for-yourself", field="to")
    unable = await post(desk, "bob", f"/{review}/delegations", to=IDS["oscar"], **to)
    assert_problem(unable, 409, "delegate-not-able", field="to")
    assert (
        await post(desk, "bob", f"/{review}/delegations", to=IDS["erin"], **to)
    ).status_code == 200
    mine = await post(desk, "erin", f"/{review}/decisions", items=[decided(1, "keep")])
    assert mine.status_code == 200
    both = await post(
        desk, "bob", f"/{review}/decisions", items=[decided(2, "keep"), decided(1, "keep")]
    )
    assert_problem(both, 403, "not-your-item", field="number")
    assert read(await get(desk, "erin", f"/{review}"))["decisions"] == {"keep": 1}
