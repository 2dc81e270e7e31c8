"""A customer whose event the directory cannot apply waits; an operator retries or discards it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import orjson
import pytest

from services.customers.projections.directory import NAME as DIRECTORY
from shared.projecting.discards import read_discards
from tests.customers.api.asking import (
    Json,
    assert_problem,
    if_match,
    names_of,
    read,
    register,
    rename,
)
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Databases
from tests.ground.taking import PoisonedDirectory, new_taker, ordered, stream_of

ORDERS = "/v1/projections/directory/orders"
RENAMED = "CustomerRenamed"


@dataclass
class Ward:
    """A house with a directory that can be poisoned."""

    house: House
    directory: PoisonedDirectory

    async def register_and_poison(self) -> tuple[Json, Json]:
        """Register Ada and Bea and rename both; Ada's new name cannot be applied."""
        alice = self.house.client("alice")
        ada, bea = await register(alice, "Ada"), await register(alice, "Bea")
        self.directory.poison = {(ada["id"], RENAMED)}
        renamed = await rename(alice, ada, "Ada King"), await rename(alice, bea, "Bea King")
        await self.house.caught_up()
        return renamed

    async def give_ada_an_email(self, ada: Json) -> None:
        """Let something wait behind what is parked of her."""
        path, body = f"/v1/customers/{ada['id']}/emails", {"address": "ada@example.org"}
        answer = await self.house.client("alice").post(path, json=body, headers=if_match(2))
        assert answer.status_code == 200, answer.text
        await self.house.caught_up()

    async def order(self, **body: object) -> Json:
        """Place an order as the operator and return it when it has ended."""
        return await ordered(self.house, **body)

    async def parked(self) -> list[Json]:
        items: list[Json] = read(await self.house.client("oscar").get("/v1/parked"))["items"]
        return items

    async def acts(self) -> list[Json]:
        """Return the records of what operators did, oldest first."""
        rows = await self.house.ask("truth", "select data from records order by position")
        records = [orjson.loads(row["data"]) for row in rows]
        return [record for record in records if record.get("action")]


@pytest.fixture
async def ward(databases: Databases, broker: Broker) -> AsyncIterator[Ward]:
    """Return a house that runs, whose projector takes orders."""
    async with a_house(databases, broker.settings) as house:
        directory = PoisonedDirectory()
        house.directory = directory
        await house.start(runner=False)
        house.run(await house.new_runner())
        house.run(await new_taker(house))
        yield Ward(house, directory)


async def journey_of(client: httpx.AsyncClient, customer: Json) -> str:
    """Return how far the customer's last change is in the directory."""
    answer = read(await client.get(f"/v1/customers/{customer['id']}/journey"))
    state: str = answer["read_models"][0]["state"]
    return state


async def test_one_customer_waits_and_everybody_sees_that(ward: Ward) -> None:
    ada, bea = await ward.register_and_poison()
    alice = ward.house.client("alice")
    assert names_of(await alice.get("/v1/customers")) == ["Ada", "Bea King"]
    assert read(await alice.get(f"/v1/customers/{ada['id']}"))["name"] == "Ada King"
    assert [await journey_of(alice, each) for each in (ada, bea)] == ["parked", "arrived"]
    (item,) = await ward.parked()
    assert (item["stream"], item["type"], item["stream_version"]) == (
        stream_of(ada["id"]), RENAMED, 2,
    )  # fmt: skip
    assert (item["error"], item["events"], item["attempts"]) == ("ValueError", 1, 3)
    read_models = read(await ward.house.client("oscar").get("/v1/projections"))["items"]
    (listed,) = [model for model in read_models if model["name"] == DIRECTORY]
    assert listed["versions"][0]["parked"] == {"streams": 1, "events": 1}


async def test_a_retry_goes_as_far_as_it_can_and_says_where_it_stands_still(ward: Ward) -> None:
    ada, _ = await ward.register_and_poison()
    alice, stream = ward.house.client("alice"), stream_of(ada["id"])
    await ward.give_ada_an_email(ada)
    failed = await ward.order(kind="retry", stream=stream)
    assert failed["state"] == "failed"
    assert (await ward.parked())[0]["event_id"] in failed["error"]
    assert (await ward.parked())[0]["attempts"] == 6
    ward.directory.poison = {(ada["id"], "CustomerEmailAdded")}
    failed = await ward.order(kind="retry", stream=stream)
    assert "CustomerEmailAdded, version 3" in failed["error"]
    assert (await ward.parked())[0]["events"] == 1
    assert names_of(await alice.get("/v1/customers")) == ["Ada King", "Bea King"]
    ward.directory.poison = set()
    done = await ward.order(kind="retry", stream=stream)
    assert (done["state"], done["result"]) == ("done", {"applied": 1})
    assert await ward.parked() == []
    assert await ward.house.directory_rows() == await ward.house.fold_all()


async def test_after_a_retry_the_stream_flows_again(ward: Ward) -> None:
    ada, _ = await ward.register_and_poison()
    ward.directory.poison = set()
    assert (await ward.order(kind="retry", stream=stream_of(ada["id"])))["state"] == "done"
    await rename(ward.house.client("alice"), ada, "Ada Lovelace")
    await ward.house.caught_up()
    assert await ward.parked() == []
    assert await ward.house.directory_rows() == await ward.house.fold_all()


async def test_a_discarded_event_changes_nothing_and_what_follows_is_applied(ward: Ward) -> None:
    ada, _ = await ward.register_and_poison()
    stream = stream_of(ada["id"])
    await ward.give_ada_an_email(ada)
    event_id = (await ward.parked())[0]["event_id"]
    done = await ward.order(kind="discard", stream=stream, event_id=event_id, reason="bug 7")
    assert (done["state"], done["result"]) == ("done", {"applied": 2})
    row = (await ward.house.directory_rows())[0]
    assert (row.name, row.version, row.emails[0][1]) == ("Ada", 3, "ada@example.org")
    assert await ward.parked() == []
    act = (await ward.acts())[-1]
    assert (act["action"], act["target"]) == ("parked.discard", "directory")
    assert act["detail"] == {"stream": stream, "event_id": event_id, "reason": "bug 7"}
    truth = await ward.house.lanes(ward.house.databases.truth_dsn, "projector", 1)
    assert await read_discards(truth, "directory") == {event_id}
    assert await read_discards(truth, "another") == frozenset()


async def test_even_a_registration_can_be_discarded(ward: Ward) -> None:
    alice = ward.house.client("alice")
    ward.directory.poisons_all = True
    ada = await register(alice, "Ada")
    await ward.house.caught_up()
    event_id = (await ward.parked())[0]["event_id"]
    ward.directory.poisons_all = False
    stream = stream_of(ada["id"])
    done = await ward.order(kind="discard", stream=stream, event_id=event_id, reason="a test")
    assert (done["state"], done["result"]) == ("done", {"applied": 1})
    assert await ward.house.directory_rows() == []


async def test_every_order_is_recorded_before_it_is_done(ward: Ward) -> None:
    ada, _ = await ward.register_and_poison()
    headers = {"Idempotency-Key": "once"}
    body = {"kind": "retry", "stream": stream_of(ada["id"])}
    for _ in range(2):
        await ward.house.client("oscar").post(ORDERS, json=body, headers=headers)
    await ward.house.client("erin").post(ORDERS, json={"kind": "back"})
    assert [act["action"] for act in await ward.acts()] == ["parked.retry", "projections.back"]


async def test_what_is_not_parked_is_not_retried_or_discarded(ward: Ward) -> None:
    ada, bea = await ward.register_and_poison()
    oscar = ward.house.client("oscar")
    body = {"kind": "retry", "stream": stream_of(bea["id"])}
    assert_problem(await oscar.post(ORDERS, json=body), 404, "not-found", field="stream")
    body = {
        "kind": "discard", "stream": stream_of(ada["id"]), "event_id": bea["id"], "reason": "x",
    }  # fmt: skip
    answer = await oscar.post(ORDERS, json=body)
    assert_problem(answer, 409, "not-the-failed-event", field="event_id")
    assert await ward.acts() == []


async def test_an_erasure_overtakes_what_is_parked(ward: Ward) -> None:
    ada, _ = await ward.register_and_poison()
    house = ward.house
    await house.erasures.erase_customer(UUID(ada["id"]), actor="petra")
    await house.caught_up()
    assert await ward.parked() == []
    assert await house.directory_rows() == await house.fold_all()
    assert names_of(await house.client("alice").get("/v1/customers")) == [None, "Bea King"]


async def test_parked_streams_come_page_by_page(ward: Ward) -> None:
    alice, oscar = ward.house.client("alice"), ward.house.client("oscar")
    ward.directory.poisons_all = True
    ids = {(await register(alice, f"C{n}"))["id"] for n in range(5)}
    await ward.house.caught_up()
    found: list[str] = []
    token: str | None = None
    while True:
        params = {"page_size": "2", **({"page_token": token} if token else {})}
        page = read(await oscar.get("/v1/parked", params=params))
        found += [item["stream"] for item in page["items"]]
        token = page["next_page_token"]
        if token is None:
            break
    assert found == sorted(stream_of(i) for i in ids)
