"""Whoever sees what a few colleagues have is answered without a look at what all others have."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
import pytest

from services.customers.domain.customer.events import (
    CustomerRegistered,
    RegisteredDetails,
)
from services.customers.projections.directory import Directory
from services.customers.projections.directory_queries import DirectoryQueries
from services.customers.projections.meant import CANDIDATES
from services.customers.projections.owned import MANY_OWNERS, WALKED
from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Wanted
from shared.authorization.permissions import Permission
from shared.authorization.rights import Rights
from shared.authorization.state import PermissionEvent
from shared.postgres.lanes import Lanes
from tests.customers.projections.reaching import ALL_OF_IT
from tests.customers.projections.test_directory import came
from tests.ground.rights import FixedWorld, demo_world
from tests.ground.servers import Databases

READ: Final = Permission.CUSTOMERS_READ
COMMON: Final = 4_000
COLLEAGUES: Final = MANY_OWNERS + 4
TEAM: Final = "00000000-0000-4000-8000-00000000e001"
MINE, OTHERS = (f"00000000-0000-4000-8000-00000000f{n:03d}" for n in (100, 200))
OWNERS: Final = [MINE, *(str(UUID(int=500 + n)) for n in range(COLLEAGUES))]
WANTED: Final = [
    Wanted(), Wanted(sort="-name"), Wanted(sort="-changed_at"), Wanted(sort="registered_at"),
    Wanted(filters=[("stage", "lead")]), Wanted(filters=[("stage", "lead")], sort="-changed_at"),
    Wanted(filters=[("tag", "fair")]), Wanted("n"), Wanted("nbme"), Wanted("firma", sort="name"),
    Wanted("nbmf"),
]  # fmt: skip


class Counting:
    """Asks like a connection, and counts the rows that each statement looks at."""

    def __init__(self, connection: asyncpg.Connection, looked_at: list[int]) -> None:
        self._connection = connection
        self._looked_at = looked_at

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        explain = f"explain (analyze, timing off, format json) {statement}"
        plan = json.loads(await self._connection.fetchval(explain, *values))
        self._looked_at.append(_looked_at(plan[0]["Plan"]))
        rows: list[asyncpg.Record] = await self._connection.fetch(statement, *values)
        return rows


def _looked_at(node: Mapping[str, Any]) -> int:
    """Return how many rows of tables and indexes a plan took up, also those it left out."""
    below = sum(_looked_at(one) for one in node.get("Plans", ()))
    if "Relation Name" not in node and "Index Name" not in node:
        return below
    left_out: float = node.get("Rows Removed by Filter", 0) + node.get(
        "Rows Removed by Index Recheck", 0
    )
    its: int = round((node["Actual Rows"] + left_out) * node["Actual Loops"])
    return below + its


class CountingLanes:
    """Lends connections that count."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self.looked_at: list[int] = []

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[Counting]:
        async with self._lanes.lane() as connection:
            yield Counting(connection, self.looked_at)


def _rights(scope: str, team: Sequence[str]) -> Rights:
    joined = {"kind": "person", "department": None, "teams": [TEAM]}
    grant = {"grant_id": "g", "effect": "allow", "permission": READ.value, "scope": scope}
    events: list[tuple[str, str, Mapping[str, object]]] = [
        (f"subject-{one}", "SubjectJoined", joined) for one in team
    ]
    events.append((f"subject-{MINE}", "GrantGiven", grant))
    first = demo_world().position + 1
    world = demo_world().after(PermissionEvent(first + n, *event) for n, event in enumerate(events))
    return Rights(FixedWorld(world).basis(), MINE)


RARE: Final = {
    "own": _rights("own", OWNERS[:1]),
    "a small team": _rights("team", OWNERS[:4]),
    "a large team": _rights("team", OWNERS),
}


@pytest.fixture
async def counted(
    views: asyncpg.Connection, lanes: Lanes, databases: Databases
) -> tuple[DirectoryQueries, list[int]]:
    """Return the queries of a directory in which colleagues have one customer each.

    By name and by change these come last, and the planner takes them for owners like any other.
    """
    batch = [
        came(UUID(int=n), 1, _customer(f"Nbme {n} Firma", one)) for n, one in enumerate(OWNERS)
    ]
    batch += [
        came(UUID(int=n), 1, _customer(f"Name {n} Firma", OTHERS))
        for n in range(len(OWNERS), COMMON)
    ]
    await Directory().apply(views, batch)
    admin = await asyncpg.connect(databases.admin_dsn("views"))
    await admin.execute(
        """alter table directory_1.directory alter owner set statistics 0;
        analyze directory_1.directory; analyze directory_1.directory_text"""
    )
    await admin.close()
    counting = CountingLanes(lanes)
    return DirectoryQueries(cast("Any", counting)), counting.looked_at


def _customer(name: str, owner: str) -> CustomerRegistered:
    details = RegisteredDetails(name=name, tags=("fair",))
    return CustomerRegistered(
        kind="person", key_commitment="c", stage="lead", owner=UUID(owner), personal=details
    )


@pytest.mark.parametrize("who", RARE)
async def test_what_a_few_colleagues_have_is_found_without_what_others_have(
    counted: tuple[DirectoryQueries, list[int]], who: str
) -> None:
    queries, looked_at = counted
    reach = Reach(RARE[who], READ)
    assert reach.owners is not None
    for wanted in WANTED:
        looked_at.clear()
        page = await queries.page(wanted, None, 50, reach)
        assert len(page.rows) == len(reach.owners), wanted
        # A walk that a large team gives up after, and nothing like all that others have.
        assert sum(looked_at) < WALKED + 600, (wanted, looked_at)


async def test_a_page_of_names_that_begin_with_a_text_is_all_that_is_read(
    counted: tuple[DirectoryQueries, list[int]],
) -> None:
    queries, looked_at = counted
    for text in ("name", "Nam"):
        looked_at.clear()
        page = await queries.page(Wanted(text), None, 50, ALL_OF_IT)
        assert page.rows[0].name == "Name 100 Firma"
        assert sum(looked_at) == 51, (text, looked_at)


async def test_whoever_has_a_word_of_the_text_is_enough_where_many_have(
    counted: tuple[DirectoryQueries, list[int]],
) -> None:
    queries, looked_at = counted
    page = await queries.page(Wanted("firma", sort="name"), None, 50, ALL_OF_IT)
    assert len(page.rows) == 50
    assert page.is_cut
    # Those with the word, their texts, their rows. Within words nobody was looked for.
    assert looked_at[-1] == COMMON + 2 * (CANDIDATES + 1)


async def test_a_large_team_that_has_much_fills_its_page_on_a_walk(
    counted: tuple[DirectoryQueries, list[int]],
) -> None:
    queries, looked_at = counted
    reach = Reach(_rights("team", [*OWNERS, OTHERS]), READ)
    for wanted in (Wanted(), Wanted(sort="-changed_at"), Wanted(filters=[("tag", "fair")])):
        looked_at.clear()
        page = await queries.page(wanted, None, 50, reach)
        assert len(page.rows) == 50
        assert looked_at[-1] <= 60, (wanted, looked_at)
        page = await queries.page(wanted, page.next_place, 50, reach)
        assert len(page.rows) == 50
