"""Who turns all pages sees everybody who was there all the time, once, in order."""

from collections.abc import Iterable
from random import Random
from uuid import UUID

import pytest

from services.customers.domain.customer.commands import RegisterCustomer, RenameCustomer
from tests.customers.api.asking import Json, read
from tests.ground.house import House

PATH = "/v1/customers"


async def register_all(house: House, names: Iterable[str]) -> dict[str, str]:
    """Register people with these names; return name by id once the directory has them."""
    known = {}
    for name in names:
        outcome = await house.commands.register_customer(
            RegisterCustomer("person", name), actor="somebody", may=None
        )
        known[str(outcome.customer.id)] = name
    await house.caught_up()
    return known


async def turn_all_pages(house: House, size: int, **query: str) -> list[list[Json]]:
    alice = house.client("alice")
    pages: list[list[Json]] = []
    token: str | None = None
    while True:
        more = {} if token is None else {"page_token": token}
        page = read(await alice.get(PATH, params={**query, **more, "page_size": size}))
        pages.append(page["items"])
        token = page["next_page_token"]
        if token is None:
            return pages


@pytest.mark.parametrize("size", [1, 7, 30, 31, 200])
async def test_every_customer_is_on_one_page_whatever_its_size(house: House, size: int) -> None:
    await house.start()
    known = await register_all(house, [f"Name {n % 10:02}" for n in range(30)])
    pages = await turn_all_pages(house, size)
    items = [item for page in pages for item in page]
    assert {item["id"]: item["name"] for item in items} == known
    assert len(items) == len(known)
    names = [item["name"] for item in items]
    assert names == sorted(names)
    assert all(len(page) == size for page in pages[:-1])
    assert pages[-1] or len(pages) == 1


async def test_names_of_every_script_are_turned_without_loss(house: House) -> None:
    await house.start()
    names = ["İstanbul", "\u0131stanbul", "STRASSE", "straße", "Ὀδυσσεύς", "李", "👩‍🔬", "é",
             "e\u0301", "'", '"', "\\", "%", "_", "🤔" * 300, "ΐ" * 300, "ﬃ" * 300,
             "0", "null"]  # fmt: skip
    known = await register_all(house, names)
    items = [item for page in await turn_all_pages(house, 1) for item in page]
    assert {item["id"]: item["name"] for item in items} == known
    assert len(items) == len(names)


async def test_hundreds_of_rows_are_turned_while_rows_change(house: House, dice: Random) -> None:
    await house.start()
    known = await register_all(house, [f"{dice.randrange(100):02} {n}" for n in range(300)])
    moving = set(dice.sample(sorted(known), 60))
    alice = house.client("alice")
    seen: list[Json] = []
    token: str | None = None
    versions = dict.fromkeys(moving, 1)
    while True:
        more = {} if token is None else {"page_token": token}
        page = read(await alice.get(PATH, params={"page_size": 20, **more}))
        seen += page["items"]
        token = page["next_page_token"]
        if token is None:
            break
        for customer_id in dice.sample(sorted(moving), 10):
            renamed = RenameCustomer(f"{dice.randrange(100):02} moved")
            outcome = await house.commands.change_customer(
                UUID(customer_id), versions[customer_id], renamed, actor="somebody", may=None
            )
            versions[customer_id] = outcome.customer.version
        await house.commands.register_customer(
            RegisterCustomer("person", "50 new"), actor="somebody", may=None
        )
        await house.caught_up()
    stayed = [item for item in seen if item["id"] in known.keys() - moving]
    assert len(stayed) == 240
    assert {item["id"]: item["name"] for item in stayed} == {
        customer_id: name for customer_id, name in known.items() if customer_id not in moving
    }
    names = [item["name"] for item in seen]
    assert names == sorted(names)


async def test_a_page_goes_on_where_a_customer_was_that_left(house: House) -> None:
    await house.start()
    known = await register_all(house, [f"Name {n}" for n in range(6)])
    alice = house.client("alice")
    page = read(await alice.get(PATH, params={"page_size": 3}))
    last = page["items"][-1]
    await house.commands.change_customer(
        UUID(last["id"]), 1, RenameCustomer("Aaa"), actor="somebody", may=None
    )
    await house.caught_up()
    rest = read(
        await alice.get(PATH, params={"page_size": 10, "page_token": page["next_page_token"]})
    )
    assert [item["name"] for item in rest["items"]] == sorted(known.values())[3:]
