"""Who sees what of customers under the policy and with the people of the demo, over HTTP."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest_asyncio

from shared.authorization.fields import MASK
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from tests.customers.api.asking import (
    NOBODY,
    Json,
    assert_problem,
    if_match,
    names_of,
    read,
)
from tests.customers.api.listening import listening, until_the_end
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.rights import FixedWorld, demo_decisions, demo_world, open_decisions
from tests.ground.servers import Servers, new_databases

ALICE = DEMO_PEOPLE["alice"].subject
HIDDEN_FROM_TEAM = ("emails", "phones", "addresses")


class Turned:
    """Decisions of the world that a test turns to."""

    def __init__(self) -> None:
        self.turn_to(open_decisions())

    def turn_to(self, its: FixedWorld) -> None:
        self.basis, self.has_reached = its.basis, its.has_reached

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let everybody do everything for a while."""
        before = self.basis
        self.turn_to(open_decisions())
        yield
        self.basis = before


TURNED = Turned()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(servers: Servers, broker: Broker) -> AsyncIterator[House]:
    """Return a house that decides by the policy as it ships."""
    async with (
        new_databases(servers) as databases,
        a_house(databases, broker.settings, decisions=TURNED) as its,
    ):
        await its.start()
        yield its


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def customers(house: House) -> dict[str, Json]:
    """Return a customer of alice, of leo, of carol (another department) and of nobody."""
    TURNED.turn_to(open_decisions())
    made = {}
    anybody = house.client("alice")
    for name in ("alice", "leo", "carol", "nobody"):
        body = {
            "kind": "person",
            "name": f"Customer of {name}",
            "emails": [f"secret-{name}@works.example"],
            "phones": ["+491711234567"],
            "addresses": [{"street": "Gartenweg 1", "country": "DE"}],
            "owner": DEMO_PEOPLE[name].subject if name in DEMO_PEOPLE else None,
        }
        its = read(await anybody.post("/v1/customers", json=body))
        path = f"/v1/customers/{its['id']}"
        noted = await anybody.post(
            f"{path}/notes", json={"text": "Owes money."}, headers=if_match(1)
        )
        made[name] = read(noted)
    await house.caught_up()
    TURNED.turn_to(demo_decisions())
    return made


def of(customer: Json, more: str = "") -> str:
    return f"/v1/customers/{customer['id']}{more}"


async def test_a_list_holds_what_each_person_may_see(
    house: House, customers: dict[str, Json]
) -> None:
    seen = {
        "alice": ["alice", "leo"], "wang": ["alice", "leo"], "bob": ["alice", "leo"],
        "carol": ["alice", "carol", "leo", "nobody"], "dave": ["alice", "carol", "leo", "nobody"],
        "petra": ["alice", "carol", "leo", "nobody"],
    }  # fmt: skip
    for person, owners in seen.items():
        answer = await house.client(person).get("/v1/customers")
        assert names_of(answer) == [f"Customer of {owner}" for owner in owners], person
    assert_problem(await house.client("oscar").get("/v1/customers"), 403, "not-permitted")


async def test_of_a_team_mates_customer_contacts_are_masked_and_notes_are_not_told(
    house: House, customers: dict[str, Json]
) -> None:
    alice, leos = house.client("alice"), customers["leo"]
    (listed,) = [
        item for item in read(await alice.get("/v1/customers"))["items"] if item["id"] == leos["id"]
    ]
    for shown in (listed, read(await alice.get(of(leos)))):
        assert {field: shown[field] for field in HIDDEN_FROM_TEAM} == dict.fromkeys(
            HIDDEN_FROM_TEAM, MASK
        )
        assert shown["name"] == "Customer of leo"
        assert "legal_hold" not in shown
    assert_problem(await alice.get(of(leos, "/notes")), 403, "not-permitted")
    past = read(await alice.get(of(leos, "/history")))["items"]
    changes = {change["field"]: change for item in past for change in item["changes"]}
    assert changes["emails"] == {"field": "emails", "before": MASK, "after": MASK}
    assert "notes" not in changes
    since = read(await alice.get(of(leos, "/changes?since=0")))["items"]
    assert {one["field"]: one["now"] for one in since}["emails"] == MASK
    for text in (listed, past, since):
        assert "works.example" not in str(text)
    mine = read(await alice.get(of(customers["alice"])))
    assert mine["emails"][0]["address"] == "secret-alice@works.example"
    assert len(read(await alice.get(of(customers["alice"], "/notes")))["items"]) == 1


async def test_a_customer_out_of_sight_answers_like_one_that_is_not_there(
    house: House, customers: dict[str, Json]
) -> None:
    alice, hidden = house.client("alice"), customers["carol"]
    paths = ("", "?version=1", "?as_of=2026-01-01T00:00:00Z", "/history", "/notes", "/changes",
             "/last-look", "/journey", "/journey?version=9")  # fmt: skip
    for path in paths:
        answers = [await alice.get(of(one, path)) for one in (hidden, {"id": str(NOBODY)})]
        problems = [assert_problem(answer, 404, "customer-not-found") for answer in answers]
        for problem in problems:
            del problem["trace_id"], problem["instance"]
        assert problems[0] == problems[1], path
        assert not {"etag", "daybook-token"} & answers[0].headers.keys()
    looked = await alice.put(of(hidden, "/last-look"), json={"version": 1})
    assert_problem(looked, 404, "customer-not-found")
    # What may be seen and not done is a refusal that says who can help.
    dave = house.client("dave")
    refused = assert_problem(await dave.get(of(hidden, "/access-file")), 403, "not-permitted")
    assert refused["who_can_help"]


async def test_the_past_is_seen_by_todays_rights_and_todays_owner(
    house: House, customers: dict[str, Json]
) -> None:
    async with TURNED.open():
        anybody = house.client("alice")
        body = {"kind": "person", "name": "Moved On", "emails": ["m@works.example"], "owner": ALICE}
        moved = read(await anybody.post("/v1/customers", json=body))
        given = {"owner": DEMO_PEOPLE["carol"].subject}
        answer = await anybody.post(of(moved, "/assign"), json=given, headers=if_match(1))
        assert answer.status_code == 200
    assert_problem(await house.client("alice").get(of(moved, "?version=1")), 404,
                   "customer-not-found")  # fmt: skip
    assert read(await house.client("carol").get(of(moved, "?version=1")))["owner"] == ALICE


async def test_nobody_filters_or_sorts_by_what_is_not_shown_of_every_customer(
    house: House, customers: dict[str, Json]
) -> None:
    alice, bob = house.client("alice"), house.client("bob")
    refused = assert_problem(
        await alice.get("/v1/customers?country=DE"), 403, "not-permitted", field="country"
    )
    assert refused["reason"] == "sensitivity"
    assert len(names_of(await bob.get("/v1/customers?country=DE"))) == 2
    assert names_of(await alice.get("/v1/customers?q=secret-leo@works.example")) == []
    assert names_of(await bob.get("/v1/customers?q=secret-leo@works.example")) == [
        "Customer of leo"
    ]


async def test_an_export_holds_what_its_reader_may_see_and_no_mask(
    house: House, customers: dict[str, Json]
) -> None:
    answer = await house.client("bob").get("/v1/exported-customers")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows.keys() >= {"Customer of alice", "Customer of leo"}
    assert "Customer of carol" not in rows
    assert rows["Customer of leo"]["emails"] == "secret-leo@works.example"
    TURNED.turn_to(FixedWorld(with_grant(export_of_less())))
    headers = {"Accept": "application/x-ndjson"}
    for kind in ({}, headers):
        answer = await house.client("wang").get("/v1/exported-customers", headers=kind)
        assert "Customer of leo" in answer.text
        assert "works.example" not in answer.text
        assert MASK not in answer.text
    assert '"emails"' not in answer.text
    TURNED.turn_to(demo_decisions())


def export_of_less() -> dict[str, Any]:
    wang = DEMO_PEOPLE["wang"].subject
    return {"stream": f"subject-{wang}", "permission": "customer:export", "clearance": "internal"}


def with_grant(given: dict[str, Any]) -> World:
    stream = given.pop("stream")
    data = {"grant_id": "more", "effect": "allow", **given}
    return demo_world().after([PermissionEvent(10**6, stream, "GrantGiven", data)])


async def test_what_is_of_the_whole_store_is_for_those_who_may_see_all_of_it(
    house: House, customers: dict[str, Json]
) -> None:
    feed = f"/v1/feed?topic={house.topic.name}&partition=0"
    assert (await house.client("billing").get(feed)).status_code == 200
    stream = f"subject-{ALICE}"
    for more in ({"scope": "department"}, {"records": [customers["alice"]["id"]]}):
        for permission, path in (("feed:read", feed), ("erasure:read", "/v1/erasures")):
            world = with_grant({"stream": stream, "permission": permission, **more})
            TURNED.turn_to(FixedWorld(world))
            assert_problem(await house.client("alice").get(path), 403, "not-permitted")
    TURNED.turn_to(demo_decisions())


async def test_a_watch_tells_of_customers_in_sight_and_ends_with_the_right_to_watch(
    house: House, customers: dict[str, Json]
) -> None:
    erin = house.client("erin")

    async def tag(name: str, tag: str) -> None:
        now = read(await erin.get(of(customers[name])))
        answer = await erin.post(
            of(now, "/tags"), json={"tags": [tag]}, headers=if_match(now["version"])
        )
        assert answer.status_code == 200, answer.text

    async with listening(house, "alice") as alice, listening(house, "carol") as carol:
        for listener in (alice, carol):
            assert await listener.next() is not None
        for name in ("nobody", "carol", "leo"):
            await tag(name, "seen")
        told = {str(message.data) for message in await carol.changes(3)}
        assert len(told) == 3
        assert customers["nobody"]["id"] in str(told)
        # What she is not told of lies before what she is told of next.
        await house.caught_up()
        await tag("leo", "seen again")
        for message in await alice.changes(2):
            assert (message.data or {})["id"] == customers["leo"]["id"]
        left = [PermissionEvent(10**6, f"subject-{ALICE}", "SubjectLeft", {})]
        TURNED.turn_to(FixedWorld(demo_world().after(left)))
        (ended,) = await until_the_end(alice)
        assert (ended.event, (ended.data or {})["reason"]) == ("ended", "inactive_subject")
        await tag("nobody", "seen again")
        assert (await carol.changes(2))[1].event == "changed"
    TURNED.turn_to(demo_decisions())


async def test_who_may_register_only_for_themself_owns_what_they_register(house: House) -> None:
    body = {"kind": "person", "name": "New One"}
    its = read(await house.client("alice").post("/v1/customers", json=body))
    assert its["owner"] == ALICE
    assert read(await house.client("alice").get(of(its)))["owner"] == ALICE
    assert read(await house.client("erin").post("/v1/customers", json=body))["owner"] is None


async def test_nobody_shows_secret_fields_to_themself_by_classing_them_lower(house: House) -> None:
    TURNED.turn_to(demo_decisions())
    erin = house.client("erin")
    label = {"en": "Health", "zh": "健康"}
    declared = {"name": "health_notes", "label": label, "type": "text", "sensitivity": "restricted"}
    answer = await erin.post("/v1/fields", json=declared)
    assert answer.status_code == 201, answer.text
    path, headers = "/v1/fields/health_notes/change", {"If-Match": answer.headers["ETag"]}
    refused = await erin.post(path, json={"sensitivity": "public"}, headers=headers)
    assert_problem(refused, 403, "field-too-secret", field="sensitivity")
    same = await erin.post(path, json={"required": True}, headers=headers)
    assert same.status_code == 200, same.text
