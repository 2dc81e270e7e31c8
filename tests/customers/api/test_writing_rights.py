"""Who may write what of customers under the policy and with the people of the demo, over HTTP."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio

from shared.authorization.fields import MASK
from tests.customers.api.asking import NOBODY, Json, assert_problem, if_match, read
from tests.customers.shipped import IDS, Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.servers import Servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shipped(servers: Servers, broker: Broker) -> AsyncIterator[Shipped]:
    """Return a house for the module; what one test gives to somebody no other uses."""
    async with a_shipped_house(servers, broker) as its:
        yield its


async def test_a_change_needs_the_customer_in_reach_as_it_is_and_as_it_would_be(
    shipped: Shipped,
) -> None:
    mine, leos, carols = [await shipped.customer(name) for name in ("alice", "leo", "carol")]
    renamed = await shipped.change("alice", mine, "/rename", {"name": "Ada L."})
    assert (renamed.status_code, read(renamed)["name"]) == (200, "Ada L.")
    mine = read(renamed)
    told = assert_problem(
        await shipped.change("alice", leos, "/rename", {"name": "X"}), 403, "not-permitted"
    )
    assert (told["permission"], told["reason"]) == ("customer:change", "out_of_scope")
    assert told["who_can_help"]
    hidden = [
        assert_problem(
            await shipped.change("alice", one, "/rename", {"name": "X"}), 404, "customer-not-found"
        )
        for one in (carols, {"id": str(NOBODY)})
    ]
    for problem in hidden:
        del problem["trace_id"], problem["instance"]
    assert hidden[0] == hidden[1]
    # Out of her own hands she cannot give it; her manager can, within the team alone.
    for person, to, status in (("alice", "leo", 403), ("bob", "carol", 403), ("bob", "leo", 200)):
        given = await shipped.change(person, mine, "/assign", {"owner": IDS[to]})
        assert given.status_code == status, (person, to, given.text)
    now = read(await shipped.house.client("erin").get(f"/v1/customers/{mine['id']}"))
    assert (now["owner"], now["version"]) == (IDS["leo"], 3)


async def test_whoever_may_not_register_nobodys_customers_registers_their_own(
    shipped: Shipped,
) -> None:
    body = {"kind": "person", "name": "Grace"}
    alice, erin = shipped.house.client("alice"), shipped.house.client("erin")
    assert read(await alice.post("/v1/customers", json=body))["owner"] == IDS["alice"]
    assert read(await erin.post("/v1/customers", json=body))["owner"] is None
    for_leo = await alice.post("/v1/customers", json={**body, "owner": IDS["leo"]})
    assert_problem(for_leo, 403, "not-permitted")
    masked = await alice.post("/v1/customers", json={**body, "name": MASK})
    assert_problem(masked, 422, "invalid-input", field="name")


async def test_what_is_masked_or_left_out_is_never_written(shipped: Shipped) -> None:
    shipped.give("wang", "customer:change", scope="team", clearance="internal")
    erin = shipped.house.client("erin")
    for name, sensitivity in (("colour", "internal"), ("salary", "restricted")):
        declared: Json = {"name": name, "label": {"en": name, "zh": name}, "type": "text"}
        assert (
            await erin.post("/v1/fields", json={**declared, "sensitivity": sensitivity})
        ).status_code == 201
    its = await shipped.customer("leo", phones=["+49 171 1234567"])
    hidden: list[tuple[str, Json, str]] = [
        ("/emails", {"address": "x@works.example"}, "emails"),
        ("/phones", {"number": "+49 171 7654321"}, "phones"),
        ("/notes", {"text": "Owes money."}, "notes"),
        ("/fields", {"custom": {"salary": "1"}}, "custom.salary"),
    ]
    for path, body, field in hidden:
        refused = await shipped.change("wang", its, path, body)
        assert_problem(refused, 403, "not-permitted", field=field)
    masks: list[tuple[str, Json, str]] = [
        ("/rename", {"name": f" {MASK} "}, "name"),
        ("/tags", {"tags": ["vip", MASK]}, "tags"),
        ("/fields", {"custom": {"colour": MASK}}, "custom.colour"),
    ]
    for path, body, field in masks:
        assert_problem(
            await shipped.change("wang", its, path, body), 422, "invalid-input", field=field
        )
    unknown = await shipped.change("wang", its, "/fields", {"custom": {"size": "1"}})
    assert_problem(unknown, 422, "invalid-input", field="custom.size")
    done = await shipped.change("wang", its, "/fields", {"custom": {"colour": "red"}})
    assert (done.status_code, read(done)["emails"]) == (200, MASK)
    new = await shipped.change("erin", read(done), "/emails", {"address": "new@works.example"})
    assert new.status_code == 200
    # Who comes second is told nothing of what is not shown, either.
    second = await shipped.change("wang", its, "/rename", {"name": "X"})
    late = assert_problem(second, 412, "version-conflict", field="If-Match")
    assert {one["field"] for one in late["conflicts"]} == {"custom", "name"}


async def test_no_guess_tells_how_a_hidden_field_is_declared(shipped: Shipped) -> None:
    for permission in ("customer:change", "customer:register"):
        shipped.give("petra", permission, scope="all", clearance="internal")
    erin = shipped.house.client("erin")
    versions = {}
    for name, more in (
        ("income", {"type": "number"}), ("rating", {"type": "choice", "choices": ["a", "b"]}),
        ("debts", {"type": "number"}),
    ):  # fmt: skip
        its = {"name": name, "label": {"en": name, "zh": name}, "sensitivity": "restricted"}
        versions[name] = read(await erin.post("/v1/fields", json={**its, **more}))["version"]
    retired = await erin.post("/v1/fields/debts/retire", headers=if_match(versions["debts"]))
    assert retired.status_code == 200
    theirs = await shipped.customer("leo")
    guesses: list[Json] = [
        {"income": 1}, {"income": "much"}, {"rating": "a"}, {"rating": "z"}, {"debts": 1},
        {"debts": None, "rating": True},
    ]  # fmt: skip
    for guess in guesses:
        field = next(f"custom.{name}" for name, value in guess.items() if value is not None)
        body = {"kind": "person", "name": "Grace", "custom": guess}
        changed = await shipped.change("petra", theirs, "/fields", {"custom": {**guess}})
        made = await shipped.house.client("petra").post("/v1/customers", json=body)
        told = [one.json() | {"instance": "", "trace_id": ""} for one in (changed, made)]
        assert_problem(made, 403, "not-permitted", field=field)
        assert told[0] | {"field": field} == told[1], guess


async def test_a_field_that_is_given_empty_is_not_there_from_the_start(shipped: Shipped) -> None:
    erin = shipped.house.client("erin")
    declared = {"name": "hobby", "label": {"en": "x", "zh": "x"}, "type": "text"}
    assert (await erin.post("/v1/fields", json=declared)).status_code == 201
    body = {"kind": "person", "name": "Grace", "custom": {"hobby": None}}
    made = await erin.post("/v1/customers", json=body)
    assert (made.status_code, read(made)["custom"]) == (201, {})


async def test_a_person_is_linked_to_an_organisation_that_is_seen(shipped: Shipped) -> None:
    mine = await shipped.customer("alice")
    for owner, status in (("carol", 404), ("leo", 200)):
        works = await shipped.customer(owner, kind="organisation", name="Works")
        body = {"organisation_id": works["id"], "role": "head"}
        assert (await shipped.change("alice", mine, "/links", body)).status_code == status


async def test_a_repeated_request_is_answered_again_only_while_it_is_permitted(
    shipped: Shipped,
) -> None:
    alice, once = shipped.house.client("alice"), {"Idempotency-Key": uuid4().hex}
    body = {"kind": "person", "name": "Twice"}
    made = await alice.post("/v1/customers", json=body, headers=once)
    again = await alice.post("/v1/customers", json=body, headers=once)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    moved = await shipped.change("erin", read(made), "/assign", {"owner": IDS["carol"]})
    assert moved.status_code == 200
    assert_problem(
        await alice.post("/v1/customers", json=body, headers=once), 404, "customer-not-found"
    )


async def test_a_repeated_request_shows_what_may_be_seen_of_the_customer_as_it_is_by_now(
    shipped: Shipped,
) -> None:
    shipped.give("wang", "customer:register", scope="team", clearance="confidential")
    wang, once = shipped.house.client("wang"), {"Idempotency-Key": uuid4().hex}
    body = {"kind": "person", "name": "Twice", "emails": ["a@works.example"], "owner": IDS["wang"]}
    made = read(await wang.post("/v1/customers", json=body, headers=once))
    assert made["emails"][0]["address"] == "a@works.example"
    moved = await shipped.change("erin", made, "/assign", {"owner": IDS["leo"]})
    assert moved.status_code == 200
    again = await wang.post("/v1/customers", json=body, headers=once)
    assert again.headers["idempotency-replayed"] == "true"
    shown = read(again)
    assert (shown["version"], shown["owner"], shown["emails"]) == (1, IDS["wang"], MASK)


async def test_whoever_may_erase_or_hold_may_do_so_where_it_reaches(shipped: Shipped) -> None:
    for permission in ("customer:erase", "customer:hold"):
        shipped.give("leo", permission, scope="own", clearance="restricted")
    mine, alices, carols = [await shipped.customer(name) for name in ("leo", "alice", "carol")]
    why = {"reason": "no-longer-needed"}
    for its, status in ((alices, 403), (carols, 404)):
        assert (await shipped.change("leo", its, "/erasure", why)).status_code == status
        hold = await shipped.change("leo", its, "/holds", {"reason": "court"})
        assert hold.status_code == status
    assert (await shipped.change("leo", mine, "/erasure", why)).status_code in {200, 202}
    assert (await shipped.change("petra", alices, "/erasure", why)).status_code in {200, 202}


async def test_a_view_is_not_saved_that_looks_by_what_is_not_shown(shipped: Shipped) -> None:
    body = {"name": "Germans", "query": {"country": "DE"}}
    views = {name: await shipped.house.client(name).post("/v1/views", json=body)
             for name in ("alice", "carol")}  # fmt: skip
    assert_problem(views["alice"], 403, "not-permitted", field="country")
    assert views["carol"].status_code == 201
    # Shared, it does not tell what it looks by to whoever does not see that.
    body = {"name": "Found", "query": {"country": "DE", "q": "+4917", "stage": "lead"}}
    shared = await shipped.house.client("carol").post("/v1/views", json={**body, "shared": True})
    path = f"/v1/views/{read(shared)['id']}"
    for name, hidden in (("carol", False), ("alice", True)):
        client = shipped.house.client(name)
        (listed,) = [one for one in read(await client.get("/v1/views"))["items"]
                     if one["name"] == "Found"]  # fmt: skip
        for one in (listed, read(await client.get(path))):
            values = (["DE"], ["+4917"]) if not hidden else ([MASK], [MASK])
            assert (one["query"]["country"], one["query"]["q"]) == values
            assert one["query"]["stage"] == ["lead"]
