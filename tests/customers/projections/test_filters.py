"""The directory is filtered by any field, in any order, page by page; archived ones are apart."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from services.customers.domain.customer.contact_events import PostalAddress
from services.customers.domain.customer.events import (
    CustomerArchived,
    CustomerErasureStarted,
    CustomerEvent,
    CustomerNoteAdded,
    CustomerRegistered,
    CustomerStageChanged,
    CustomerTagged,
    CustomerUntagged,
    CustomerWithdrawn,
    NoteText,
    RegisteredDetails,
    Stage,
    TagDetails,
)
from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.wanted import Wanted
from tests.customers.projections.reaching import ALL_OF_IT
from tests.customers.projections.test_directory import came

OWNER = UUID(int=77)


def somebody(
    name: str, stage: Stage = "lead", country: str = "DE", tags: tuple[str, ...] = ()
) -> CustomerRegistered:
    place = PostalAddress(id=UUID(int=5), city="Ulm", country=country)
    details = RegisteredDetails(
        name=name,
        addresses=(place,),
        tags=tags,
        custom={"size": "big", "regions": ("north", "south")},
    )
    return CustomerRegistered(
        kind="person", key_commitment="c", stage=stage, owner=OWNER, personal=details
    )


@pytest.fixture
async def street(views: asyncpg.Connection) -> asyncpg.Connection:
    """Return read models with nine customers."""
    stages: tuple[Stage, ...] = ("lead", "active", "closed")
    people = [
        came(
            UUID(int=n), 1, somebody(f"Name {n}", stages[n % 3], "AT" if n > 6 else "DE", ("VIP",))
        )
        for n in range(1, 9)
    ]
    await Directory().apply(
        views, [*people, came(UUID(int=9), 1, somebody("Name 9", tags=("new",)))]
    )
    return views


async def after(views: asyncpg.Connection, number: int, *events: CustomerEvent) -> None:
    """Let these happen to one of the street, each in a batch of its own."""
    for version, event in enumerate(events, start=2):
        await Directory().apply(views, [came(UUID(int=number), version, event)])


async def found(queries: DirectoryQueries, wanted: Wanted, size: int = 50) -> list[str | None]:
    """Return the names on all pages."""
    names: list[str | None] = []
    page = await queries.page(wanted, None, size, ALL_OF_IT)
    names += [row.name for row in page.rows]
    while page.next_place is not None:
        page = await queries.page(wanted, page.next_place, size, ALL_OF_IT)
        names += [row.name for row in page.rows]
    return names


def by(*filters: tuple[str, str], text: str | None = None) -> Wanted:
    return Wanted(text, filters)


async def test_every_field_filters_and_all_filters_must_hold(
    street: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    assert len(await found(queries, by(("owner", str(OWNER))))) == 9
    assert await found(queries, by(("stage", "active"))) == ["Name 1", "Name 4", "Name 7"]
    assert await found(queries, by(("country", "AT"))) == ["Name 7", "Name 8"]
    assert await found(queries, by(("country", "AT"), ("stage", "active"))) == ["Name 7"]
    assert await found(queries, by(("tag", "vip"), ("tag", "new"))) == []
    assert len(await found(queries, by(("tag", "vip")))) == 8
    assert await found(queries, by(("kind", "organisation"))) == []
    assert len(await found(queries, by(("custom.size", "BIG"), ("custom.regions", "south")))) == 9
    assert await found(queries, by(("custom.size", "small"))) == []
    assert await found(queries, by(("stage", "active"), text="name")) == [
        "Name 1",
        "Name 4",
        "Name 7",
    ]


async def test_every_order_is_the_same_in_pages_of_two(
    street: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    await after(street, 3, CustomerTagged(personal=TagDetails(tags=("x",))))
    for sort in ("name", "-name", "changed_at", "-changed_at", "registered_at", "-registered_at"):
        for text in (None, "name"):
            whole = await found(queries, Wanted(text, sort=sort))
            assert len(whole) == 9
            assert await found(queries, Wanted(text, sort=sort), size=2) == whole
    assert (await found(queries, Wanted(sort="-changed_at")))[0] == "Name 3"


async def test_a_change_is_what_is_filtered_by_at_once(
    street: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    untagged = CustomerUntagged(personal=TagDetails(tags=("VIP",)))
    await after(street, 1, CustomerStageChanged(stage="closed"), untagged)
    assert "Name 1" in await found(queries, by(("stage", "closed")))
    assert "Name 1" not in await found(queries, by(("tag", "vip")))


async def test_who_is_archived_is_left_out_unless_asked_for(
    street: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    await after(street, 2, CustomerArchived())
    for text in (None, "name"):
        assert "Name 2" not in await found(queries, Wanted(text))
        assert await found(queries, Wanted(text, archived="only")) == ["Name 2"]
        assert len(await found(queries, Wanted(text, archived="also"))) == 9


async def test_who_is_withdrawn_is_gone_and_what_follows_is_no_gap(
    street: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    await after(street, 2, CustomerWithdrawn(), CustomerErasureStarted())
    assert "Name 2" not in await found(queries, Wanted(archived="also"))
    assert await found(queries, Wanted("name 2")) == []
    assert await street.fetchval("select count(*) from directory_text") == 8


async def test_a_change_of_nothing_that_is_searched_writes_no_text(
    street: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    before = await street.fetch("select id, xmin::text from directory_text order by id")
    await after(
        street, 2, CustomerStageChanged(stage="lead"),
        CustomerNoteAdded(note_id=UUID(int=3), personal=NoteText(text="called twice")),
    )  # fmt: skip
    assert await street.fetch("select id, xmin::text from directory_text order by id") == before
    kept = await street.fetchval("select string_agg(d::text, '') from directory d")
    assert "called twice" not in kept


async def test_all_are_read_in_batches_by_id_with_the_same_filters(
    street: asyncpg.Connection, queries: DirectoryQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.customers.projections.directory_queries.BATCH", 2)

    async def every(wanted: Wanted) -> list[str | None]:
        return [
            row["name"] async for rows in queries.every(wanted, lambda: ALL_OF_IT) for row in rows
        ]

    assert await every(Wanted()) == [f"Name {n}" for n in range(1, 10)]
    assert await every(by(("stage", "active"))) == ["Name 1", "Name 4", "Name 7"]
    assert await every(by(("stage", "active"), text="name 4")) == ["Name 4"]
    # Whoever breaks off while the next are being read leaves nothing behind.
    broken_off = queries.every(Wanted(), lambda: ALL_OF_IT)
    assert len(await anext(broken_off)) == 2
    await broken_off.aclose()
    assert len(asyncio.all_tasks()) == 1
    assert (await queries.page(Wanted(), None, 1, ALL_OF_IT)).rows[0].name == "Name 1"
