"""What certain owners have is read by the indexes of owners, one owner after the other.

How much they have is counted there, never guessed: the planner takes an owner who is rare for one
like any other, and would look through a million rows for the ten of a new colleague.
"""

from collections.abc import Sequence
from typing import Final

import asyncpg

from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Order, Values

MANY_OWNERS: Final = 16
"""Of more, a walk along the order mostly fills a page before their first rows are put together."""
WALKED: Final = 1_000
"""So long is that walk."""
FEW_ROWS: Final = 2_000
"""If owners have no more rows, these are read before anything else is looked for."""
COUNT: Final = f"""select count(*) from (
    select from unnest($1::text[]) o (name)
    cross join lateral (select from directory d where d.owner = o.name) d
    limit {FEW_ROWS + 1}) had"""


async def have_few(connection: asyncpg.Connection, owners: Sequence[str]) -> bool:
    """Say whether owners have few rows."""
    rows = await connection.fetch(COUNT, owners)
    return bool(rows[0]["count"] <= FEW_ROWS)


def are_few(owners: Sequence[str] | None) -> bool:
    """Say whether the first rows of each of these owners are soon read; None: it is anybody."""
    return owners is not None and len(owners) <= MANY_OWNERS


def of_owners(
    reach: Reach, columns: str, conditions: Sequence[str], order: Order, limit: str, values: Values
) -> str:
    """Return a select of the first rows `d` of each owner in reach, in no order."""
    return f"""select d.* from unnest({values.add(reach.owners)}::text[]) o (name)
        cross join lateral (
            select {columns} from directory d
            where {" and ".join(["d.owner = o.name", *conditions])}
            order by {order.sql} limit {limit}) d"""


def as_filter(conditions: Sequence[str]) -> str:
    """Return conditions for rows that are found otherwise: no index is looked into for them."""
    return f"({' and '.join(conditions)}) is true"
