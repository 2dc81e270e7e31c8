"""What is done in somebody else's name is theirs, and on record as the doing of who did it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import orjson
import pytest
import pytest_asyncio

from shared.clock import SystemClock
from shared.testing.waiting import until
from tests.customers.api.asking import Json, assert_problem, if_match, read
from tests.customers.shipped import IDS, Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.servers import Servers

ACTING = "018f0000-0000-7000-8000-0000000ac710"
ERIN, ALICE = IDS["erin"], IDS["alice"]
ADA: Json = {"kind": "person", "name": "Ada"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shipped(servers: Servers, broker: Broker) -> AsyncIterator[Shipped]:
    async with a_shipped_house(servers, broker) as its:
        yield its


@pytest.fixture
def acting(shipped: Shipped) -> httpx.AsyncClient:
    """Return Erin's client, who acts as Alice from now on for an hour."""
    now = SystemClock().now()
    shipped.happens(
        "erin", "ActingBegun", acting_id=ACTING, target=ALICE, level=100,
        since=now.isoformat(), until=(now + timedelta(hours=1)).isoformat(),
    )  # fmt: skip
    return as_alice(shipped)


def as_alice(shipped: Shipped, acting_id: str = ACTING) -> httpx.AsyncClient:
    client = shipped.house.client("erin")
    client.headers["Daybook-Acting-As"] = acting_id
    return client


async def test_what_is_made_belongs_to_whom_it_is_made_for_and_tells_who_made_it(
    shipped: Shipped, acting: httpx.AsyncClient
) -> None:
    made = read(await acting.post("/v1/customers", json=ADA))
    assert made["owner"] == ALICE
    path = f"/v1/customers/{made['id']}"
    alices = read(await shipped.house.client("alice").get(f"{path}/history"))["items"]
    assert [(one["actor"], one["acting_as"]) for one in alices] == [(ERIN, ALICE)]
    [event] = await shipped.house.ask(
        "truth", "select actor, connection from events where subject = $1", made["id"]
    )
    assert tuple(event) == (ERIN, f"acting-as-{ALICE}")
    await shipped.house.client("alice").post(
        f"{path}/rename", json={"name": "Ada L."}, headers=if_match(1)
    )
    alices = read(await shipped.house.client("alice").get(f"{path}/history"))["items"]
    assert (alices[1]["actor"], alices[1].get("acting_as")) == (ALICE, None)


async def test_nothing_is_reached_that_the_other_does_not_reach(
    shipped: Shipped, acting: httpx.AsyncClient
) -> None:
    carols = await shipped.customer("carol")
    path = f"/v1/customers/{carols['id']}"
    assert (await shipped.house.client("erin").get(path)).status_code == 200
    assert (await acting.get(path)).status_code == 404
    refused = await acting.post("/v1/imports", content=b"", headers={"Content-Type": "text/csv"})
    assert_problem(refused, 403, "not-permitted")


async def test_every_decision_is_told_with_both_however_ordinary(
    shipped: Shipped, acting: httpx.AsyncClient
) -> None:
    made = read(await acting.post("/v1/customers", json=ADA))
    for _ in range(3):
        assert (await acting.get(f"/v1/customers/{made['id']}")).status_code == 200

    async def told() -> list[Json]:
        rows = await shipped.house.ask(
            "truth", "select data, actor from records where type = 'DecisionRecorded'"
        )
        every = [{**orjson.loads(row["data"]), "by": row["actor"]} for row in rows]
        return [one for one in every if one.get("resource_id") == made["id"]]

    async def is_told() -> bool:
        return len([one for one in await told() if one["operation"] == "get_customer"]) == 3

    await until(is_told)
    assert {(one["subject"], one["actor"], one["by"]) for one in await told()} == {
        (ALICE, ERIN, ERIN)
    }


async def test_a_view_that_is_saved_so_is_the_others_own(
    shipped: Shipped, acting: httpx.AsyncClient
) -> None:
    view: Json = {"name": "Mine", "query": {"stage": "prospect"}, "columns": ["name"]}
    saved = read(await acting.post("/v1/views", json=view))
    assert saved["owner"] == ALICE
    alice, erin = shipped.house.client("alice"), shipped.house.client("erin")
    mine = read(await alice.get("/v1/views"))["items"]
    assert [one["id"] for one in mine] == [saved["id"]]
    assert read(await erin.get("/v1/views"))["items"] == []
    renamed = {**view, "name": "Renamed"}
    changed = await alice.put(
        f"/v1/views/{saved['id']}", json=renamed, headers=if_match(saved["version"])
    )
    assert changed.status_code == 200, changed.text


async def test_the_same_idempotency_key_is_another_one_in_somebody_elses_name(
    shipped: Shipped, acting: httpx.AsyncClient
) -> None:
    key = {"Idempotency-Key": "one-and-the-same"}
    own = read(await shipped.house.client("alice").post("/v1/customers", json=ADA, headers=key))
    first = read(await acting.post("/v1/customers", json=ADA, headers=key))
    again = read(await acting.post("/v1/customers", json=ADA, headers=key))
    assert own["id"] != first["id"] == again["id"]


@pytest.mark.parametrize("what", ["unknown", "another", "twice", "over", "ended", "gone"])
async def test_what_is_not_known_as_in_force_is_refused(
    shipped: Shipped, acting: httpx.AsyncClient, what: str
) -> None:
    path, client = "/v1/customers", acting
    match what:
        case "unknown":
            client = as_alice(shipped, "018f0000-0000-7000-8000-00000000dead")
        case "another":
            client = shipped.house.client("bob")
            client.headers["Daybook-Acting-As"] = ACTING
        case "twice":
            both = [("Daybook-Acting-As", ACTING), ("Daybook-Acting-As", ACTING)]
            client = shipped.house.client("erin")
            client.headers = httpx.Headers([*client.headers.items(), *both])
        case "over":
            now = SystemClock().now()
            told = {"target": ALICE, "level": 100, "since": now.isoformat()}
            shipped.happens("erin", "ActingBegun", acting_id="o", until=now.isoformat(), **told)
            client = as_alice(shipped, "o")
        case "ended":
            at = SystemClock().now().isoformat()
            shipped.happens("erin", "ActingEnded", acting_id=ACTING, at=at)
        case _:
            shipped.happens("erin", "SubjectSuspended")
            shipped.happens("erin", "SubjectReinstated")
    refused = assert_problem(
        await client.get(path), 403, "acting-not-in-force", field="Daybook-Acting-As"
    )
    assert "POST /v1/acting" in refused["fix"]
    await until(lambda: _is_on_record(shipped, IDS["bob"] if what == "another" else ERIN))


async def _is_on_record(shipped: Shipped, actor: str) -> bool:
    rows = await shipped.house.ask(
        "truth", "select data from records where type = 'RefusalRecorded' and actor = $1", actor
    )
    return any(orjson.loads(row["data"])["code"] == "acting-not-in-force" for row in rows)


async def test_nobody_acts_as_somebody_who_is_suspended(
    shipped: Shipped, acting: httpx.AsyncClient
) -> None:
    shipped.happens("alice", "SubjectSuspended")
    refused = await acting.get("/v1/customers")
    shipped.happens("alice", "SubjectReinstated")
    assert_problem(refused, 403, "not-permitted")
    assert refused.json()["reason"] == "inactive_subject"
