"""POST /v1/customers/{id}/rename."""

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
    rename,
)
from tests.ground.house import House

NEW = {"name": "Ada King"}


def path_of(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}/rename"


class TestRenameCustomer:
    async def test_nobody_renames_without_signing_in(self, house: House) -> None:
        ada = await register(house.client("alice"))
        answer = await house.anonymous().post(path_of(ada), json=NEW, headers=if_match(1))
        assert_not_signed_in(answer)

    @pytest.mark.parametrize("person", ["dave", "erin", "oscar", "petra", "billing"])
    async def test_who_may_not_change_customers_does_not(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client(person).post(path_of(ada), json=NEW, headers=if_match(1))
        assert_not_permitted(answer)

    @pytest.mark.parametrize("nowhere", [str(NOBODY), "1", "ada", "%00", "%F0%9F%98%80"])
    async def test_who_is_not_there_cannot_be_renamed(self, house: House, nowhere: str) -> None:
        path = f"/v1/customers/{nowhere}/rename"
        answer = await house.client("alice").post(path, json=NEW, headers=if_match(1))
        assert answer.status_code == 404
        assert answer.json()["fix"]

    async def test_a_stale_version_is_refused_and_told_the_current_one(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        await rename(alice, ada, "Ada King")
        answer = await alice.post(path_of(ada), json={"name": "Ada Byron"}, headers=if_match(1))
        problem = assert_problem(answer, 412, "version-conflict", field="If-Match")
        assert problem["current_version"] == 2

    async def test_a_version_that_does_not_exist_yet_is_refused(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.post(path_of(ada), json=NEW, headers=if_match(10**17))
        problem = assert_problem(answer, 412, "version-conflict", field="If-Match")
        assert problem["current_version"] == 1

    async def test_without_a_version_nothing_is_changed(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.post(path_of(ada), json=NEW)
        assert_problem(answer, 428, "version-required", field="If-Match")
        assert read(await alice.get(f"/v1/customers/{ada['id']}")) == ada

    @pytest.mark.parametrize(
        "given",
        ["*", 'W/"1"', '"1", "2"', "1", '"0"', '"-1"', '"01"', '"1.0"', '""', '"x"', '"1"x'],
    )
    async def test_what_names_no_single_version_is_refused(self, house: House, given: str) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.post(path_of(ada), json=NEW, headers={"If-Match": given})
        assert_problem(answer, 422, "invalid-input", field="If-Match")

    async def test_two_if_match_headers_name_no_single_version(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        headers = [("If-Match", '"1"'), ("If-Match", '"2"')]
        answer = await alice.post(path_of(ada), json=NEW, headers=headers)
        assert_problem(answer, 422, "invalid-input", field="If-Match")

    async def test_repeating_with_the_same_key_renames_once(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        headers = if_match(1) | {"Idempotency-Key": f"rename {ada['id']}".replace(" ", "-")}
        first = await alice.post(path_of(ada), json=NEW, headers=headers)
        again = await alice.post(path_of(ada), json=NEW, headers=headers)
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert await house.store.version_of(f"customer-{ada['id']}") == 2

    async def test_a_key_that_renamed_somebody_cannot_rename_somebody_else(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        ada, bea = await register(alice, "Ada"), await register(alice, "Bea")
        headers = if_match(1) | {"Idempotency-Key": f"rename-{ada['id']}"}
        assert (await alice.post(path_of(ada), json=NEW, headers=headers)).status_code == 200
        answer = await alice.post(path_of(bea), json=NEW, headers=headers)
        assert_problem(answer, 422, "idempotency-key-reused", field="Idempotency-Key")
        assert await house.store.version_of(f"customer-{bea['id']}") == 1

    @pytest.mark.parametrize("name", ["", "  ", None, 7, ["Ada"], "x" * 301])
    async def test_what_is_no_name_is_refused(self, house: House, name: object) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.post(path_of(ada), json={"name": name}, headers=if_match(1))
        assert_problem(answer, 422, "invalid-input", field="name")

    @pytest.mark.parametrize("person", ["alice", "bob", "carol"])
    async def test_a_renamed_customer_is_told_with_its_new_version(
        self, house: House, person: str
    ) -> None:
        ada = await register(house.client("alice"), "Ada Lovelace", "ada@work.example")
        answer = await house.client(person).post(path_of(ada), json=NEW, headers=if_match(1))
        assert answer.status_code == 200
        assert read(answer) == ada | {"name": "Ada King", "version": 2}
        assert answer.headers["ETag"] == '"2"'
        assert answer.headers["Daybook-Token"].startswith("customers:1:")
        assert "Location" not in answer.headers

    async def test_the_same_name_changes_nothing(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada King")
        answer = await alice.post(path_of(ada), json=NEW, headers=if_match(1))
        assert read(answer) == ada
        assert answer.headers["ETag"] == '"1"'
        assert await house.store.version_of(f"customer-{ada['id']}") == 1

    async def test_the_same_name_with_a_key_is_answered_alike_each_time(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice, "Ada King")
        headers = if_match(1) | {"Idempotency-Key": f"same-{ada['id']}"}
        first = await alice.post(path_of(ada), json=NEW, headers=headers)
        await rename(alice, ada, "Ada Byron")
        again = await alice.post(path_of(ada), json=NEW, headers=headers)
        assert (again.status_code, read(again)) == (200, ada)
        for name in ("ETag", "Daybook-Token"):
            assert again.headers[name] == first.headers[name]
        assert again.headers["Idempotency-Replayed"] == "true"

    async def test_if_match_may_name_the_version_with_spaces_around(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        answer = await alice.post(path_of(ada), json=NEW, headers={"If-Match": ' "1" '})
        assert answer.status_code == 200
