"""POST and DELETE /v1/customers/{id}/holds: as long as one stands, nobody is erased."""

from uuid import UUID

from tests.customers.api.asking import (
    NOBODY,
    assert_not_permitted,
    assert_problem,
    if_match,
    read,
    register,
)
from tests.ground.house import House

WHY, OVER = {"reason": "Case 4711 is before the court"}, {"reason": "Case 4711 is over"}
ERASE = {"reason": "asked-by-the-person"}


async def test_a_hold_forbids_the_erasure_until_it_is_released(house: House) -> None:
    ada, petra = await register(house.client("alice"), "Ada"), house.client("petra")
    path = f"/v1/customers/{ada['id']}"
    held = read(await petra.post(f"{path}/holds", json=WHY, headers=if_match(1)))
    assert held["legal_hold"]
    second = read(await petra.post(f"{path}/holds", json=WHY, headers=if_match(2)))
    [first, other] = read(await petra.get(f"{path}/holds"))["items"]
    assert (first["reason"], first["actor"]) == (WHY["reason"], other["actor"])

    refused = await petra.post(f"{path}/erasure", json=ERASE)
    assert_problem(refused, 409, "customer-under-legal-hold")
    assert refused.json()["who_can_help"] == "data protection"
    # Nothing was begun: neither stream nor ledger knows of it.
    assert_problem(await petra.get(f"{path}/erasure"), 404, "erasure-not-found")

    version = second["version"]
    for hold in (first, other):
        address = f"{path}/holds/{hold['id']}"
        released = read(
            await petra.request("DELETE", address, json=OVER, headers=if_match(version))
        )
        version = released["version"]
    assert not released["legal_hold"]
    assert read(await petra.get(f"{path}/holds"))["items"] == []
    assert (await petra.post(f"{path}/erasure", json=ERASE)).status_code == 202


async def test_only_data_protection_places_sees_and_releases_holds(house: House) -> None:
    ada, alice = await register(house.client("alice"), "Ada"), house.client("alice")
    path = f"/v1/customers/{ada['id']}/holds"
    assert_not_permitted(await alice.post(path, json=WHY, headers=if_match(1)))
    assert_not_permitted(await alice.get(path))
    assert_not_permitted(await alice.request("DELETE", f"{path}/{NOBODY}", json=OVER))


async def test_a_hold_that_is_not_there_is_not_released(house: House) -> None:
    ada, petra = await register(house.client("alice"), "Ada"), house.client("petra")
    path = f"/v1/customers/{ada['id']}/holds"
    answer = await petra.request("DELETE", f"{path}/{NOBODY}", json=OVER, headers=if_match(1))
    assert_problem(answer, 404, "hold-not-found", field="hold_id")
    await petra.post(f"/v1/customers/{ada['id']}/erasure", json=ERASE)
    version = (await house.reader.load(UUID(ada["id"]))).version
    answer = await petra.post(path, json=WHY, headers=if_match(version))
    assert_problem(answer, 409, "customer-erased")
