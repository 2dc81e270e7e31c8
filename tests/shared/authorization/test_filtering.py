"""A row filter lists what the check allows: nothing of nobody's, nothing by a trick of SQL."""

from typing import Any
from uuid import UUID

import asyncpg

from shared.authorization.condition_sql import Column
from shared.authorization.filtering import Columns, row_filter
from shared.authorization.questions import PLAINLY, Circumstances
from shared.authorization.reading import moment
from tests.shared.authorization.story import (
    ANA,
    BEN,
    CAT,
    DAN,
    NOON,
    SECOND,
    Story,
    a_customer,
    a_story,
)

READ = "customer:read"
COLUMNS = Columns(
    "customer", "rows.id", "rows.owner", "rows.sensitivity",
    attributes={"status": Column("rows.status", "text")},
)  # fmt: skip
TEXT = Columns("customer", "rows.id::text", "rows.owner::text", "0", "text")


def written(
    story: Story,
    columns: Columns = COLUMNS,
    around: Circumstances = PLAINLY,
    **more: Any,  # noqa: ANN401
) -> tuple[str, list[Any]]:
    given: list[Any] = []

    def bind(value: object) -> str:
        given.append(value)
        return f"${len(given)}"

    where = row_filter(
        story.world, ANA, READ, columns, bind, moment(NOON), 0.0, around, **more
    )  # fmt: skip
    return where.sql, given


async def listed(rows: asyncpg.Connection, story: Story, **more: Any) -> list[int]:  # noqa: ANN401
    sql, given = written(story, **more)
    found = await rows.fetch(f"select id from rows where {sql} order by id", *given)
    return [row["id"].int for row in found]


async def fill(rows: asyncpg.Connection, *customers: tuple[str | None, int | None]) -> None:
    await rows.copy_records_to_table(
        "rows",
        columns=["id", "owner", "sensitivity"],
        records=[(UUID(int=number), *one) for number, one in enumerate(customers)],
    )


async def test_rows_of_nobody_and_unclassified_rows_are_for_all_and_for_restricted_alone(
    rows: asyncpg.Connection,
) -> None:
    await fill(rows, (ANA, 0), (None, 0), (ANA, None), (None, None), (CAT, 2))
    seen = {
        ways: await listed(rows, a_story().role("r", customer_read=ways).give(ANA, "r"))
        for ways in (
            "own/restricted", "department/public", "all/public", "all/confidential",
            "all/restricted", "own/restricted all/public",
        )
    }  # fmt: skip
    assert seen == {
        "own/restricted": [0, 2],
        "department/public": [0],
        "all/public": [0, 1],
        "all/confidential": [0, 1, 4],
        "all/restricted": [0, 1, 2, 3, 4],
        "own/restricted all/public": [0, 1, 2],
    }


async def test_no_team_eleven_teams_and_teams_of_five_thousand_are_all_one_list(
    rows: asyncpg.Connection,
) -> None:
    await fill(rows, (ANA, 0), (BEN, 0), (CAT, 0))
    story = a_story().role("r", customer_read="team/public").give(ANA, "r")
    assert await listed(rows, story.of(ANA, "SubjectMoved", teams=[])) == [0]
    eleven = [f"team-{number}" for number in range(10)]
    assert await listed(rows, story.of(ANA, "SubjectMoved", teams=[*eleven, "south"])) == [0, 2]
    for number in range(5_000):
        story.person(str(UUID(int=10**6 + number)), *eleven)
    await fill_more(rows, str(UUID(int=10**6 + 4_999)))
    sql, given = written(story)
    assert await listed(rows, story) == [0, 2, 77]
    assert sql.count("$") == len(given) == 1
    assert len(given[0]) == 5_002


async def fill_more(rows: asyncpg.Connection, owner: str) -> None:
    await rows.execute("insert into rows values ($1, $2, 0)", UUID(int=77), owner)


async def test_whoever_may_nothing_gets_no_rows_and_binds_no_values(
    rows: asyncpg.Connection,
) -> None:
    await fill(rows, (ANA, 0))
    assert written(a_story()) == ("false", [])
    story = a_story().role("r", customer_read="all/restricted").give(ANA, "r", until=NOON)
    assert written(story) == ("false", [])
    story.give(ANA, "r", scope="own").give(ANA, permission=READ, effect="deny")
    assert written(story) == ("false", [])
    assert await listed(rows, story) == []


async def test_what_cannot_be_an_id_selects_no_row_and_breaks_no_statement(
    rows: asyncpg.Connection,
) -> None:
    await fill(rows, (ANA, 0), (BEN, 0))
    ben = str(UUID(int=1))
    tricks = ["' or true --", "$1", "\0", "\ud800", "{}", "%", ben.upper() + " ", "urn:uuid:" + ben]
    story = a_story().role("r", customer_read="all/public").give(ANA, "r", records=tricks)
    for columns in (COLUMNS, TEXT):
        assert await listed(rows, story, columns=columns) == []
    story.give(ANA, "r", records=[*tricks, ben])
    for columns in (COLUMNS, TEXT):
        assert await listed(rows, story, columns=columns) == [1]


async def test_an_id_in_capitals_is_another_id_to_a_list_as_it_is_to_a_check(
    rows: asyncpg.Connection,
) -> None:
    its = "00000000-0000-4000-8000-0000000000ff"
    await rows.execute("insert into rows values ($1, $2, 0)", its, ANA)
    for told, seen in ((its, [UUID(its).int]), (its.upper(), [])):
        story = a_story().role("r", customer_read="all/public").give(ANA, "r", records=[told])
        assert await listed(rows, story) == seen
        assert (story.code(ANA, READ, a_customer(ANA, id_=its)) == "allowed") is bool(seen)


async def test_a_condition_is_asked_of_the_row_and_of_who_asks(rows: asyncpg.Connection) -> None:
    await fill(rows, (ANA, 0), (BEN, 0), (CAT, 0))
    await rows.execute("update rows set status = case when owner = $1 then 'x''y' end", ANA)
    same = {"attribute": "resource.status", "is": "eq", "to": "context.status"}
    story = a_story().give(ANA, permission=READ, scope="all", condition=same)
    assert written(story) == ("false", [])
    around = Circumstances(context={"status": "x'y"})
    assert await listed(rows, story, around=around) == [0]
    assert await listed(rows, story, around=Circumstances(context={"status": "\0"})) == []
    unlike = {"not": same}
    story = a_story().give(ANA, permission=READ, scope="all", condition=unlike)
    assert await listed(rows, story, around=around) == []
    story.role("r", customer_read="all/public").give(ANA, "r")
    story.give(ANA, permission=READ, effect="deny", condition=same)
    assert await listed(rows, story, around=Circumstances(context={"status": "z"})) == [0]


def test_texts_are_ordered_as_a_check_orders_them_whatever_the_columns_collation() -> None:
    before = {"attribute": "resource.status", "is": "lt", "value": "a"}
    sql, given = written(a_story().give(ANA, permission=READ, scope="all", condition=before))
    assert '(rows.status collate "C" < $1::text collate "C")' in sql
    assert given == ["a"]


async def test_rows_on_which_the_other_duty_was_done_are_not_listed(
    rows: asyncpg.Connection,
) -> None:
    await fill(rows, (ANA, 0), (BEN, 0))
    story = a_story().role("r", customer_read="all/public").give(ANA, "r")
    story.policy("SodRuleDefined", rule="x", kind="dynamic", first=[READ], second=["a:b"])
    assert written(story) == ("false", [])
    assert await listed(rows, story, done={}) == [0, 1]
    assert await listed(rows, story, done={"a:b": [str(UUID(int=1))]}) == [0]
    story.of(ANA, "SodExceptionGiven", rule="x", until=(NOON + SECOND).isoformat())
    assert await listed(rows, story) == [0, 1]


async def test_a_reorganisation_changes_the_list_and_no_row(rows: asyncpg.Connection) -> None:
    await fill(rows, (ANA, 0), (BEN, 0), (CAT, 0), (DAN, 0))
    story = a_story().role("r", customer_read="department/public").give(ANA, "r")
    assert await listed(rows, story) == [0, 1]
    story.of(CAT, "SubjectMoved", department="sales/emea").of(BEN, "SubjectMoved", teams=[])
    story.of(BEN, "SubjectMoved", department="finance")
    assert await listed(rows, story) == [0, 2]


def test_a_stale_replica_lists_nothing_and_says_so() -> None:
    story = a_story().role("r", customer_read="all/public").give(ANA, "r")
    where = row_filter(story.world, ANA, READ, COLUMNS, str, moment(NOON), 301.0)
    assert (where.sql, where.answer[1]) == ("false", "stale")
    where = row_filter(story.world, ANA, READ, COLUMNS, str, moment(NOON), 300.0)
    assert (where.sql, where.answer[1]) == (
        "coalesce(rows.sensitivity, 3) <= 0", "allowed"
    )  # fmt: skip
