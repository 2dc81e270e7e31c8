"""A destroyed subject key leaves everything standing; only who it was about is gone."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.customers.application.loading import LoadedCustomer
from services.customers.storage.codec import CODEC
from tests.customers.api.asking import (
    Json,
    assert_problem,
    if_match,
    names_of,
    read,
    register,
    rename,
    row_of,
)
from tests.ground.house import House
from tests.ground.rows import Row

PATH = "/v1/customers"
# Long and odd enough that no id and no ciphertext holds one by chance.
PERSONAL = ("Adelheid", "Lovelace", "Kingsley", "ada@work.example", "ada@home.example")


async def erase(house: House, customer: Json) -> str:
    """Destroy the key of a customer; return its reference."""
    event = (await house.store.load(f"customer-{customer['id']}"))[0]
    kid = CODEC.subject_of(event)
    assert kid is not None
    await house.keys.destroy([kid])
    return kid


async def erased_ada(house: House) -> Json:
    """Let Ada have a life of three versions, and destroy her key."""
    alice = house.client("alice")
    ada = await register(alice, "Adelheid Lovelace", "ada@work.example")
    ada = await rename(alice, ada, "Adelheid Kingsley")
    path = f"{PATH}/{ada['id']}/emails"
    ada = read(await alice.post(path, json={"address": "ada@home.example"}, headers=if_match(2)))
    await erase(house, ada)
    return ada


def assert_says_nobody(answer: httpx.Response) -> None:
    for personal in PERSONAL:
        assert personal not in answer.text


class TestReading:
    async def test_an_erased_customer_is_there_without_name_and_addresses(
        self, house: House
    ) -> None:
        ada = await erased_ada(house)
        answer = await house.client("alice").get(f"{PATH}/{ada['id']}")
        shown = read(answer)
        assert [shown[name] for name in ("id", "kind", "version")] == [ada["id"], "person", 3]
        left = {name for name, value in shown.items() if value}
        assert left == {"id", "kind", "stage", "version", "erased"}
        assert answer.headers["ETag"] == '"3"'

    async def test_no_version_and_no_moment_brings_the_name_back(self, house: House) -> None:
        ada = await erased_ada(house)
        steps = await house.reader.history(UUID(ada["id"]))
        queries: list[dict[str, str | int]] = [{"version": n} for n in (1, 2, 3)]
        queries += [{"as_of": step.recorded.recorded_at.isoformat()} for step in steps]
        for query in queries:
            answer = await house.client("alice").get(f"{PATH}/{ada['id']}", params=query)
            assert read(answer)["name"] is None
            assert read(answer)["erased"] is True
            assert_says_nobody(answer)

    async def test_the_history_still_says_who_did_what_when(self, house: House) -> None:
        ada = await erased_ada(house)
        answer = await house.client("dave").get(f"{PATH}/{ada['id']}/history")
        items = read(answer)["items"]
        assert [item["type"] for item in items] == [
            "CustomerRegistered",
            "CustomerRenamed",
            "CustomerEmailAdded",
        ]
        assert all(item["erased"] for item in items)
        assert all(item["actor"] and item["recorded_at"] for item in items)
        assert_says_nobody(answer)

    async def test_its_journey_and_its_events_are_still_there(self, house: House) -> None:
        await house.start()
        ada = await erased_ada(house)
        await house.caught_up()
        oscar = house.client("oscar")
        journey = read(await oscar.get(f"{PATH}/{ada['id']}/journey"))
        assert journey["version"] == 3
        query = {"topic": house.topic.name, "partition": str(journey["partition"])}
        items = read(await house.client("billing").get("/v1/feed", params=query))["items"]
        assert [item["version"] for item in items if item["subject"] == ada["id"]] == [1, 2, 3]

    async def test_its_key_is_gone_for_good(self, house: House) -> None:
        bea = await register(house.client("alice"), "Bea")
        kid = await erase(house, bea)
        answer = await house.client("billing").get(f"/v1/subject-keys/{kid}")
        assert_problem(answer, 410, "subject-key-destroyed")

    async def test_the_others_are_as_they_were(self, house: House) -> None:
        alice = house.client("alice")
        bea = await register(alice, "Bea", "bea@work.example")
        await erased_ada(house)
        assert read(await alice.get(f"{PATH}/{bea['id']}")) == bea
        changed = await rename(alice, bea, "Bea King")
        assert changed["emails"] == bea["emails"]


class TestChanging:
    async def test_every_change_is_refused_and_told_who_can_help(self, house: House) -> None:
        ada = await erased_ada(house)
        alice, path = house.client("alice"), f"{PATH}/{ada['id']}"
        answers = [
            await alice.post(f"{path}/rename", json={"name": "Eve"}, headers=if_match(3)),
            await alice.post(
                f"{path}/emails", json={"address": "e@e.example"}, headers=if_match(3)
            ),
            await alice.delete(f"{path}/emails/{ada['emails'][0]['id']}", headers=if_match(3)),
        ]
        for answer in answers:
            problem = assert_problem(answer, 409, "customer-erased")
            assert problem["who_can_help"] == "data protection"
            assert_says_nobody(answer)
        assert await house.store.version_of(f"customer-{ada['id']}") == 3

    async def test_a_change_that_meets_the_erasure_is_refused_too(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada")
        load = type(house.reader).load

        async def load_and_erase(reader: Any, *args: Any, **more: Any) -> LoadedCustomer:  # noqa: ANN401
            monkeypatch.setattr(type(house.reader), "load", load)
            loaded: LoadedCustomer = await load(reader, *args, **more)
            await erase(house, ada)
            return loaded

        monkeypatch.setattr(type(house.reader), "load", load_and_erase)
        answer = await alice.post(
            f"{PATH}/{ada['id']}/rename", json={"name": "Eve"}, headers=if_match(1)
        )
        assert_problem(answer, 409, "customer-erased")


class TestTheDirectory:
    async def test_it_can_be_rebuilt_from_nothing_and_shows_an_empty_row(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        bea = await register(alice, "Bea", "bea@work.example")
        ada = await erased_ada(house)
        await house.start()
        await house.caught_up()
        rows = await house.directory_rows()
        assert rows == await house.fold_all()
        assert Row(UUID(ada["id"]), "person", None, (), 3, is_erased=True) in rows
        everybody = await alice.get(PATH)
        assert names_of(everybody) == [None, "Bea"]
        assert read(everybody)["items"][0]["erased"] is True
        assert read(everybody)["items"][1] == row_of(bea)
        for text in ("adelheid", "king", "work.example"):
            found = names_of(await alice.get(PATH, params={"q": text}))
            assert None not in found

    async def test_nothing_personal_is_left_in_it(self, house: House) -> None:
        await erased_ada(house)
        await house.start()
        await house.caught_up()
        rows = await house.ask(
            "views",
            "select d::text || coalesce(t::text, '') as row from directory d"
            " left join directory_text t using (id)",
        )
        for personal in PERSONAL:
            assert personal.casefold() not in rows[0]["row"].casefold()

    async def test_an_event_that_is_applied_after_the_erasure_empties_the_row(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada", "ada@work.example")
        await house.start(runner=False)
        stop = asyncio.Event()
        first = asyncio.create_task((await house.new_runner()).run(stop))
        await house.caught_up()
        stop.set()
        await first
        assert [row.name for row in await house.directory_rows()] == ["Ada"]
        await rename(alice, ada, "Ada King")
        await erase(house, ada)
        house.run(house.runner)
        await house.caught_up()
        assert await house.directory_rows() == await house.fold_all()
        assert [row.name for row in await house.directory_rows()] == [None]

    async def test_pages_go_on_over_customers_without_a_name(self, house: House) -> None:
        alice = house.client("alice")
        for n in range(5):
            await erase(house, await register(alice, f"Ada {n}"))
        await register(alice, "Bea")
        await house.start()
        await house.caught_up()
        seen: list[Json] = []
        query: dict[str, str] = {"page_size": "2"}
        while True:
            page = read(await alice.get(PATH, params=query))
            seen += page["items"]
            if page["next_page_token"] is None:
                break
            query["page_token"] = page["next_page_token"]
        assert len({item["id"] for item in seen}) == len(seen) == 6
        assert [item["name"] for item in seen] == [None] * 5 + ["Bea"]
