"""POST /v1/customers/{id}/erasure and what follows: erased, confirmed by all, certified."""

from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OKPKey
from starlette.requests import Request

from services.customers.api.subject_keys import SubjectKeyRoutes
from services.customers.application.erasure_watch import ErasureWatcher
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import NotPermittedError
from shared.security.tokens import SIGNATURES
from shared.testing.waiting import until
from shared.web.callers import Caller
from tests.customers.api.asking import (
    ADA,
    NOBODY,
    assert_not_permitted,
    assert_problem,
    if_match,
    read,
    register,
)
from tests.ground.house import House

WHY = {"reason": "asked-by-the-person"}
OURS = ["read-models", "parked-events", "cipher-caches", "last-looks", "imports"]
MINUTE = 61.0


def erasure_of(customer: dict[str, Any]) -> str:
    return f"/v1/customers/{customer['id']}/erasure"


async def ada_of(house: House) -> dict[str, Any]:
    return await register(house.client("alice"), ADA["name"], *ADA["emails"])


async def kid_of(house: House, customer: dict[str, Any]) -> str:
    return (await house.reader.load(UUID(customer["id"]))).kid


async def every_holder_of_ours_has_answered(house: House, customer: dict[str, Any]) -> None:
    await house.caught_up()
    house.clock.turn(MINUTE)
    watcher = ErasureWatcher(house.erasures, house.store, house.copies, house.clock)

    async def have_answered() -> bool:
        await watcher.look()
        answer = read(await house.client("petra").get(erasure_of(customer)))
        return {c["holder"] for c in answer["confirmations"]} >= set(OURS)

    await until(have_answered, what="that every holder of ours has answered")


async def test_an_erasure_shows_who_has_confirmed_and_ends_in_a_certificate_that_holds(
    house: House,
) -> None:
    ada, petra = await ada_of(house), house.client("petra")
    kid = await kid_of(house, ada)
    answer = await petra.post(erasure_of(ada), json=WHY)
    assert answer.status_code == 202
    begun = read(answer)
    assert (begun["state"], begun["reason"], begun["certificate"]) == (
        "erased", "asked-by-the-person", None,
    )  # fmt: skip
    assert begun["outstanding"] == OURS
    open_ones = read(await house.client("oscar").get("/v1/erasures?page_size=200"))["items"]
    assert ada["id"] in {one["customer_id"] for one in open_ones}

    await every_holder_of_ours_has_answered(house, ada)
    done = read(await house.client("dave").get(erasure_of(ada)))
    assert (done["state"], done["outstanding"]) == ("complete", [])
    assert (await petra.post(erasure_of(ada), json=WHY)).status_code == 200

    certificate = done["certificate"]
    key = OKPKey.import_key(read(await petra.get("/v1/erasures/certificate-key")))
    signed = jws.deserialize_compact(certificate["jws"], key, registry=SIGNATURES)
    statement = orjson.loads(signed.payload)
    assert statement == certificate["statement"]
    assert (statement["subject"], statement["kid"]) == (ada["id"], kid)
    assert statement["ledger_line"] == (await house.ledger.lines())[kid].text
    assert set(statement["holders"]) == set(OURS)
    assert all(ada["id"] in text for text in certificate["text"].values())
    assert ADA["name"] not in orjson.dumps(done).decode()


async def test_whoever_was_given_the_key_has_to_confirm_too(house: House) -> None:
    ada, petra, billing = await ada_of(house), house.client("petra"), house.client("billing")
    kid = await kid_of(house, ada)
    assert (await billing.get(f"/v1/subject-keys/{kid}")).status_code == 200
    await petra.post(erasure_of(ada), json=WHY)
    await every_holder_of_ours_has_answered(house, ada)
    assert read(await petra.get(erasure_of(ada)))["outstanding"] == ["consumer:billing"]
    assert (await billing.get(f"/v1/subject-keys/{kid}")).status_code == 410

    receipts = f"{erasure_of(ada)}/receipts"
    assert_problem(
        await petra.post(receipts, json={"holder": "read-models"}),
        409, "not-a-holder", field="holder",
    )  # fmt: skip
    assert_not_permitted(await billing.post(receipts, json={"holder": "consumer:other"}))
    for _ in range(2):
        assert read(await billing.post(receipts, json={}))["state"] == "complete"
    told = [c["holder"] for c in read(await petra.get(erasure_of(ada)))["confirmations"]]
    assert told.count("consumer:billing") == 1


async def test_data_protection_confirms_for_a_holder_that_cannot_any_more(house: House) -> None:
    ada, petra = await ada_of(house), house.client("petra")
    await house.grants.give(await kid_of(house, ada), "somebody-of-old")
    await petra.post(erasure_of(ada), json=WHY)
    receipts = f"{erasure_of(ada)}/receipts"
    answer = read(await petra.post(receipts, json={"holder": "account:somebody-of-old"}))
    assert "account:somebody-of-old" not in answer["outstanding"]


async def test_an_account_that_is_not_registered_to_open_the_topic_gets_no_key(
    house: House,
) -> None:
    kid = await kid_of(house, await ada_of(house))
    routes = SubjectKeyRoutes(house.grants, house.consumers, "daybook.another.v1")
    request = Request({"type": "http", "path_params": {"kid": kid}})
    with pytest.raises(NotPermittedError, match="not entitled"):
        await routes.key(request, Caller(DEMO_PEOPLE["billing"].subject))
    assert await house.grants.accounts(kid) == []


async def test_what_cannot_be_erased_is_refused(house: House) -> None:
    ada, petra = await ada_of(house), house.client("petra")
    assert_problem(
        await petra.post(f"/v1/customers/{NOBODY}/erasure", json=WHY), 404, "customer-not-found"
    )
    assert_problem(await petra.get(erasure_of(ada)), 404, "erasure-not-found")
    assert_problem(
        await petra.post(f"{erasure_of(ada)}/receipts", json={}), 404, "erasure-not-found"
    )
    answer = await petra.post(erasure_of(ada), json={"reason": "because Ada said so"})
    assert_problem(answer, 422, "invalid-input", field="reason")
    assert_not_permitted(await house.client("erin").post(erasure_of(ada), json=WHY))


async def test_a_change_of_an_erased_customer_is_refused(house: House) -> None:
    ada = await ada_of(house)
    await house.client("petra").post(erasure_of(ada), json=WHY)
    answer: httpx.Response = await house.client("alice").post(
        f"/v1/customers/{ada['id']}/rename", json={"name": "Eve"}, headers=if_match(3)
    )
    assert_problem(answer, 409, "customer-erased")


async def test_open_erasures_come_page_by_page(house: House) -> None:
    petra = house.client("petra")
    made = [await ada_of(house) for _ in range(3)]
    for one in made:
        await petra.post(erasure_of(one), json=WHY)
    found: list[str] = []
    params: dict[str, str] = {"page_size": "2"}
    while True:
        page = read(await petra.get("/v1/erasures", params=params))
        assert len(page["items"]) <= 2
        found += [item["customer_id"] for item in page["items"]]
        if page["next_page_token"] is None:
            break
        params["page_token"] = page["next_page_token"]
    assert found == sorted(found)
    assert {one["id"] for one in made} <= set(found)
