"""Whoever lost the answer asks again with the same key, and gets the first answer."""

import asyncio
from typing import Any

import httpx
import pytest

from services.customers.storage.codec import CODEC
from shared.authorization.world import World
from tests.customers.api.asking import (
    ADA,
    Json,
    assert_problem,
    if_match,
    read,
    register,
    rename,
)
from tests.ground.house import House

PATH = "/v1/customers"
KEY = {"Idempotency-Key": "7f0c-29aa"}
SAME = ("ETag", "Daybook-Token")


class LosesAnswers(httpx.AsyncBaseTransport):
    """A line that breaks when the answer is on its way: the request was carried out."""

    def __init__(self, house: House) -> None:
        self._line = httpx.ASGITransport(house.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._line.handle_async_request(request)
        raise httpx.ReadError("the line is broken")


async def lost(house: House, method: str, path: str, **request: Any) -> None:  # noqa: ANN401
    """Ask as Alice, and lose the answer."""
    headers = house.client("alice").headers
    async with httpx.AsyncClient(
        transport=LosesAnswers(house), base_url="http://daybook", headers=headers
    ) as client:
        with pytest.raises(httpx.ReadError):
            await client.request(method, path, **request)


async def events_of(house: House, customer_id: str) -> list[str]:
    return [event.type for event in await house.store.load(f"customer-{customer_id}")]


def assert_same(first: httpx.Response, again: httpx.Response) -> None:
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert [again.headers[name] for name in SAME] == [first.headers[name] for name in SAME]
    assert again.headers["Idempotency-Replayed"] == "true"


class TestAfterALostAnswer:
    async def test_a_registration_is_repeated_and_happened_once(self, house: House) -> None:
        await lost(house, "POST", PATH, json=ADA, headers=KEY)
        answer = await house.client("alice").post(PATH, json=ADA, headers=KEY)
        assert answer.status_code == 201
        assert answer.headers["Idempotency-Replayed"] == "true"
        assert answer.headers["Location"] == f"{PATH}/{read(answer)['id']}"
        assert answer.headers["ETag"] == '"1"'
        assert sum((await house.stored()).values()) == 1

    async def test_a_change_is_repeated_with_a_version_that_is_stale_by_now(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        path, headers = f"{PATH}/{ada['id']}/rename", if_match(1) | KEY
        await lost(house, "POST", path, json={"name": "Ada King"}, headers=headers)
        answer = await alice.post(path, json={"name": "Ada King"}, headers=headers)
        assert read(answer) == ada | {"name": "Ada King", "version": 2}
        assert answer.headers["Idempotency-Replayed"] == "true"
        assert await events_of(house, ada["id"]) == ["CustomerRegistered", "CustomerRenamed"]

    async def test_an_added_address_is_told_with_the_id_that_it_got(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        path, headers = f"{PATH}/{ada['id']}/emails", if_match(1) | KEY
        await lost(house, "POST", path, json={"address": "ada@home.example"}, headers=headers)
        answer = await alice.post(path, json={"address": "ada@home.example"}, headers=headers)
        now = read(await alice.get(f"{PATH}/{ada['id']}"))
        assert read(answer) == now
        assert len(now["emails"]) == 1


class TestTheFirstAnswer:
    async def test_it_is_given_as_it_was_also_after_later_changes(self, house: House) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        path, headers = f"{PATH}/{ada['id']}/rename", if_match(1) | KEY
        first = await alice.post(path, json={"name": "Ada King"}, headers=headers)
        later = await rename(house.client("bob"), read(first), "Ada Byron")
        again = await alice.post(path, json={"name": "Ada King"}, headers=headers)
        assert_same(first, again)
        assert read(await alice.get(f"{PATH}/{ada['id']}")) == later

    async def test_a_registration_is_told_as_it_was_also_after_later_changes(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        first = await alice.post(PATH, json=ADA, headers=KEY)
        await rename(alice, read(first), "Ada King")
        again = await alice.post(PATH, json=ADA, headers=KEY)
        assert_same(first, again)
        assert again.headers["Location"] == first.headers["Location"]

    async def test_whatever_the_repeated_request_now_says_of_the_version(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        path, body = f"{PATH}/{ada['id']}/rename", {"name": "Ada King"}
        first = await alice.post(path, json=body, headers=if_match(1) | KEY)
        for version in (1, 2, 99):
            assert_same(first, await alice.post(path, json=body, headers=if_match(version) | KEY))
        assert len(await events_of(house, ada["id"])) == 2

    async def test_two_at_once_happen_once_and_are_answered_alike(self, house: House) -> None:
        alice = house.client("alice")
        answers = await asyncio.gather(*(alice.post(PATH, json=ADA, headers=KEY) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7
        assert sum((await house.stored()).values()) == 1

    async def test_two_changes_at_once_happen_once_and_are_answered_alike(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        ada = await register(alice)
        path, headers = f"{PATH}/{ada['id']}/emails", if_match(1) | KEY
        body = {"address": "ada@home.example"}
        answers = await asyncio.gather(
            *(alice.post(path, json=body, headers=headers) for _ in range(8))
        )
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert len(await events_of(house, ada["id"])) == 2

    async def test_a_refusal_is_not_kept(self, house: House) -> None:
        alice = house.client("alice")
        ada = await rename(alice, await register(alice), "Ada Byron")
        path, body = f"{PATH}/{ada['id']}/rename", {"name": "Ada King"}
        stale = await alice.post(path, json=body, headers=if_match(1) | KEY)
        assert_problem(stale, 412, "version-conflict", field="If-Match")
        answer = await alice.post(path, json=body, headers=if_match(2) | KEY)
        assert answer.status_code == 200
        assert "Idempotency-Replayed" not in answer.headers

    async def test_the_quotation_marks_of_a_key_are_not_part_of_it(self, house: House) -> None:
        alice = house.client("alice")
        first = await alice.post(PATH, json=ADA, headers=KEY)
        again = await alice.post(PATH, json=ADA, headers={"Idempotency-Key": '"7f0c-29aa"'})
        assert_same(first, again)

    async def test_after_an_erasure_it_says_erased(self, house: House) -> None:
        alice = house.client("alice")
        first = read(await alice.post(PATH, json=ADA, headers=KEY))
        event = (await house.store.load(f"customer-{first['id']}"))[0]
        await house.keys.destroy([CODEC.subject_of(event) or ""])
        again = await alice.post(PATH, json=ADA, headers=KEY)
        assert again.status_code == 201
        gone: Json = {"name": None, "emails": [], "primary_email": None, "erased": True}
        assert read(again) == first | gone


class TestWhatBelongsToAKey:
    @pytest.mark.parametrize(
        "body",
        [ADA | {"name": "Ada King"}, ADA | {"emails": []}, ADA | {"kind": "organisation"}],
    )
    async def test_another_body_is_refused(self, house: House, body: Json) -> None:
        alice = house.client("alice")
        await alice.post(PATH, json=ADA, headers=KEY)
        answer = await alice.post(PATH, json=body, headers=KEY)
        assert_problem(answer, 422, "idempotency-key-reused", field="Idempotency-Key")
        assert sum((await house.stored()).values()) == 1

    async def test_another_body_is_refused_also_while_the_first_is_under_way(
        self, house: House
    ) -> None:
        alice = house.client("alice")
        bodies = [ADA | {"name": f"Ada {n}"} for n in range(6)]
        answers = await asyncio.gather(
            *(alice.post(PATH, json=body, headers=KEY) for body in bodies)
        )
        assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422, 422]
        assert sum((await house.stored()).values()) == 1

    async def test_another_customer_is_refused(self, house: House) -> None:
        alice = house.client("alice")
        ada, bea = await register(alice, "Ada"), await register(alice, "Bea")
        body, headers = {"name": "Cleo"}, if_match(1) | KEY
        await alice.post(f"{PATH}/{ada['id']}/rename", json=body, headers=headers)
        answer = await alice.post(f"{PATH}/{bea['id']}/rename", json=body, headers=headers)
        assert_problem(answer, 422, "idempotency-key-reused", field="Idempotency-Key")
        assert read(await alice.get(f"{PATH}/{bea['id']}")) == bea

    async def test_the_same_key_of_somebody_else_is_another_key(self, house: House) -> None:
        alice, leo = house.client("alice"), house.client("leo")
        hers = await alice.post(PATH, json=ADA, headers=KEY)
        his = await leo.post(PATH, json=ADA, headers=KEY)
        other = await leo.post(PATH, json=ADA | {"name": "Leo's"}, headers=KEY)
        assert (hers.status_code, his.status_code) == (201, 201)
        assert read(hers)["id"] != read(his)["id"]
        assert_problem(other, 422, "idempotency-key-reused", field="Idempotency-Key")

    async def test_the_same_key_on_another_route_is_another_key(self, house: House) -> None:
        alice = house.client("alice")
        ada = read(await alice.post(PATH, json=ADA, headers=KEY))
        answer = await alice.post(
            f"{PATH}/{ada['id']}/rename", json={"name": "Ada King"}, headers=if_match(1) | KEY
        )
        assert "Idempotency-Replayed" not in answer.headers
        assert read(answer)["version"] == 2

    async def test_who_lost_the_permission_does_not_get_the_first_answer(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alice = house.client("alice")
        assert (await alice.post(PATH, json=ADA, headers=KEY)).status_code == 201

        monkeypatch.setattr(house.decisions, "world", World())
        answer = await alice.post(PATH, json=ADA, headers=KEY)
        assert answer.status_code == 403
        assert "Lovelace" not in answer.text

    async def test_what_is_kept_holds_nothing_personal(self, house: House) -> None:
        await house.client("alice").post(PATH, json=ADA, headers=KEY)
        (row,) = await house.ask("truth", "select i::text as kept from idempotency i")
        for personal in (
            "Ada",
            "Lovelace",
            "ada@work.example",
            "7f0c-29aa",
            "416461204c6f",
            "376630632d32396161",
        ):
            assert personal not in row["kept"]
        assert "customer-" in row["kept"]
