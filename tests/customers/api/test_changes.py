"""GET /v1/customers/{id}/changes: each field that differs, then and now, and by which event."""

from uuid import UUID

import httpx
import pytest

from services.customers.application.changed_fields import changed_fields, version_at
from services.customers.domain.customer.fields import fields_of
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

ALICE, BOB = (DEMO_PEOPLE[name].subject for name in ("alice", "bob"))


def path_of(customer: Json) -> str:
    return f"/v1/customers/{customer['id']}/changes"


async def changes(client: httpx.AsyncClient, customer: Json, since: object = None) -> Json:
    query = {} if since is None else {"since": str(since)}
    answer = await client.get(path_of(customer), params=query)
    assert answer.status_code == 200, answer.text
    return read(answer)


async def do(client: httpx.AsyncClient, customer: Json, what: str, **body: object) -> Json:
    path = f"/v1/customers/{customer['id']}/{what}"
    answer = await client.post(path, json=body, headers=if_match(customer["version"]))
    assert answer.status_code == 200, answer.text
    return read(answer)


async def test_who_may_not_see_the_past_is_told_no_changes(house: House) -> None:
    ada = await register(house.client("alice"))
    assert_not_signed_in(await house.anonymous().get(path_of(ada)))
    assert_not_permitted(await house.client("billing").get(path_of(ada)))
    nobody = f"/v1/customers/{NOBODY}/changes"
    assert_problem(await house.client("alice").get(nobody), 404, "customer-not-found")


async def test_each_field_is_told_once_with_the_event_that_made_it_so(house: House) -> None:
    alice, bob = house.client("alice"), house.client("bob")
    ada = await register(alice, "Ada", "ada@work.example")
    seen = await alice.put(f"/v1/customers/{ada['id']}/last-look", json={"version": 1})
    assert seen.status_code == 200
    assert (await changes(alice, ada))["items"] == []
    ada = await rename(alice, ada, "Ada King")
    ada = await do(alice, ada, "tags", tags=["vip"])
    ada = await do(bob, ada, "stage", stage="prospect")
    ada = await do(alice, ada, "untag", tags=["vip"])
    ada = await do(alice, ada, "emails", address="ada@home.example")
    ada = await do(bob, ada, "rename", name="Ada Byron")
    told = await changes(alice, ada)
    assert (told["since_version"], told["version"]) == (1, 7)
    items = [
        (i["field"], i["then"], i["now"], i["version"], i["actor"], i["event_type"])
        for i in told["items"]
    ]
    assert items == [
        ("name", "Ada", "Ada Byron", 7, BOB, "CustomerRenamed"),
        ("emails", None, ada["emails"][1], 6, ALICE, "CustomerEmailAdded"),
        ("stage", "lead", "prospect", 4, BOB, "CustomerStageChanged"),
    ]
    assert all(item["event_id"] and item["recorded_at"] for item in told["items"])


async def test_since_may_be_a_version_a_time_or_a_token(house: House) -> None:
    alice = house.client("alice")
    ada = await register(alice, "Ada")
    steps = await house.reader.history(UUID(ada["id"]))
    registered = steps[0].recorded
    token = f"customers:1:{registered.partition}:{registered.txid}:{registered.position}"
    ada = await rename(alice, ada, "Ada King")
    for since in (1, registered.recorded_at.isoformat(), token):
        told = await changes(alice, ada, since)
        assert told["since_version"] == 1
        assert [(i["field"], i["then"], i["now"]) for i in told["items"]] == [
            ("name", "Ada", "Ada King")
        ]
    assert (await changes(alice, ada, "2020-01-01T00:00:00Z"))["since_version"] == 0
    # Nobody said yet what they saw: all of it is new.
    from_nothing = await changes(alice, ada)
    assert from_nothing["since_version"] == 0
    assert {"kind", "name"} <= {item["field"] for item in from_nothing["items"]}
    assert all(not item["then"] for item in from_nothing["items"])


@pytest.mark.parametrize(
    ("since", "status", "code"),
    [
        ("3", 404, "version-not-found"),
        ("-1", 422, "invalid-input"),
        ("yesterday", 422, "invalid-input"),
        ("٣", 422, "invalid-input"),
        ("", 422, "invalid-input"),
        ("customers:0:1:1:1", 409, "token-of-earlier-epoch"),
    ],
)
async def test_what_is_no_moment_is_refused(
    house: House, since: str, status: int, code: str
) -> None:
    alice = house.client("alice")
    ada = await rename(alice, await register(alice, "Ada"), "Ada King")
    await house.caught_up()
    answer = await alice.get(path_of(ada), params={"since": since})
    assert_problem(answer, status, code, field="since")


async def test_an_erased_customer_tells_nothing_of_what_it_was(house: House) -> None:
    alice = house.client("alice")
    ada = await rename(alice, await register(alice, "Ada", "ada@work.example"), "Ada King")
    await house.erasures.erase_customer(UUID(ada["id"]), actor=ALICE)
    answer = await alice.get(path_of(ada), params={"since": "1"})
    assert read(answer)["erased"] is True
    assert "Ada" not in answer.text
    assert "work.example" not in answer.text


async def test_from_any_version_the_changes_lead_to_what_is_now(house: House) -> None:
    alice = house.client("alice")
    ada = await register(alice, "Ada", "ada@work.example")
    ada = await do(alice, ada, "tags", tags=["a", "b"])
    ada = await do(alice, ada, "notes", text="one")
    ada = await do(alice, ada, "stage", stage="prospect")
    ada = await do(alice, ada, "archive", reason="away")
    steps = await house.reader.history(UUID(ada["id"]))
    for step in steps:
        recorded = step.recorded
        then, now = fields_of(step.after), fields_of(steps[-1].after)
        assert version_at(steps, recorded.recorded_at) >= recorded.version
        differing = {c.change.field for c in changed_fields(steps, recorded.version)}
        assert differing == {field for field in now if then[field] != now[field]}
