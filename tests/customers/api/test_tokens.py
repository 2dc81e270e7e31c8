"""The header Daybook-Token of a read, where it cannot be read."""

import pytest

from tests.customers.api.asking import assert_problem, register
from tests.ground.house import House

PATH = "/v1/customers"


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/history"])
@pytest.mark.parametrize(
    "token",
    ["x", "customers", "customers:1:2:3", "customers:1:2:3:4:5", "customers:-1:2:3:4", "::::",
     "customers:1:2:3:4;", "customers:a:b:c:d", "customers:1:2:3:" + "9" * 30, ":1:2:3:4",
     "customers: 1:2:3:4", "customers:1.0:2:3:4", "cust omers:1:2:3:4", "customers:1:2:3:0x4",
     ",".join(["customers:1:2:3:4"] * 33), "customers:1:2:3:4,x"],
)  # fmt: skip
async def test_what_is_no_token_is_refused(house: House, path: str, token: str) -> None:
    ada = await register(house.client("alice"))
    answer = await house.client("alice").get(
        PATH + path.format(id=ada["id"]), headers={"Daybook-Token": token}
    )
    assert_problem(answer, 422, "invalid-input", field="Daybook-Token")


@pytest.mark.parametrize("token", ["", ",", " , ,"])
async def test_an_empty_token_is_none(house: House, token: str) -> None:
    answer = await house.client("alice").get(PATH, headers={"Daybook-Token": token})
    assert answer.status_code == 200
