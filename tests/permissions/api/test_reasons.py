"""Why something was done to somebody, and the ticket about it, is kept sealed, and told to few."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.permissions.storage.codec import CODEC
from shared.eventstore.rows import event_of
from tests.customers.api.asking import assert_problem, if_match, read
from tests.ground.servers import Servers
from tests.permissions.api.office import Office, an_office
from tests.permissions.api.set_up import IDS, learn

WHY = {"reason": "Stands in for a colleague", "ticket": "HR-4711"}


@pytest.fixture
async def office(servers: Servers) -> AsyncIterator[Office]:
    async with an_office(servers) as office:
        yield office


async def change(office: Office, whom: str, verb: str, body: Any = None) -> httpx.Response:  # noqa: ANN401
    """Let erin change somebody as she sees them now, with this body if any."""
    erin, path = office.desk.client("erin"), f"/v1/subjects/{IDS[whom]}"
    version = read(await erin.get(path))["version"]
    more = {} if body is None else {"json": body}
    done = await erin.post(f"{path}/{verb}", headers=if_match(version), **more)
    await learn(office.desk)
    return done


async def told(office: Office, subject_id: str) -> list[str]:
    """Return the events of somebody with a ticket, by type; none is in clear text."""
    its = office.desk.foundation
    rows = await its.truth.fetch(
        "select * from events where stream = $1 order by version", f"subject-{subject_id}"
    )
    assert not [row for row in rows if b"4711" in row["data"] or b"Stands in" in row["data"]]
    events = await CODEC.decode([event_of(row) for row in rows], its.keys)
    return [
        type(event).__name__
        for event in events
        if getattr(getattr(event, "personal", None), "ticket", None) == WHY["ticket"]
    ]


async def test_each_event_of_a_life_and_of_a_grant_keeps_why(office: Office) -> None:
    erin = office.desk.client("erin")
    joined = await erin.post("/v1/subjects", json={"display_name": "Nina", **WHY})
    assert await told(office, read(joined)["id"]) == ["SubjectJoined"]
    moves = {"move": {"department": "sales/south", **WHY}}
    for verb, body in {**moves, "suspend": WHY, "reinstate": WHY}.items():
        assert (await change(office, "leo", verb, body)).status_code == 200
    given = {
        "subject_id": IDS["leo"], "permission": "customer:read", "scope": "own",
        "clearance": "internal", "until": "2099-01-01T00:00:00Z", **WHY,
    }  # fmt: skip
    grant_id = read(await erin.post("/v1/grants", json=given))["grant_id"]
    of_it = {"subject_id": IDS["leo"], "grant_id": grant_id, **WHY}
    for verb, more in (
        ("extend", {"until": None}), ("reduce", {"clearance": "public"}), ("revoke", {}),
    ):  # fmt: skip
        done = await erin.post(f"/v1/grants/{verb}", json={**of_it, **more})
        assert done.status_code == 200, done.text
    assert (await change(office, "leo", "leave", WHY)).status_code == 200
    assert await told(office, IDS["leo"]) == [
        "SubjectMoved", "SubjectSuspended", "SubjectReinstated", "GrantGiven", "GrantExtended",
        "GrantReduced", "GrantRevoked", "SubjectLeft",
    ]  # fmt: skip


async def test_a_request_and_its_approval_keep_why_and_whoever_approves_sees_it(
    office: Office,
) -> None:
    alice, bob = office.desk.client("alice"), office.desk.client("bob")
    wanted = {"permission": "customer:read", "scope": "team", "clearance": "internal", **WHY}
    asked = read(await alice.post("/v1/requests", json=wanted))
    params = {"subject_id": IDS["alice"]}
    (waiting,) = read(await bob.get("/v1/requests", params=params))["items"]
    assert (waiting["reason"], waiting["ticket"]) == (WHY["reason"], WHY["ticket"])
    agreed = {"subject_id": IDS["alice"], "grant_id": asked["grant_id"], **WHY}
    assert (await bob.post("/v1/approvals", json=agreed)).status_code == 200
    assert await told(office, IDS["alice"]) == ["GrantRequested", "GrantApproved"]


async def test_a_leaver_page_says_why_to_whoever_sees_reasons_and_to_nobody_else(
    office: Office,
) -> None:
    assert (await change(office, "leo", "leave", WHY)).status_code == 200
    shown = await office.leaver("leo", "erin")
    assert {name: shown[name] for name in WHY} == WHY
    assert not WHY.keys() & (await office.leaver("leo", "dave")).keys()


async def test_nothing_need_be_said_but_a_ticket_goes_with_a_reason(office: Office) -> None:
    alone = await change(office, "leo", "suspend", {"ticket": "HR-4711"})
    assert_problem(alone, 422, "invalid-input", field="reason")
    misspelt = await change(office, "leo", "suspend", {"reson": "x"})
    assert misspelt.status_code == 422
    path = f"/v1/subjects/{IDS['leo']}/suspend"
    unsaid = await office.desk.client("erin").post(
        path, content=b'{"reason": "x"}', headers=if_match(1)
    )
    assert_problem(unsaid, 422, "wrong-content-type", field="Content-Type")
    assert (await change(office, "leo", "suspend")).status_code == 200
    assert "reason" not in await office.leaver("leo", "erin")


async def test_whoever_is_suspended_first_is_gone_for_what_was_said_in_the_end(
    office: Office,
) -> None:
    assert (await change(office, "leo", "suspend", {"reason": "A sign-in from afar"})).is_success
    assert (await change(office, "leo", "leave", WHY)).is_success
    shown = await office.leaver("leo", "erin")
    assert (shown["reason"], shown["ticket"]) == (WHY["reason"], WHY["ticket"])


async def test_an_empty_body_is_none_whatever_it_is_called(office: Office) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    erin, path = office.desk.client("erin"), f"/v1/subjects/{IDS['leo']}"
    version = read(await erin.get(path))["version"]
    done = await erin.post(f"{path}/suspend", content=b"", headers={**if_match(version), **form})
    assert done.status_code == 200, done.text
