"""GET /v1/customers/{id}/history: who, when, each field before and after."""

import pytest

from shared.authorization.people import DEMO_PEOPLE
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


def path_of(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}/history"


class TestGetCustomerHistory:
    async def test_nobody_reads_a_history_without_signing_in(self, house: House) -> None:
        ada = await register(house.client("alice"))
        assert_not_signed_in(await house.anonymous().get(path_of(ada)))

    @pytest.mark.parametrize("person", ["oscar", "billing", "customers"])
    async def test_who_may_not_read_histories_does_not(self, house: House, person: str) -> None:
        ada = await register(house.client("alice"))
        assert_not_permitted(await house.client(person).get(path_of(ada)))

    @pytest.mark.parametrize("nobody", [str(NOBODY), "ada"])
    async def test_who_is_not_there_has_no_history(self, house: House, nobody: str) -> None:
        answer = await house.client("alice").get(f"/v1/customers/{nobody}/history")
        assert answer.status_code == 404
        assert answer.json()["fix"]

    @pytest.mark.parametrize("prefer", ["wait=soon", "wait", "wait=-1"])
    async def test_a_time_to_wait_that_is_none_is_refused(self, house: House, prefer: str) -> None:
        ada = await register(house.client("alice"))
        answer = await house.client("alice").get(path_of(ada), headers={"Prefer": prefer})
        assert_problem(answer, 422, "invalid-input", field="Prefer")

    @pytest.mark.parametrize("person", ["alice", "bob", "carol", "dave", "erin", "petra"])
    async def test_a_registration_is_the_first_step(self, house: House, person: str) -> None:
        ada = await register(house.client("leo"), "Ada", "ada@work.example")
        items = read(await house.client(person).get(path_of(ada)))["items"]
        assert len(items) == 1
        step = items[0]
        assert (step["version"], step["type"]) == (1, "CustomerRegistered")
        assert step["actor"] == DEMO_PEOPLE["leo"].subject
        assert step["recorded_at"].endswith("+00:00")
        assert step["changes"] == [
            {"field": "kind", "before": None, "after": "person"},
            {"field": "name", "before": None, "after": "Ada"},
            {"field": "emails", "before": None, "after": ada["emails"][0]},
            {"field": "primary_email", "before": None, "after": ada["primary_email"]},
        ]

    async def test_each_step_says_what_was_before_and_what_is_after(self, house: House) -> None:
        alice, bob = house.client("alice"), house.client("bob")
        ada = await register(alice, "Ada", "ada@work.example")
        await rename(bob, ada, "Ada King")
        emails = f"/v1/customers/{ada['id']}/emails"
        added = read(await alice.post(emails, json={"address": "a@b.example"}, headers=if_match(2)))
        await alice.delete(f"{emails}/{ada['emails'][0]['id']}", headers=if_match(3))
        items = read(await alice.get(path_of(ada)))["items"]
        assert [(step["version"], step["type"]) for step in items] == [
            (1, "CustomerRegistered"),
            (2, "CustomerRenamed"),
            (3, "CustomerEmailAdded"),
            (4, "CustomerEmailRemoved"),
        ]
        assert [step["changes"] for step in items[1:]] == [
            [{"field": "name", "before": "Ada", "after": "Ada King"}],
            [{"field": "emails", "before": None, "after": added["emails"][1]}],
            [
                {"field": "emails", "before": ada["emails"][0], "after": None},
                {
                    "field": "primary_email",
                    "before": ada["primary_email"],
                    "after": added["emails"][1]["id"],
                },
            ],
        ]
        assert [step["actor"] for step in items[:2]] == [
            DEMO_PEOPLE["alice"].subject,
            DEMO_PEOPLE["bob"].subject,
        ]
        assert len({step["event_id"] for step in items}) == 4
