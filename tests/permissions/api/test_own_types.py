"""Of what is about a person every answer is the route's: why, who, and what programs are told."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.customers.api.asking import read
from tests.ground.servers import Servers
from tests.permissions.api.desk import Desk
from tests.permissions.api.set_up import IDS, learn, set_up_desk

Json = dict[str, Any]

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEO, WANG, NOBODY = IDS["leo"], IDS["wang"], "018f0000-0000-7000-8000-0000000000ff"
PEOPLE: Final = ("alice", "leo", "bob", "carol", "dave", "erin", "oscar", "petra")
"""The people of the demo but Wang, who is suspended."""
NONE: Final = {"subject_id": LEO, "grant_id": NOBODY, "reason": "It is not there."}
NEW: Final = {"subject_id": LEO, "role": "no_such_role", "reason": "It is not there."}
OLD: Final = {"If-Match": '"999"'}
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Route:
    """What decides about Leo or Wang, and what is said to it; it changes nothing."""

    permission: str
    method: str
    path: str
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)
    of: str = LEO
    is_list: bool = False


ROUTES: Final = (
    Route("subject:read", "GET", f"/v1/subjects/{LEO}"),
    Route("subject:change", "POST", f"/v1/subjects/{LEO}/describe", {"display_name": "L"}, OLD),
    Route("grant:read", "GET", f"/v1/grants?subject_id={LEO}", is_list=True),
    Route("grant:request", "POST", "/v1/requests", NEW),
    Route("grant:give", "POST", "/v1/grants", NEW),
    Route("grant:revoke", "POST", "/v1/grants/revoke", NONE),
    Route("grant:approve", "POST", "/v1/approvals", NONE),
    Route("review:decide", "POST", "/v1/grants/review", NONE | {"verdict": "justified"}),
    Route("sod:except", "POST", f"/v1/subjects/{LEO}/sod-exceptions/withdraw", {"rule": "x"}, OLD),
    Route("finding:read", "GET", "/v1/findings?kind=outside_the_role", is_list=True),
    Route("leaver:read", "GET", f"/v1/leavers/{WANG}", of=WANG),
    Route("explanation:read", "POST", "/v1/explain", {"subject": LEO, "permission": "team:read"}),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as opened:
        desk = await set_up_desk(opened, servers)
        erin = desk.client("erin")
        found = {
            "subject_id": LEO, "permission": "customer:read", "scope": "own",
            "clearance": "internal", "reason": "His role gives it anyway.",
        }  # fmt: skip
        assert (await erin.post("/v1/grants", json=found)).status_code == 200
        path = f"/v1/subjects/{WANG}"
        version = {"If-Match": (await erin.get(path)).headers["ETag"]}
        gone = await erin.post(f"{path}/suspend", json={"reason": "away"}, headers=version)
        assert gone.status_code == 200, gone.text
        await learn(desk)
        yield desk


async def explained(desk: Desk, who: str, permission: str, record: str, **said: object) -> Json:
    body = {"permission": permission, "record": record, **said}
    return read(await desk.client(who).post("/v1/explain", json=body))


async def evaluated(desk: Desk, who: str, permission: str, record: str) -> bool:
    kind, _, action = permission.partition(":")
    body = {
        "subject": {"type": "user", "id": IDS[who]}, "action": {"name": action},
        "resource": {"type": kind, "id": record},
    }  # fmt: skip
    answer = read(await desk.client("erin").post("/access/v1/evaluation", json=body))
    return bool(answer["decision"])


async def lets_in(desk: Desk, who: str, its: Route) -> bool:
    asked = desk.client(who).request(its.method, its.path, json=its.body, headers=its.headers)
    answer = await asked
    assert answer.status_code < 500, answer.text
    if its.is_list:
        return answer.status_code == 200 and bool(answer.json()["items"])
    missing = {403, 404} if its.method == "GET" else {403}
    return answer.status_code not in missing


@pytest.mark.parametrize("its", ROUTES, ids=lambda its: its.permission)
async def test_explanations_and_programs_are_told_what_the_route_decides(
    desk: Desk, its: Route
) -> None:
    may = {who for who in PEOPLE if await lets_in(desk, who, its)}
    assert may, "somebody may"
    told = {who: await explained(desk, who, its.permission, its.of) for who in PEOPLE}
    assert {who for who in PEOPLE if told[who]["allowed"]} == may
    assert {told[who]["allowed"] for who in PEOPLE} <= {True, False}
    assert {who for who in PEOPLE if await evaluated(desk, who, its.permission, its.of)} == may
    asked = {"permission": its.permission, "record": its.of}
    who_may = read(await desk.client("dave").post("/v1/explain/who", json=asked))
    assert {IDS[who] for who in may} == {one["id"] for one in who_may["items"]} & set(
        map(IDS.get, PEOPLE)
    )
    kind, _, action = its.permission.partition(":")
    for who in ("alice", "bob", "dave"):
        body = {
            "subject": {"type": "user", "id": IDS[who]}, "action": {"name": action},
            "resource": {"type": kind},
        }  # fmt: skip
        found = await desk.client("erin").post("/access/v1/search/resource", json=body)
        assert (its.of in {one["id"] for one in read(found)["results"]}) == (who in may)


async def test_who_asked_for_it_may_not_approve_it_and_others_did_nothing(desk: Desk) -> None:
    wanted = {"subject_id": LEO, "role": "viewer", "reason": "He looks on."}
    asked = read(await desk.client("erin").post("/v1/requests", json=wanted))
    await learn(desk)
    for record in (LEO, asked["grant_id"]):
        mine = await explained(desk, "erin", "grant:approve", record)
        assert (mine["allowed"], mine["reason_code"]) == (False, "separation_of_duties")
        theirs = await explained(desk, "dave", "grant:approve", record, subject=IDS["bob"])
        assert theirs["allowed"], "Bob asked for nothing"
        assert theirs["record"]["owner"]["id"] == LEO
        assert not await evaluated(desk, "erin", "grant:approve", record)
        assert await evaluated(desk, "bob", "grant:approve", record)
    other = await explained(desk, "erin", "grant:approve", IDS["alice"])
    assert other["allowed"], "for Alice nobody asked"


async def test_of_the_past_nobody_is_said_to_have_done_what_is_not_known(desk: Desk) -> None:
    past = (desk.foundation.clock.now() - MICROSECOND).isoformat()
    told = await explained(desk, "dave", "grant:approve", LEO, subject=IDS["erin"], as_of=past)
    assert (told["allowed"], told["reason_code"]) == (None, "deeds_unknown")
    assert told["fixes"] == []
    assert told["record"]["known"] == "as_it_was"
    asks = await explained(desk, "dave", "grant:request", LEO, subject=IDS["erin"], as_of=past)
    assert asks["allowed"], "whoever asks did nothing before"


async def test_who_may_not_see_a_person_learns_nothing_of_who_reaches_them(desk: Desk) -> None:
    body = {
        "subject_id": IDS["oscar"], "permission": "explanation:read", "scope": "all",
        "clearance": "internal", "reason": "He helps whoever asks why.",
    }  # fmt: skip
    assert (await desk.client("erin").post("/v1/grants", json=body)).status_code == 200
    await learn(desk)
    for permission in ("subject:read", "grant:approve"):
        there, nowhere = [
            await explained(desk, "oscar", permission, one, subject=IDS["bob"])
            for one in (LEO, NOBODY)
        ]
        assert (there["allowed"], there["reason_code"]) == (None, "withheld")
        assert there["record"]["needs"][0] == "subject:read"
        assert _but_for_id(there) == _but_for_id(nowhere)
    own = [await explained(desk, "alice", "grant:read", one) for one in (LEO, NOBODY)]
    assert {one["reason_code"] for one in own} == {"out_of_scope"}
    assert _but_for_id(own[0]) == _but_for_id(own[1])


def _but_for_id(told: Json) -> Json:
    record = {name: value for name, value in told["record"].items() if name != "id"}
    return {**told, "record": record, "as_of": None}
