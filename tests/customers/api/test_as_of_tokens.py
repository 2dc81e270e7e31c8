"""?as_of= with a Daybook-Token: what had happened when its holder got it, of every customer."""

import pytest

from tests.customers.api.asking import Json, assert_problem, if_match, read, register
from tests.ground.house import House


async def told(house: House, customer: Json, name: str) -> tuple[Json, str]:
    """Rename a customer and return it with the token of the change."""
    answer = await house.client("alice").post(
        f"/v1/customers/{customer['id']}/rename",
        json={"name": name},
        headers=if_match(customer["version"]),
    )
    return read(answer), answer.headers["Daybook-Token"]


async def test_a_token_shows_each_customer_as_it_was_then(house: House) -> None:
    alice = house.client("alice")
    ada, bea = await register(alice, "Ada"), await register(alice, "Bea")
    ada_2, token = await told(house, ada, "Ada King")
    bea_2, later = await told(house, bea, "Bea King")
    await told(house, ada_2, "Ada Byron")
    for moment, of_ada, of_bea in ((token, ada_2, bea), (later, ada_2, bea_2)):
        for customer in (of_ada, of_bea):
            path, query = f"/v1/customers/{customer['id']}", {"as_of": moment}
            assert read(await alice.get(path, params=query)) == customer
            items = read(await alice.get(f"{path}/history", params=query))["items"]
            assert [item["version"] for item in items] == [*range(1, customer["version"] + 1)]
    both = f"permissions:7:0:99:99,{token},{later}"
    answer = await alice.get(f"/v1/customers/{bea['id']}", params={"as_of": both})
    assert read(answer) == bea_2


async def test_who_was_registered_later_was_not_there(house: House) -> None:
    alice = house.client("alice")
    _, token = await told(house, await register(alice), "Ada King")
    bea = await register(alice, "Bea")
    for path in (f"/v1/customers/{bea['id']}", f"/v1/customers/{bea['id']}/history"):
        answer = await alice.get(path, params={"as_of": token})
        assert_problem(answer, 404, "customer-not-found", field="as_of")


async def test_a_history_ends_at_the_version_asked_for(house: House) -> None:
    alice = house.client("alice")
    ada, _ = await told(house, await register(alice), "Ada King")
    path = f"/v1/customers/{ada['id']}/history"
    items = read(await alice.get(path, params={"version": 1}))["items"]
    assert [item["version"] for item in items] == [1]
    answer = await alice.get(path, params={"version": 3})
    assert_problem(answer, 404, "version-not-found", field="version")


async def test_a_token_from_before_a_restore_names_no_moment(house: House) -> None:
    alice = house.client("alice")
    ada = await register(alice)
    await house.caught_up()
    answer = await alice.get(f"/v1/customers/{ada['id']}", params={"as_of": "customers:0:1:1:1"})
    assert_problem(answer, 409, "token-of-earlier-epoch", field="as_of")


@pytest.mark.parametrize("given", ["billing:1:0:1:1", "customers:1:0:1", "a", "customers:1:0:1:1:"])
async def test_what_is_no_token_of_this_service_is_refused(house: House, given: str) -> None:
    alice = house.client("alice")
    ada = await register(alice)
    answer = await alice.get(f"/v1/customers/{ada['id']}", params={"as_of": given})
    assert_problem(answer, 422, "invalid-input", field="as_of")
