"""/v1/customers/{id}/last-look and /v1/changed-customers."""

from uuid import UUID

import httpx
import pytest

from services.customers.application import last_looks
from services.customers.application.last_looks import LastLooks
from shared.authorization.people import DEMO_PEOPLE
from shared.projecting.holders import ErasedSubject
from shared.testing.clock import NOON
from tests.customers.api.asking import (
    NOBODY,
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
    register,
    rename,
)
from tests.ground.house import House


def path_of(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}/last-look"


async def look(client: httpx.AsyncClient, customer: Json, version: int) -> Json:
    answer = await client.put(path_of(customer), json={"version": version})
    assert answer.status_code == 200, answer.text
    return read(answer)


async def changed(client: httpx.AsyncClient, **query: object) -> tuple[list[Json], str | None]:
    page = read(await client.get("/v1/changed-customers", params=query))  # type: ignore[arg-type]
    return page["items"], page["next_page_token"]


class TestLastLook:
    async def test_who_may_not_see_the_past_keeps_no_look(self, house: House) -> None:
        ada = await register(house.client("alice"))
        body = {"version": 1}
        assert_not_signed_in(await house.anonymous().put(path_of(ada), json=body))
        assert_not_permitted(await house.client("billing").put(path_of(ada), json=body))
        assert_not_permitted(await house.client("oscar").get("/v1/changed-customers"))

    async def test_a_look_is_everybodys_own_and_only_grows(self, house: House) -> None:
        alice, bob = house.client("alice"), house.client("bob")
        ada = await rename(alice, await register(alice), "Ada King")
        assert read(await alice.get(path_of(ada)))["version"] is None
        first = await look(alice, ada, 2)
        assert first == {"customer_id": ada["id"], "version": 2, "looked_at": first["looked_at"]}
        assert (await look(alice, ada, 1))["version"] == 2
        assert read(await alice.get(path_of(ada)))["version"] == 2
        assert read(await bob.get(path_of(ada)))["version"] is None

    async def test_what_is_not_there_cannot_have_been_seen(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.put(path_of(ada), json={"version": 2})
        assert_problem(answer, 404, "version-not-found", field="version")
        nobody = f"/v1/customers/{NOBODY}/last-look"
        assert_problem(await alice.put(nobody, json={"version": 1}), 404, "customer-not-found")
        for wrong in (0, 2**53 + 1, "one", None):
            answer = await alice.put(path_of(ada), json={"version": wrong})
            assert_problem(answer, 422, "invalid-input", field="version")

    async def test_the_looks_at_an_erased_customer_are_gone_for_good(self, house: House) -> None:
        petra = house.client("petra")
        ada, bea = [await register(house.client("alice"), name) for name in ("Ada", "Bea")]
        await look(petra, ada, 1)
        await look(petra, bea, 1)
        await house.erasures.erase_customer(UUID(ada["id"]), actor="petra")
        truth = await house.lanes(house.databases.truth_dsn, "api", 1)
        holder = LastLooks(truth, house.clock)
        assert await holder.has_erased(ErasedSubject(ada["id"], 0, 1, 1, 1, NOON))
        rows = await house.ask("truth", "select customer_id from last_looks where customer_id ="
            " any($1::uuid[])", [ada["id"], bea["id"]])  # fmt: skip
        assert [str(row["customer_id"]) for row in rows] == [bea["id"]]
        answer = await petra.put(path_of(ada), json={"version": 1})
        assert_problem(answer, 409, "customer-erased")


class TestChangedCustomers:
    async def test_those_that_changed_since_are_listed_with_both_versions(
        self, house: House
    ) -> None:
        alice, leo = house.client("alice"), house.client("leo")
        ada, bea, cleo = [await register(alice, name) for name in ("Ada", "Bea", "Cleo")]
        for customer in (ada, bea):
            await look(leo, customer, 1)
        ada = await rename(alice, ada, "Ada King")
        await rename(alice, cleo, "Cleopatra")
        items, behind = await changed(leo)
        assert behind is None
        assert [(i["id"], i["seen_version"], i["version"]) for i in items] == [(ada["id"], 1, 2)]
        assert items[0]["changed_at"]
        await look(leo, ada, 2)
        assert await changed(leo) == ([], None)

    async def test_pages_show_each_once(self, house: House) -> None:
        alice, wang = house.client("alice"), house.client("wang")
        customers = [await register(alice, f"Customer {n}") for n in range(5)]
        for customer in customers:
            await look(wang, customer, 1)
            await rename(alice, customer, "Another name")
        seen: list[str] = []
        items, behind = await changed(wang, page_size=2)
        while behind is not None:
            seen += [item["id"] for item in items]
            items, behind = await changed(wang, page_size=2, page_token=behind)
        assert seen + [item["id"] for item in items] == [c["id"] for c in customers]

    async def test_a_page_compares_only_so_many_looks(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(last_looks, "MOST_COMPARED", 2)
        alice, dave = house.client("alice"), house.client("dave")
        customers = [await register(alice, f"Customer {n}") for n in range(5)]
        for customer in customers:
            await look(dave, customer, 1)
        await rename(alice, customers[3], "Another name")
        await rename(alice, customers[4], "Another name")
        items, behind = await changed(dave)
        pages = [[item["id"] for item in items]]
        while behind is not None:
            items, behind = await changed(dave, page_token=behind)
            pages.append([item["id"] for item in items])
        assert pages == [[], [customers[3]["id"]], [customers[4]["id"]]]

    async def test_ones_own_are_listed_also_if_one_never_looked(self, house: House) -> None:
        bob, subject = house.client("bob"), DEMO_PEOPLE["bob"].subject
        for name in ("Own 1", "Own 2", "Own 3"):
            answer = await bob.post(
                "/v1/customers", json={"kind": "person", "name": name, "owner": subject}
            )
            assert answer.status_code == 201, answer.text
        token = answer.headers["Daybook-Token"]
        await house.caught_up()
        page = read(await bob.get("/v1/changed-customers", params={"of": "owned"}))
        assert [item["seen_version"] for item in page["items"]] == [None, None, None]
        first, second, _ = page["items"]
        await look(bob, first, 1)
        items, behind = await changed(bob, of="owned", page_size=2)
        assert [item["id"] for item in items] == [second["id"]]
        last, end = await changed(bob, of="owned", page_size=2, page_token=behind)
        assert (len(last), end) == (1, None)
        waited = await bob.get("/v1/changed-customers?of=owned", headers={"Daybook-Token": token})
        assert len(read(waited)["items"]) == 2
        wrong = await bob.get("/v1/changed-customers?of=everybody")
        assert_problem(wrong, 422, "invalid-input", field="of")
        mixed = await bob.get("/v1/changed-customers", params={"page_token": behind or ""})
        assert_problem(mixed, 422, "page-token-of-another-query", field="page_token")
