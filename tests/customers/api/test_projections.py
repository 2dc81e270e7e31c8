"""/v1/projections: which read models there are, and orders to the projector."""

from uuid import uuid4

import pytest

from services.customers.projections.directory import NAME as DIRECTORY
from tests.customers.api.asking import (
    NOBODY,
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
)
from tests.ground.house import House

ORDERS = f"/v1/projections/{DIRECTORY}/orders"


class TestListProjections:
    async def test_nobody_lists_them_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().get("/v1/projections"))

    @pytest.mark.parametrize("person", ["alice", "bob", "carol", "dave", "petra", "billing"])
    async def test_who_may_not_operate_is_not_told(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).get("/v1/projections"))

    async def test_an_operator_sees_versions_and_orders(self, house: House) -> None:
        oscar = house.client("oscar")
        placed = read(await oscar.post(ORDERS, json={"kind": "back"}))
        item, daily = read(await oscar.get("/v1/projections"))["items"]
        assert daily["name"] == "activity_daily"
        assert item["name"] == DIRECTORY
        assert item["versions"][0]["version"] == 1
        assert item["orders"][0] == placed


class TestPlaceOrder:
    @pytest.mark.parametrize("person", ["erin", "oscar"])
    async def test_an_order_is_placed_and_can_be_asked_for(self, house: House, person: str) -> None:
        client = house.client(person)
        answer = await client.post(ORDERS, json={"kind": "drop", "version": 7})
        assert answer.status_code == 202
        order = read(answer)
        assert (order["kind"], order["state"]) == ("drop", "waiting")
        assert order["argument"] == {"version": 7}
        assert answer.headers["location"] == f"{ORDERS}/{order['id']}"
        assert read(await client.get(answer.headers["location"])) == order

    @pytest.mark.parametrize("kind", ["verify", "repair", "replay"])
    async def test_what_nobody_would_do_is_refused_and_not_left_waiting(
        self, house: House, kind: str
    ) -> None:
        asked = {"kind": kind, "stream": "customer-1", "streams": ["customer-1"]}
        answer = await house.client("oscar").post(
            "/v1/projections/activity_daily/orders", json=asked
        )
        assert_problem(answer, 422, "invalid-input", field="kind")

    async def test_the_same_key_is_the_same_order(self, house: House) -> None:
        oscar, headers = house.client("oscar"), {"Idempotency-Key": str(uuid4())}
        first, second = [
            read(await oscar.post(ORDERS, json={"kind": "back"}, headers=headers)) for _ in range(2)
        ]
        assert first == second
        other = await oscar.post(ORDERS, json={"kind": "drop", "version": 1}, headers=headers)
        assert_problem(other, 422, "idempotency-key-reused", field="Idempotency-Key")
        erins = read(
            await house.client("erin").post(ORDERS, json={"kind": "back"}, headers=headers)
        )
        assert erins["id"] != first["id"]

    async def test_a_second_rebuild_is_refused_until_the_first_is_done(self, house: House) -> None:
        oscar, headers = house.client("oscar"), {"Idempotency-Key": str(uuid4())}
        rebuild = {"kind": "rebuild"}
        first = read(await oscar.post(ORDERS, json=rebuild, headers=headers))
        assert read(await oscar.post(ORDERS, json=rebuild, headers=headers)) == first
        answer = await house.client("erin").post(ORDERS, json=rebuild)
        assert_problem(answer, 409, "rebuild-under-way")
        assert first["id"] in answer.json()["detail"]
        assert "projections list" in answer.json()["fix"]
        daily = await oscar.post("/v1/projections/activity_daily/orders", json=rebuild)
        assert daily.status_code == 202
        await house.ask("views", "update projection_orders set state = 'failed'")
        assert (await oscar.post(ORDERS, json=rebuild)).status_code == 202

    @pytest.mark.parametrize(
        "body",
        [{}, {"kind": "burn"}, {"kind": "drop"}, {"kind": "retry"}, {"kind": "discard"},
         {"kind": "discard", "stream": "s", "event_id": str(NOBODY)},
         {"kind": "drop", "version": 0},
         {"kind": "retry", "stream": ""}, {"kind": "repair", "streams": []},
         {"kind": "rebuild", "unknown": 1}],
        ids=str,
    )  # fmt: skip
    async def test_an_order_that_nobody_could_do_is_refused(self, house: House, body: Json) -> None:
        answer = await house.client("oscar").post(ORDERS, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["fix"]

    async def test_a_read_model_that_is_not_there_takes_no_orders(self, house: House) -> None:
        oscar = house.client("oscar")
        answer = await oscar.post("/v1/projections/other/orders", json={"kind": "back"})
        assert_problem(answer, 404, "not-found", field="name")
        assert_problem(await oscar.get(f"{ORDERS}/{NOBODY}"), 404, "not-found")
