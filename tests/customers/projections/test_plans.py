"""No question to the directory reads a whole table, however many customers there are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from services.customers.domain.customer.events import CustomerRegistered, RegisteredDetails, Stage
from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import SETTINGS, DirectoryQueries
from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Wanted
from shared.authorization.permissions import Permission
from shared.errors import InvalidInputError
from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from tests.customers.projections.reaching import ALL_OF_IT
from tests.customers.projections.search_examples import PEOPLE, registered_of
from tests.customers.projections.test_directory import came
from tests.ground.rights import demo_decisions
from tests.ground.servers import Databases

CUSTOMERS = 4_000
STAGES: tuple[Stage, ...] = ("lead", "prospect", "active", "dormant", "closed")
OWNER = str(UUID(int=1))
LISTS = [
    (Wanted(), "directory_by_name"),
    (Wanted(sort="-name"), "directory_by_name"),
    (Wanted(sort="-changed_at"), "directory_by_change"),
    (Wanted(sort="registered_at"), "directory_by_registration"),
    (Wanted(filters=[("stage", "active")]), "directory_by_stage"),
    (Wanted(filters=[("owner", OWNER)]), "directory_by_owner"),
    (Wanted(filters=[("country", "DE")]), "directory_by_country"),
    (Wanted(filters=[("tag", "rare 7")]), "directory_by_facet"),
    (Wanted(filters=[("custom.size", "17")], sort="-changed_at"), "directory_by_facet"),
]
SEARCHES = [
    Wanted("ada@analytical.example"), Wanted("+442079460958"), Wanted("0958"), Wanted("ada"),
    Wanted("lovelase"), Wanted("müller"), Wanted("王"), Wanted("海望"), Wanted("hw"), Wanted("%"),
    Wanted("name"), Wanted("name", sort="-changed_at"), Wanted("name", [("stage", "closed")]),
    Wanted("name", [("tag", "rare 7"), ("kind", "person")]), Wanted("@work.example"),
]  # fmt: skip


class Explaining:
    """Asks like a connection, and keeps the plan of everything that is asked."""

    def __init__(self, connection: asyncpg.Connection, plans: list[str]) -> None:
        self._connection = connection
        self._plans = plans

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        plan = await self._connection.fetch(f"explain {statement}", *values)
        self._plans.append("\n".join(row[0] for row in plan))
        rows: list[asyncpg.Record] = await self._connection.fetch(statement, *values)
        return rows


class ExplainingLanes:
    """Lends connections that explain."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self.plans: list[str] = []

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Explaining]:
        async with self._lanes.lane() as connection:
            yield Explaining(connection, self.plans)


@pytest.fixture
async def asked(
    views: asyncpg.Connection, lanes: Lanes, databases: Databases
) -> tuple[DirectoryQueries, list[str]]:
    """Return the queries of a directory of thousands, and the plans of what they ask."""
    people = [came(UUID(int=n), 1, registered_of(one)) for n, one in enumerate(PEOPLE, start=1)]
    people += [came(UUID(int=n + 100), 1, _somebody(n)) for n in range(CUSTOMERS)]
    await Directory().apply(views, people)
    admin = await asyncpg.connect(databases.admin_dsn("views"))
    await admin.execute("analyze directory_1.directory; analyze directory_1.directory_text")
    await admin.close()
    explaining = ExplainingLanes(lanes)
    return DirectoryQueries(cast("Any", explaining)), explaining.plans


def _somebody(number: int) -> CustomerRegistered:
    details = RegisteredDetails(
        name=f"Name {number}",
        tags=(f"rare {number % 500}",),
        custom={"size": str(number % 400)},
    )
    return CustomerRegistered(
        kind="person", key_commitment="c", stage=STAGES[number % 5], personal=details
    )


async def test_no_question_reads_a_whole_table(
    asked: tuple[DirectoryQueries, list[str]],
) -> None:
    queries, plans = asked
    for wanted, index in LISTS:
        plans.clear()
        await queries.page(wanted, None, 50, ALL_OF_IT)
        assert "Seq Scan" not in plans[0], (wanted, plans)
        assert index in plans[0], (wanted, plans)
    for wanted in SEARCHES:
        plans.clear()
        await queries.page(wanted, None, 50, ALL_OF_IT)
        assert plans
        assert not [plan for plan in plans if "Seq Scan" in plan], (wanted, plans)
    plans.clear()
    assert (
        sum([len(rows) async for rows in queries.every(Wanted("name"), lambda: ALL_OF_IT)])
        == CUSTOMERS
    )
    assert not [plan for plan in plans if "Seq Scan" in plan], plans


async def test_no_question_of_somebody_who_sees_little_reads_a_whole_table(
    asked: tuple[DirectoryQueries, list[str]],
) -> None:
    queries, plans = asked
    for person in ("alice", "bob"):
        reach = Reach(demo_decisions().rights(person), Permission.CUSTOMERS_READ)
        for wanted in [*(wanted for wanted, _ in LISTS), *SEARCHES]:
            plans.clear()
            await queries.page(wanted, None, 50, reach)
            assert plans
            assert not [plan for plan in plans if "Seq Scan" in plan], (person, wanted, plans)


async def test_what_takes_too_long_is_refused_and_the_connection_goes_on(
    databases: Databases,
) -> None:
    settings = {**SETTINGS, "statement_timeout": "50ms"}
    its = Lanes(dsn_for(databases.views_dsn, "api"), 1, application_name="x", settings=settings)
    await its.open()
    queries = DirectoryQueries(its)
    holder = await asyncpg.connect(databases.admin_dsn("views"))
    async with holder.transaction():
        await holder.execute("lock table directory_1.directory in access exclusive mode")
        with pytest.raises(InvalidInputError) as refused:
            await queries.page(Wanted("ada"), None, 50, ALL_OF_IT)
    assert refused.value.problem_code == "search-too-wide"
    assert "Say more" in str(refused.value.fix)
    assert not (await queries.page(Wanted("ada"), None, 50, ALL_OF_IT)).rows
    await holder.close()
    await its.close()
