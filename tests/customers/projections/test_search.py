"""A text finds whom a person expects, says why, and finds nobody else."""

from uuid import UUID

import asyncpg

from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.meant import CANDIDATES
from services.customers.projections.wanted import Wanted
from tests.customers.projections.reaching import ALL_OF_IT
from tests.customers.projections.search_examples import EXAMPLES, PEOPLE, registered_of
from tests.customers.projections.test_directory import came, registered, renamed


async def names(queries: DirectoryQueries, text: str) -> list[str | None]:
    page = await queries.page(Wanted(text), None, 50, ALL_OF_IT)
    return [row.name for row in page.rows]


async def test_a_person_finds_whom_they_expect_and_reads_why(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    people = [came(UUID(int=n), 1, registered_of(one)) for n, one in enumerate(PEOPLE, start=1)]
    await Directory().apply(views, people)
    wrong = []
    for example in EXAMPLES:
        page = await queries.page(Wanted(example.text), None, 50, ALL_OF_IT)
        found = [str(row.name) for row in page.rows]
        told = [" ".join((match.field, match.how)) for row in page.rows for match in row.matched]
        others = [name for name in found if name not in example.found]
        if (
            set(example.found) - set(found)
            or len(others) > example.others
            or (example.how and example.how not in told)
            or (example.found and found[0] not in example.found)
        ):
            wrong.append((example.text, found, told))
    assert wrong == []
    assert len(EXAMPLES) >= 60


async def test_what_is_the_name_comes_before_what_only_holds_it(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    ranked = ["Berg", "Bergmann", "Anna Berg", "Anna Lindberg"]
    people = [came(UUID(int=n), 1, registered(name)) for n, name in enumerate(ranked, start=1)]
    await Directory().apply(views, people)
    assert await names(queries, "berg") == ranked
    first = await queries.page(Wanted("berg"), None, 3, ALL_OF_IT)
    assert first.next_place is not None
    rest = await queries.page(Wanted("berg"), first.next_place, 3, ALL_OF_IT)
    assert [row.name for row in (*first.rows, *rest.rows)] == ranked
    turned = await queries.page(Wanted("berg", sort="-name"), None, 50, ALL_OF_IT)
    assert [row.name for row in turned.rows] == sorted(ranked, reverse=True)


async def test_of_a_text_that_too_many_hold_those_that_begin_with_it_are_never_missing(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    many = [came(UUID(int=n), 1, registered(f"X{n} Smith")) for n in range(1, CANDIDATES + 2)]
    last = UUID(int=CANDIDATES + 2)
    await Directory().apply(views, [*many, came(last, 1, registered("Smith & Co"))])
    page = await queries.page(Wanted("smith"), None, 50, ALL_OF_IT)
    assert page.is_cut
    assert page.rows[0].name == "Smith & Co"
    few = await queries.page(Wanted("smith x7"), None, 50, ALL_OF_IT)
    assert not few.is_cut
    assert len(few.rows) == len({7, *range(70, 80)})


async def test_a_text_is_forgotten_as_soon_as_it_is_not_there_any_more(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    await Directory().apply(views, [came(UUID(int=1), 1, registered("Ada Lovelace"))])
    await Directory().apply(views, [came(UUID(int=1), 2, renamed("Ada King"))])
    assert await names(queries, "lovelace") == []
    assert await names(queries, "king") == ["Ada King"]


async def test_a_page_filled_by_names_that_begin_with_the_text_is_followed_by_who_only_holds_it(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    begin = [f"Berg {n:02}" for n in range(7)]
    hold = ["Anna Berg", "Zoe Lindberg"]
    people = [came(UUID(int=n), 1, registered(name)) for n, name in enumerate(begin + hold, 1)]
    await Directory().apply(views, people)
    seen: list[str | None] = []
    page = await queries.page(Wanted("berg"), None, 3, ALL_OF_IT)
    seen += [row.name for row in page.rows]
    while page.next_place is not None:
        page = await queries.page(Wanted("berg"), page.next_place, 3, ALL_OF_IT)
        seen += [row.name for row in page.rows]
    assert seen == begin + hold


async def test_several_words_that_begin_a_name_mean_whole_words_elsewhere(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    ranked = ["Anna Meyer", "Anna Meyerhoff", "Dr. Anna Meyer", "Meyer, Anna"]
    others = ["Johanna Meyer", "Anna Mey"]
    people = [came(UUID(int=n), 1, registered(name)) for n, name in enumerate(ranked + others, 1)]
    await Directory().apply(views, people)
    for size in (1, 2, 3, 50):
        page = await queries.page(Wanted("anna meyer"), None, size, ALL_OF_IT)
        seen = [row.name for row in page.rows]
        while page.next_place is not None:
            page = await queries.page(Wanted("anna meyer"), page.next_place, size, ALL_OF_IT)
            seen += [row.name for row in page.rows]
        assert seen == ranked, size
    turned = await queries.page(Wanted("anna meyer", sort="-name"), None, 50, ALL_OF_IT)
    assert [row.name for row in turned.rows] == sorted(ranked, reverse=True)
    assert "Johanna Meyer" in await names(queries, "meyer anna"), "nobody's name begins with it"


async def test_a_whole_mailbox_means_its_customer_unless_it_begins_a_name(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    people = [
        registered_of((name, email, "", "", "", ""))
        for name, email in (
            ("Ada", "web24@one.example"),
            ("Web24 Berlin", "hello@two.example"),
            ("Grace", "grace.h@three.example"),
            ("Alan", "not.grace.hopper@four.example"),
        )
    ]
    await Directory().apply(views, [came(UUID(int=n), 1, one) for n, one in enumerate(people, 1)])
    assert await names(queries, "grace.h") == ["Grace"]
    assert await names(queries, "grace.ho") == ["Alan"]
    assert await names(queries, "web24") == ["Ada", "Web24 Berlin"]


async def test_each_of_several_words_may_be_misspelt(
    views: asyncpg.Connection, queries: DirectoryQueries
) -> None:
    people = ["John Smith", "Joan Smith", "John Smythe", "Paul Jones"]
    await Directory().apply(
        views, [came(UUID(int=n), 1, registered(name)) for n, name in enumerate(people, 1)]
    )
    assert await names(queries, "jhon smiht") == ["John Smith"]
    assert await names(queries, "jhon smihtt") == []
