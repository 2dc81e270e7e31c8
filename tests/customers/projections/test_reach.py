"""Lists and searches hold exactly what each check allows, and find nobody by what is hidden."""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

import asyncpg
import pytest

from services.customers.application.customer_records import TYPE, facts_of_record
from services.customers.domain.customer.contact_events import EmailAddress, PhoneNumber
from services.customers.domain.customer.events import (
    CustomerArchived,
    CustomerErased,
    CustomerErasureStarted,
    CustomerEvent,
    CustomerRegistered,
    RegisteredDetails,
    Stage,
)
from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import DirectoryQueries, DirectoryRow
from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Wanted
from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.permissions import Permission
from shared.authorization.rights import Rights
from shared.authorization.state import PermissionEvent
from tests.customers.projections.test_directory import came
from tests.ground.rights import FixedWorld, demo_world

SEED: Final = 20_261_122
CUSTOMERS: Final = 400
READ: Final = Permission.CUSTOMERS_READ
ODD = "00000000-0000-4000-8000-0000000000f1"
FEW = [str(UUID(int=n)) for n in (3, 8, 21)]
ALICE, LEO = (DEMO_PEOPLE[name].subject for name in ("alice", "leo"))
CONDITIONS: Final[tuple[Mapping[str, Any], ...]] = (
    {"attribute": "resource.tags", "is": "contains", "value": "vip"},
    {"attribute": "resource.stage", "is": "in", "value": ["lead", "closed"]},
    {"attribute": "resource.stage", "is": "absent"},
    {"not": {"attribute": "resource.archived", "is": "eq", "value": True}},
    {"attribute": "resource.kind", "is": "ne", "value": "person"},
    {"attribute": "resource.owner", "is": "eq", "to": "subject.id"},
)


def of(person: str) -> Rights:
    return FixedWorld(demo_world()).rights(person)


def of_the_odd_one(
    *grants: Mapping[str, Any],
    teams: Sequence[str] = (),
    leo: Sequence[str] | None = None,
    removed: bool = False,
) -> Rights:
    """Return the rights of somebody who has nothing but these grants, and these teams.

    `leo`: his teams; `removed`: customers have no class any more.
    """
    first, me = demo_world().position + 1, f"subject-{ODD}"
    joined = {"kind": "person", "department": "sales/north", "teams": list(teams)}
    events: list[tuple[str, str, Mapping[str, Any]]] = [(me, "SubjectJoined", joined)]
    events += [
        (me, "GrantGiven",
         {"grant_id": f"g{n}", "effect": "allow", "permission": READ.value, **one})
        for n, one in enumerate(grants)
    ]  # fmt: skip
    if leo is not None:
        events.append((f"subject-{LEO}", "SubjectMoved", {"teams": list(leo)}))
    if removed:
        its = {"resource_type": TYPE, "field": "*"}
        events.append(("policy", "DataClassRemoved", its))
    world = demo_world().after(
        PermissionEvent(first + n, stream, type_, data)
        for n, (stream, type_, data) in enumerate(events)
    )
    return Rights(FixedWorld(world).basis(), ODD)


def everybody() -> Iterator[tuple[Rights, Permission]]:
    permissions = (READ, Permission.CUSTOMERS_HISTORY, Permission.CUSTOMERS_EXPORT)
    for person in DEMO_PEOPLE:
        for permission in permissions:
            yield of(person), permission
    for condition in CONDITIONS:
        yield of_the_odd_one({"condition": condition}), READ
        yield of_the_odd_one({}, {"effect": "deny", "condition": condition}), READ
    yield of_the_odd_one({"records": FEW}, {"scope": "department", "clearance": "internal"}), READ
    yield of_the_odd_one({"scope": "own"}, {"effect": "deny", "records": FEW}), READ


@pytest.fixture
async def queries(views: asyncpg.Connection, queries: DirectoryQueries) -> DirectoryQueries:
    """Return the queries of a directory whose customers have owners by chance."""
    drawn = random.Random(SEED)  # noqa: S311 - the same customers in every run
    owners = [None, UUID(ODD), UUID(int=99), *(UUID(p.subject) for p in DEMO_PEOPLE.values())]
    batch = []
    for number in range(1, CUSTOMERS + 1):
        details = RegisteredDetails(
            name=f"Name {number}", tags=("vip",) if drawn.random() < 0.3 else ()
        )
        stage: Stage = drawn.choice(get_args(Stage))
        kind: Any = drawn.choice(("person", "organisation"))
        events: list[CustomerEvent] = [
            CustomerRegistered(
                kind=kind, key_commitment="c", stage=stage, owner=drawn.choice(owners),
                personal=details,
            )
        ]  # fmt: skip
        if drawn.random() < 0.2:
            events.append(CustomerArchived())
        elif drawn.random() < 0.1:
            events += [CustomerErasureStarted(), CustomerErased(kid="k")]
        batch += [came(UUID(int=number), v, event) for v, event in enumerate(events, start=1)]
    await Directory().apply(views, batch)
    return queries


async def every(
    queries: DirectoryQueries, wanted: Wanted, rights: Rights, permission: Permission = READ
) -> list[DirectoryRow]:
    """Return what all pages hold, each made anew."""
    rows: list[DirectoryRow] = []
    place = None
    while True:
        page = await queries.page(wanted, place, 60, Reach(rights, permission))
        rows += page.rows
        place = page.next_place
        if place is None:
            return rows


def _same(reach: Reach) -> Reach:
    return reach


@pytest.mark.parametrize("few_rows", [2_000, -1])
async def test_a_list_holds_exactly_the_customers_that_a_check_of_each_allows(
    queries: DirectoryQueries, few_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if few_rows < 0:
        monkeypatch.setattr("services.customers.projections.owned.FEW_ROWS", few_rows)
        monkeypatch.setattr("services.customers.projections.owned.MANY_OWNERS", 0)
    ids = [UUID(int=number) for number in range(1, CUSTOMERS + 1)]
    every_row = await queries.rows_of(ids)
    assert len(every_row) == CUSTOMERS
    sizes = set()
    for rights, permission in everybody():
        allowed = {
            row.id
            for row in every_row.values()
            if rights.may(
                permission,
                rights.record(
                    TYPE, str(row.id), row.owner,
                    facts_of_record(row.kind, row.stage, row.details.get("tags", ()),
                                    is_archived=row.is_archived),
                ),
            )
        }  # fmt: skip
        sizes.add(len(allowed))
        leads = Wanted(filters=[("stage", "lead"), ("tag", "vip")], archived="also")
        those = {row.id for row in await every(queries, leads, rights, permission)}
        assert those == {
            one
            for one in allowed
            if every_row[one].stage == "lead" and "vip" in every_row[one].details.get("tags", ())
        }
        for sort in ("name", "-changed_at"):
            found = await every(queries, Wanted(archived="also", sort=sort), rights, permission)
            assert [row.id for row in found] == list(dict.fromkeys(row.id for row in found))
            assert {row.id for row in found} == allowed, (rights.subject, permission)
            names = [row.name or "" for row in found]
            assert sort != "name" or names == sorted(names)
        reach = Reach(rights, permission)
        exported = [
            UUID(row["id"])
            async for rows in queries.every(Wanted(archived="also"), partial(_same, reach))
            for row in rows
        ]
        assert set(exported) == {one for one in allowed if not every_row[one].is_erased}
    assert {0, CUSTOMERS} < sizes


async def told(rights: Rights, queries: DirectoryQueries, text: str) -> list[Any]:
    """Return everything that a search tells."""
    page = await queries.page(Wanted(text), None, 50, Reach(rights, READ))
    return [page.is_cut, page.next_place, *((row.id, row.matched) for row in page.rows)]


def somebody(name: str, email: str, phone: str, owner: str) -> CustomerEvent:
    details = RegisteredDetails(
        name=name,
        emails=(EmailAddress(id=UUID(int=1), address=email),),
        phones=(PhoneNumber(id=UUID(int=2), given=phone, number=phone),),
    )
    return CustomerRegistered(
        kind="person", key_commitment="c", owner=UUID(owner), personal=details
    )


@pytest.mark.parametrize("few_rows", [2_000, -1])
async def test_nobody_is_found_by_an_address_that_the_searcher_may_not_see(
    views: asyncpg.Connection, queries: DirectoryQueries, few_rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("services.customers.projections.owned.FEW_ROWS", few_rows)
    first, second = UUID(int=9001), UUID(int=9002)
    mine = somebody("Ada Lovelace", "ada17@works.example", "+491711234567", ALICE)
    leos = somebody("Bea Lovelace", "bea18@works.example", "+491719876543", LEO)
    await Directory().apply(views, [came(first, 1, mine), came(second, 1, leos)])
    texts = ("bea18@works.example", "bea18", "+491719876543", "9876", "bea18@", "lovelace bea18")
    for text in texts:
        assert await told(of("alice"), queries, text) == [False, None], text
        assert [row.id for row in await every(queries, Wanted(text), of("bob"))] == [second], text
    for text in ("works.example", "4917", "lovelace works"):
        assert [row.id for row in await every(queries, Wanted(text), of("alice"))] == [first], text
    both = await queries.page(Wanted("lovelace"), None, 50, Reach(of("alice"), READ))
    assert [row.name for row in both.rows] == ["Ada Lovelace", "Bea Lovelace"]
    # What is hidden does not say either why somebody was found, or bring them to the front.
    (row,) = await every(queries, Wanted("bea"), of("alice"))
    assert {match.field for match in row.matched} == {"name"}


@pytest.mark.parametrize("few_rows", [2_000, -1])
async def test_a_search_tells_nothing_of_customers_out_of_reach_not_even_that_there_are_many(
    views: asyncpg.Connection, queries: DirectoryQueries, few_rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("services.customers.projections.owned.FEW_ROWS", few_rows)
    texts = ("hidden", "hiden", "hidden 7", "secret.example", "s7@secret.example", "王")
    before = [await told(of("alice"), queries, text) for text in texts]
    hidden = [
        came(UUID(int=10_000 + n), 1,
             somebody(f"Hidden {n} 王", f"s{n}@secret.example", f"+4930{n:07d}", str(UUID(int=99))))
        for n in range(350)
    ]  # fmt: skip
    await Directory().apply(views, hidden)
    assert [await told(of("alice"), queries, text) for text in texts] == before
    carol = await queries.page(Wanted("secret.example"), None, 50, Reach(of("carol"), READ))
    assert carol.is_cut
    # Who is in reach is found however many others hold the text.
    await Directory().apply(
        views, [came(UUID(int=9003), 1, somebody("Not Hidden", "n@x.example", "+49309", LEO))]
    )
    monkeypatch.setattr("services.customers.projections.searching.PROBED", 100)
    found = await every(queries, Wanted("hidden"), of("alice"))
    assert [row.name for row in found] == ["Not Hidden"]
    assert not (await queries.page(Wanted("hidden"), None, 1, Reach(of("alice"), READ))).is_cut


async def test_whoever_is_in_five_thousand_teams_or_in_none_is_listed_what_checks_allow(
    queries: DirectoryQueries,
) -> None:
    teams = [str(UUID(int=50_000 + number)) for number in range(5_000)]
    for mine, theirs, seen in ((teams, teams[4_321], True), (teams[:11], teams[10], True),
                               ([], teams[0], False)):  # fmt: skip
        rights = of_the_odd_one({"scope": "team"}, teams=mine, leo=[theirs])
        rows = await every(queries, Wanted(archived="also"), rights)
        owners = {row.owner for row in rows}
        assert owners == ({ODD, LEO} if seen else {ODD})


async def test_what_nobody_owns_or_nobody_classed_is_listed_to_who_reaches_everything_alone(
    queries: DirectoryQueries,
) -> None:
    everything = of_the_odd_one({})
    for less in ({"scope": "department"}, {"clearance": "confidential"}):
        unclassed = of_the_odd_one(less, removed=True)
        owners = {row.owner for row in await every(queries, Wanted(), of_the_odd_one(less))}
        assert (None in owners) == ("clearance" in less)
        assert bool(await every(queries, Wanted(sort="-changed_at"), unclassed)) == (
            "scope" in less
        )
    assert None in {row.owner for row in await every(queries, Wanted(), everything)}
