"""POST /v1/customers/{id}/emails and DELETE /v1/customers/{id}/emails/{email_id}."""

import pytest

from tests.customers.api.asking import (
    NOBODY,
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    if_match,
    read,
    register,
)
from tests.ground.house import House

NEW = {"address": "ada@home.example"}


def path_of(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}/emails"


class TestAddCustomerEmail:
    async def test_nobody_adds_an_address_without_signing_in(self, house: House) -> None:
        ada = await register(house.client("alice"))
        answer = await house.anonymous().post(path_of(ada), json=NEW, headers=if_match(1))
        assert_not_signed_in(answer)

    @pytest.mark.parametrize("person", ["dave", "erin", "oscar", "petra", "billing"])
    async def test_who_may_not_change_customers_does_not(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client(person).post(path_of(ada), json=NEW, headers=if_match(1))
        assert_not_permitted(answer)

    async def test_who_is_not_there_gets_no_address(self, house: House) -> None:
        path = f"/v1/customers/{NOBODY}/emails"
        answer = await house.client("alice").post(path, json=NEW, headers=if_match(1))
        assert_problem(answer, 404, "customer-not-found")

    async def test_a_stale_version_is_refused(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        await alice.post(path_of(ada), json=NEW, headers=if_match(1))
        answer = await alice.post(
            path_of(ada), json={"address": "a@b.example"}, headers=if_match(1)
        )
        problem = assert_problem(answer, 412, "version-conflict", field="If-Match")
        assert problem["current_version"] == 2

    async def test_without_a_version_nothing_is_added(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.post(path_of(ada), json=NEW)
        assert_problem(answer, 428, "version-required", field="If-Match")

    async def test_repeating_with_the_same_key_adds_once(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        headers = if_match(1) | {"Idempotency-Key": f"add-{ada['id']}"}
        first = await alice.post(path_of(ada), json=NEW, headers=headers)
        again = await alice.post(path_of(ada), json=NEW, headers=headers)
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"

    @pytest.mark.parametrize("address", ["", "ada", "ada@", "a da@work.example", None, 7])
    async def test_what_is_no_address_is_refused(self, house: House, address: object) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.post(path_of(ada), json={"address": address}, headers=if_match(1))
        assert_problem(answer, 422, "invalid-input", field="address")

    async def test_an_address_that_is_listed_is_not_added_again(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada", "ada@home.example")
        body = {"address": "ADA@home.example"}
        answer = await alice.post(path_of(ada), json=body, headers=if_match(1))
        assert_problem(answer, 409, "email-already-listed", field="address")

    @pytest.mark.parametrize("person", ["alice", "bob", "carol"])
    async def test_an_added_address_has_an_id_and_comes_last(
        self, house: House, person: str
    ) -> None:
        ada = await register(house.client("alice"), "Ada", "ada@work.example")
        answer = await house.client(person).post(path_of(ada), json=NEW, headers=if_match(1))
        changed = read(answer)
        assert [email["address"] for email in changed["emails"]] == [
            "ada@work.example",
            "ada@home.example",
        ]
        assert changed["emails"][0] == ada["emails"][0]
        assert (changed["version"], answer.headers["ETag"]) == (2, '"2"')
        assert answer.headers["Daybook-Token"].startswith("customers:1:")


class TestRemoveCustomerEmail:
    async def test_nobody_removes_an_address_without_signing_in(self, house: House) -> None:
        ada = await register(house.client("alice"), "Ada", "ada@work.example")
        path = f"{path_of(ada)}/{ada['emails'][0]['id']}"
        assert_not_signed_in(await house.anonymous().delete(path, headers=if_match(1)))

    @pytest.mark.parametrize("person", ["dave", "erin", "oscar", "petra", "billing"])
    async def test_who_may_not_change_customers_does_not(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"), "Ada", "ada@work.example")
        path = f"{path_of(ada)}/{ada['emails'][0]['id']}"
        assert_not_permitted(await house.client(person).delete(path, headers=if_match(1)))

    async def test_who_is_not_there_loses_no_address(self, house: House) -> None:
        path = f"/v1/customers/{NOBODY}/emails/{NOBODY}"
        answer = await house.client("alice").delete(path, headers=if_match(1))
        assert_problem(answer, 404, "customer-not-found")

    async def test_an_address_that_is_not_there_cannot_be_removed(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.delete(f"{path_of(ada)}/{NOBODY}", headers=if_match(1))
        assert_problem(answer, 404, "email-not-found", field="email_id")

    async def test_the_address_of_somebody_else_cannot_be_removed(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada", "ada@work.example")
        bea = await register(alice, "Bea", "bea@work.example")
        path = f"{path_of(bea)}/{ada['emails'][0]['id']}"
        answer = await alice.delete(path, headers=if_match(1))
        assert_problem(answer, 404, "email-not-found", field="email_id")

    async def test_what_is_no_id_names_no_address(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.delete(f"{path_of(ada)}/ada@work.example", headers=if_match(1))
        assert_problem(answer, 404, "not-found", field="email_id")

    async def test_a_stale_version_is_refused(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada", "ada@work.example")
        await alice.post(path_of(ada), json=NEW, headers=if_match(1))
        path = f"{path_of(ada)}/{ada['emails'][0]['id']}"
        answer = await alice.delete(path, headers=if_match(1))
        assert_problem(answer, 412, "version-conflict", field="If-Match")

    async def test_without_a_version_nothing_is_removed(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada", "ada@work.example")
        answer = await alice.delete(f"{path_of(ada)}/{ada['emails'][0]['id']}")
        assert_problem(answer, 428, "version-required", field="If-Match")

    @pytest.mark.parametrize("person", ["alice", "bob", "carol"])
    async def test_a_removed_address_is_gone(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"), "Ada", "ada@work.example", "ada@home.example")
        path = f"{path_of(ada)}/{ada['emails'][0]['id']}"
        answer = await house.client(person).delete(path, headers=if_match(1))
        changed = read(answer)
        assert changed["emails"] == ada["emails"][1:]
        assert (changed["version"], answer.headers["ETag"]) == (2, '"2"')
