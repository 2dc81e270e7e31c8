"""Of a text that too many hold, all pages are one choice: names, whole words, then the others."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from services.customers.domain.customer.events import CustomerRegistered, RegisteredDetails
from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.meant import CANDIDATES, LOOKED_AT
from services.customers.projections.wanted import Wanted
from shared.postgres.lanes import Lanes
from tests.customers.projections.reaching import ALL_OF_IT
from tests.customers.projections.test_directory import came
from tests.ground.servers import Databases

NAMED = [f"Berg {n}" for n in range(60)]
WITHIN = [f"Aa {n} Lindberg" for n in range(600)]
WHOLE = [f"Zz {n} Berg" for n in range(100)]
VIP = [("tag", "vip")]


async def fill(views: asyncpg.Connection, names: Sequence[str], *tags: str, first: int = 1) -> None:
    """Register customers of these names."""
    batch = [
        came(
            UUID(int=n),
            1,
            CustomerRegistered(
                kind="person",
                key_commitment="c",
                personal=RegisteredDetails(name=name, tags=tags),
            ),
        )
        for n, name in enumerate(names, start=first)
    ]
    await Directory().apply(views, batch)


async def names(lanes: Lanes, wanted: Wanted, size: int) -> tuple[list[str], bool]:
    """Return the names of all pages, and whether the last one says that more match.

    The first does not know it yet where names that begin with the text fill it.
    """
    queries, found = DirectoryQueries(lanes), list[str]()
    page = await queries.page(wanted, None, size, ALL_OF_IT)
    while True:
        found += [str(row.name) for row in page.rows]
        if page.next_place is None:
            return found, page.is_cut
        page = await queries.page(wanted, page.next_place, size, ALL_OF_IT)


@pytest.mark.parametrize("sort", [None, "name"])
@pytest.mark.parametrize("begin", [0, 3, 60])
async def test_pages_of_every_size_are_of_the_same_choice(
    views: asyncpg.Connection, lanes: Lanes, begin: int, sort: str | None
) -> None:
    await fill(views, [*NAMED[:begin], *WITHIN, *WHOLE])
    wanted = Wanted("berg", sort=sort)
    found, is_cut = await names(lanes, wanted, 500)
    assert is_cut
    assert len(found) == len(set(found)) == CANDIDATES
    assert set(found) >= {*NAMED[:begin], *WHOLE}
    for size in (50, 59, 60, 61, 200):
        assert await names(lanes, wanted, size) == (found, True), size


async def test_several_words_are_paged_as_one_choice_too(
    views: asyncpg.Connection, lanes: Lanes
) -> None:
    begin = [f"Anna Meyer {n}" for n in range(45)]
    await fill(views, [*begin, *(f"Dr {n} Anna Meyer" for n in range(500))])
    found, is_cut = await names(lanes, Wanted("anna meyer"), 500)
    assert (len(found), is_cut) == (CANDIDATES, True)
    assert set(found[:45]) == set(begin)
    for size in (44, 45, 46, 100):
        assert await names(lanes, Wanted("anna meyer"), size) == (found, True), size


async def test_with_a_filter_names_and_whole_words_are_chosen_first(
    views: asyncpg.Connection, lanes: Lanes
) -> None:
    await fill(views, [*NAMED, *WITHIN, *WHOLE], "vip")
    found, is_cut = await names(lanes, Wanted("berg", VIP), 50)
    assert (len(found), is_cut) == (CANDIDATES, True)
    assert set(found) >= {*NAMED, *WHOLE}


@pytest.mark.parametrize("sort", [None, "name"])
async def test_whom_a_filter_leaves_few_of_are_all_found_however_many_hold_the_text(
    views: asyncpg.Connection, lanes: Lanes, sort: str | None
) -> None:
    others = [f"Aa {n} Lindberg" for n in range(LOOKED_AT + 500)]
    vips = [*NAMED[:25], *WITHIN[:40]]
    await fill(views, others)
    await fill(views, vips, "vip", first=len(others) + 1)
    found, is_cut = await names(lanes, Wanted("berg", VIP, sort=sort), 50)
    assert (sorted(found), is_cut) == (sorted(vips), False)


async def test_that_more_match_is_said_also_where_those_looked_at_are_archived(
    views: asyncpg.Connection, lanes: Lanes, databases: Databases
) -> None:
    await fill(views, [*NAMED[:1], *WITHIN])
    admin = await asyncpg.connect(databases.admin_dsn("views"))
    await admin.execute(
        """update directory_1.directory set is_archived = true where name <> 'Berg 0' and id in (
        select id from directory_1.directory_text order by ctid limit 400)"""
    )
    await admin.close()
    assert await names(lanes, Wanted("berg"), 50) == (NAMED[:1], True)


@pytest.mark.parametrize("sort", [None, "-name"])
async def test_misspelt_texts_are_paged_as_one_choice_too(
    views: asyncpg.Connection, lanes: Lanes, sort: str | None
) -> None:
    await fill(views, [f"Zoe {n} Schmidt" for n in range(CANDIDATES + 100)])
    wanted = Wanted("schmitd", sort=sort)
    found, is_cut = await names(lanes, wanted, 500)
    assert is_cut
    assert len(set(found)) == CANDIDATES
    assert found == sorted(found, reverse=sort is not None)
    for size in (50, 99):
        assert await names(lanes, wanted, size) == (found, True), size
