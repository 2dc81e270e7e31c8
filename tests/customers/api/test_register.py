"""POST /v1/customers."""

from uuid import UUID

import httpx
import pytest

from tests.customers.api.asking import (
    ADA,
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    read,
)
from tests.ground.house import House

PATH = "/v1/customers"


async def refused(house: House, body: Json) -> Json:
    """Register what cannot be registered; return the problem."""
    answer = await house.client("alice").post(PATH, json=body)
    return assert_problem(answer, 422, "invalid-input", field=answer.json().get("field"))


class TestRegisterCustomer:
    async def test_nobody_registers_a_customer_without_signing_in(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().post(PATH, json=ADA))

    @pytest.mark.parametrize("person", ["carol", "dave", "erin", "oscar", "petra", "billing"])
    async def test_only_sales_registers_customers(self, house: House, person: str) -> None:
        assert_not_permitted(await house.client(person).post(PATH, json=ADA))

    async def test_who_may_not_register_learns_nothing_about_the_body(self, house: House) -> None:
        assert_not_permitted(await house.client("dave").post(PATH, content=b"{"))

    async def test_the_same_key_and_body_register_one_customer(self, house: House) -> None:
        alice = house.client("alice")
        first = await alice.post(PATH, json=ADA, headers={"Idempotency-Key": "ada-1"})
        again = await alice.post(PATH, json=ADA, headers={"Idempotency-Key": "ada-1"})
        assert (again.status_code, again.content) == (201, first.content)
        for name in ("Location", "ETag", "Daybook-Token"):
            assert again.headers[name] == first.headers[name]
        assert again.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers

    async def test_the_same_key_with_another_body_is_refused(self, house: House) -> None:
        alice = house.client("alice")
        key = {"Idempotency-Key": "ada-2"}
        await alice.post(PATH, json=ADA, headers=key)
        answer = await alice.post(PATH, json=ADA | {"name": "Ada King"}, headers=key)
        assert_problem(answer, 422, "idempotency-key-reused", field="Idempotency-Key")

    async def test_a_body_that_is_not_said_to_be_json_is_refused(self, house: House) -> None:
        answer = await house.client("alice").post(PATH, data={"name": "Ada"})
        assert_problem(answer, 422, "wrong-content-type", field="Content-Type")

    @pytest.mark.parametrize("missing", ["kind", "name"])
    async def test_what_is_missing_is_named(self, house: House, missing: str) -> None:
        body = {name: value for name, value in ADA.items() if name != missing}
        assert (await refused(house, body))["field"] == missing

    async def test_everything_that_is_wrong_is_said_at_once(self, house: House) -> None:
        problem = await refused(house, {"kind": "cat", "name": "", "emails": ["no"], "vat": 1})
        assert [one["field"] for one in problem["errors"]] == [
            "kind",
            "name",
            "emails[0].address",
            "vat",
        ]
        assert all(one["problem"] and one["fix"] for one in problem["errors"])

    async def test_an_address_that_is_listed_twice_is_refused(self, house: House) -> None:
        body = ADA | {"emails": ["ada@work.example", "Ada@Work.example"]}
        answer = await house.client("alice").post(PATH, json=body)
        assert_problem(answer, 409, "email-already-listed", field="emails")

    async def test_more_addresses_than_allowed_are_refused(self, house: House) -> None:
        body = ADA | {"emails": [f"ada{n}@work.example" for n in range(51)]}
        assert (await refused(house, body))["field"] == "emails"

    @pytest.mark.parametrize("person", ["alice", "leo", "wang", "bob"])
    async def test_sales_registers_customers(self, house: House, person: str) -> None:
        answer = await house.client(person).post(PATH, json=ADA)
        assert answer.status_code == 201

    async def test_a_registered_customer_is_told_with_its_place_and_version(
        self, house: House
    ) -> None:
        answer = await house.client("alice").post(PATH, json=ADA)
        customer = read(answer)
        email_id = customer["emails"][0]["id"]
        assert customer == {
            "id": str(UUID(customer["id"])),
            "kind": "person",
            "name": "Ada Lovelace",
            "emails": [{"id": str(UUID(email_id)), "address": "ada@work.example", "type": None}],
            "phones": [],
            "addresses": [],
            "primary_email": email_id,
            "primary_phone": None,
            "primary_address": None,
            "tags": [],
            "stage": "lead",
            "owner": None,
            "custom": {},
            "archived": False,
            "links": [],
            "legal_hold": False,
            "withdrawn": False,
            "version": 1,
        }
        assert answer.headers["Location"] == f"/v1/customers/{customer['id']}"
        assert answer.headers["ETag"] == '"1"'
        assert answer.headers["Daybook-Token"].startswith("customers:1:")
        assert answer.headers["cache-control"] == "no-store"

    async def test_a_registration_is_one_event_however_many_fields_it_has(
        self, house: House
    ) -> None:
        body = ADA | {"emails": [f"ada{n}@work.example" for n in range(50)]}
        answer = await house.client("alice").post(PATH, json=body)
        assert answer.status_code == 201
        assert len(read(answer)["emails"]) == 50
        assert await house.store.version_of(f"customer-{read(answer)['id']}") == 1

    async def test_addresses_may_be_left_out(self, house: House) -> None:
        body = {"kind": "organisation", "name": "Analytical Engines"}
        customer = read(await house.client("alice").post(PATH, json=body))
        assert (customer["kind"], customer["emails"]) == ("organisation", [])

    async def test_the_same_name_can_be_registered_twice(self, house: House) -> None:
        alice = house.client("alice")
        first, second = await alice.post(PATH, json=ADA), await alice.post(PATH, json=ADA)
        assert read(first)["id"] != read(second)["id"]

    async def test_where_the_answer_points_is_the_customer(self, house: House) -> None:
        alice = house.client("alice")
        registered: httpx.Response = await alice.post(PATH, json=ADA)
        found = await alice.get(registered.headers["Location"])
        assert found.content == registered.content
