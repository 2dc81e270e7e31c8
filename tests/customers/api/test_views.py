"""/v1/views: a query under a name, private unless shared, sealed with a key of its own."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest

from services.customers.application import views
from services.customers.application.view_deletions import ViewDeletions
from services.customers.storage.codec import CODEC
from shared.authorization.people import DEMO_PEOPLE
from shared.errors import UnavailableError
from tests.customers.api.asking import (
    NOBODY,
    Json,
    assert_not_permitted,
    assert_not_signed_in,
    assert_problem,
    if_match,
    read,
)
from tests.ground.house import House

VIEW: Json = {
    "name": "Prospects in Bremen",
    "query": {"stage": "prospect", "tag": ["vip", "north"], "q": "Ada Secret", "sort": "-name"},
    "columns": ["name", "stage"],
}
KEPT = {"stage": ["prospect"], "tag": ["vip", "north"], "q": ["Ada Secret"], "sort": ["-name"]}


async def save(client: httpx.AsyncClient, **more: object) -> Json:
    answer = await client.post("/v1/views", json={**VIEW, **more})
    assert answer.status_code == 201, answer.text
    return read(answer)


async def seen(client: httpx.AsyncClient, **query: str | int) -> list[str]:
    items = read(await client.get("/v1/views", params=query))["items"]
    return [item["id"] for item in items]


def path_of(view: Json) -> str:
    return f"/v1/views/{view['id']}"


class TestSaveView:
    async def test_who_may_not_read_customers_has_no_views(self, house: House) -> None:
        assert_not_signed_in(await house.anonymous().post("/v1/views", json=VIEW))
        assert_not_permitted(await house.client("oscar").post("/v1/views", json=VIEW))
        assert_not_permitted(await house.client("oscar").get("/v1/views"))

    async def test_a_view_is_its_owners_alone(self, house: House) -> None:
        alice, bob = house.client("alice"), house.client("bob")
        answer = await alice.post("/v1/views", json=VIEW)
        view = read(answer)
        assert view == {"id": view["id"], "name": VIEW["name"], "query": KEPT, "version": 1,
            "columns": ["name", "stage"], "owner": DEMO_PEOPLE["alice"].subject,
            "shared": False}  # fmt: skip
        assert answer.headers["Location"] == path_of(view)
        assert read(await alice.get(path_of(view))) == view
        assert view["id"] in await seen(alice)
        assert view["id"] not in await seen(bob)
        assert_problem(await bob.get(path_of(view)), 404, "view-not-found")
        for what in ("share", "unshare"):
            answer = await bob.post(f"{path_of(view)}/{what}", headers=if_match(1))
            assert_problem(answer, 404, "view-not-found")

    async def test_nothing_of_it_lies_open_in_the_store(self, house: House) -> None:
        await save(house.client("alice"))
        rows = await house.ask("truth", "select data from events where stream like 'view-%'")
        assert rows
        assert not any(b"Secret" in row["data"] or b"Bremen" in row["data"] for row in rows)

    async def test_a_repeated_key_saves_once(self, house: House) -> None:
        alice, key = house.client("alice"), {"Idempotency-Key": str(uuid4())}
        first = await alice.post("/v1/views", json=VIEW, headers=key)
        again = await alice.post("/v1/views", json=VIEW, headers=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": ""}, "name"),
            ({"query": {"color": "red"}}, "query.color"),
            ({"query": {"stage": "rich"}}, "query.stage"),
            ({"query": {"custom.nothing": "x"}}, "query.custom.nothing"),
            ({"query": {"page_token": "x"}}, "query.page_token"),
            ({"query": {"sort": "size"}}, "query.sort"),
            ({"columns": ["password"]}, "columns"),
            ({"columns": ["custom.nothing"]}, "columns"),
        ],
    )
    async def test_what_the_list_would_refuse_is_not_saved(
        self, house: House, wrong: Json, field: str
    ) -> None:
        answer = await house.client("alice").post("/v1/views", json={**VIEW, **wrong})
        assert_problem(answer, 422, "invalid-input", field=field)

    async def test_a_field_declared_a_moment_ago_can_be_asked_for(self, house: House) -> None:
        alice, name = house.client("alice"), f"f_{uuid4().hex[:8]}"
        await save(alice)
        body = {"name": name, "label": {"en": "Size", "zh": "尺码"}, "type": "text"}
        assert (await house.client("erin").post("/v1/fields", json=body)).status_code == 201
        query = {f"custom.{name}": "x"}
        view = await save(alice, query=query, columns=[f"custom.{name}"])
        assert view["query"] == {f"custom.{name}": ["x"]}

    async def test_nobody_has_more_than_can_be_listed(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        petra = house.client("petra")
        monkeypatch.setattr(views, "MOST_VIEWS", 2)
        first, _ = await save(petra), await save(petra)
        assert_problem(await petra.post("/v1/views", json=VIEW), 409, "too-many-views")
        assert (await petra.delete(path_of(first), headers=if_match(1))).status_code == 204
        await save(petra)


class TestChangeView:
    async def test_the_owner_changes_it_as_it_was_read(self, house: House) -> None:
        alice = house.client("alice")
        view = await save(alice)
        new = {"name": "Leads", "query": {"stage": "lead"}, "columns": []}
        assert_problem(await alice.put(path_of(view), json=new), 428, "version-required",
            field="If-Match")  # fmt: skip
        answer = await alice.put(path_of(view), json=new, headers=if_match(1))
        changed = read(answer)
        assert changed == view | new | {"query": {"stage": ["lead"]}, "version": 3}
        assert answer.headers["ETag"] == '"3"'
        same = await alice.put(path_of(view), json=new, headers=if_match(3))
        assert (read(same), same.headers["ETag"]) == (changed, '"3"')
        stale = await alice.put(path_of(view), json=VIEW, headers=if_match(1))
        problem = assert_problem(stale, 412, "version-conflict", field="If-Match")
        assert problem["current_version"] == 3

    async def test_of_two_at_once_one_is_told(self, house: House) -> None:
        alice = house.client("alice")
        view = await save(alice)
        one, two = await asyncio.gather(
            alice.put(path_of(view), json={**VIEW, "name": "One"}, headers=if_match(1)),
            alice.delete(path_of(view), headers=if_match(1)),
        )
        assert sorted([one.status_code, two.status_code])[1] in {404, 412}
        assert min(one.status_code, two.status_code) < 300
        if one.status_code == 200:
            assert read(await alice.get(path_of(view)))["name"] == "One"

    async def test_a_shared_view_is_seen_by_all_and_changed_by_its_owner(
        self, house: House
    ) -> None:
        alice, bob = house.client("alice"), house.client("bob")
        view = await save(alice, shared=True)
        assert (view["shared"], view["version"]) == (True, 2)
        assert read(await bob.get(path_of(view))) == view
        assert view["id"] in await seen(bob)
        for answer in (
            await bob.put(path_of(view), json=VIEW, headers=if_match(2)),
            await bob.delete(path_of(view), headers=if_match(2)),
            await bob.post(f"{path_of(view)}/unshare", headers=if_match(2)),
        ):
            problem = assert_problem(answer, 403, "not-permitted")
            assert DEMO_PEOPLE["alice"].subject in problem["who_can_help"]
        alone = read(await alice.post(f"{path_of(view)}/unshare", headers=if_match(2)))
        assert (alone["shared"], alone["version"]) == (False, 3)
        assert view["id"] not in await seen(bob)
        again = read(await alice.post(f"{path_of(view)}/share", headers=if_match(3)))
        assert again["shared"] is True
        assert view["id"] in await seen(bob)

    @pytest.mark.parametrize("nowhere", [str(NOBODY), "mine", "%00"])
    async def test_what_is_not_there_is_not_found(self, house: House, nowhere: str) -> None:
        answer = await house.client("alice").get(f"/v1/views/{nowhere}")
        assert answer.status_code == 404
        assert answer.json()["fix"]


class TestListViews:
    async def test_pages_show_each_once_in_the_order_of_saving(self, house: House) -> None:
        wang, leo = house.client("wang"), house.client("leo")
        saved = [await save(wang), await save(leo, shared=True), await save(wang)]
        await save(leo)
        mine = [view["id"] for view in saved]
        found: list[str] = []
        page = read(await wang.get("/v1/views", params={"page_size": 1}))
        while page["next_page_token"] is not None:
            found += [item["id"] for item in page["items"]]
            query = {"page_size": 1, "page_token": page["next_page_token"]}
            page = read(await wang.get("/v1/views", params=query))
        found += [item["id"] for item in page["items"]]
        assert len(set(found)) == len(found)
        assert [view_id for view_id in found if view_id in mine] == mine


class TestDeleteView:
    async def test_a_deleted_view_is_gone_and_nobody_can_read_it(self, house: House) -> None:
        alice = house.client("alice")
        view = await save(alice, shared=True)
        kid = await kid_of(house, view)
        answer = await alice.delete(path_of(view), headers=if_match(2))
        assert (answer.status_code, answer.content) == (204, b"")
        assert_problem(await alice.get(path_of(view)), 404, "view-not-found")
        assert_problem(await alice.delete(path_of(view), headers=if_match(3)), 404,
            "view-not-found")  # fmt: skip
        assert view["id"] not in await seen(alice)
        assert (await house.keys.read([kid]))[kid] is None

    async def test_a_deletion_that_stopped_half_way_is_finished(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alice = house.client("alice")
        view, other = await save(alice), await save(alice)
        kid, kid_of_other = await kid_of(house, view), await kid_of(house, other)

        async def no_answer(_kids: object) -> None:
            raise UnavailableError("the key database does not answer", fix="start it")

        with monkeypatch.context() as broken:
            broken.setattr(house.keys, "destroy", no_answer)
            answer = await alice.delete(path_of(view), headers=if_match(1))
            assert_problem(answer, 503, "unavailable")
        assert_problem(await alice.get(path_of(view)), 404, "view-not-found")
        truth = await house.lanes(house.databases.truth_dsn, "api", 1)
        deletions = ViewDeletions(truth, house.keys)
        assert await deletions.look() == 1
        assert await deletions.look() == 0
        ciphers = await house.keys.read([kid, kid_of_other])
        assert (ciphers[kid], ciphers[kid_of_other] is None) == (None, False)


async def kid_of(house: House, view: Json) -> str:
    loaded = await house.store.load(f"view-{UUID(view['id'])}")
    subject = CODEC.subject_of(loaded[0])
    assert subject is not None
    return subject
