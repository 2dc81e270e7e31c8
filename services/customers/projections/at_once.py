"""For whoever sees everything one statement finds who holds a text, and gives the page of them.

Each row and each text is read once, where candidates that are handed over are read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from services.customers.projections.meant import CANDIDATES, LOOKED_AT
from services.customers.projections.ranking import behind, order_of, rank_of
from services.customers.projections.searching import Held
from services.customers.projections.wanted import Place, Values

RARE = LOOKED_AT // 50
"""If so few of those pass a filter, it may leave so few that these are looked at for the text."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A page of rows with `rank` and `search`; `is_cut`: more hold the text than were ranked.

    `may_leave_few`: so few passed the filters that those whom these leave should be looked at.
    """

    rows: Sequence[asyncpg.Record]
    is_cut: bool
    may_leave_few: bool


async def ranked_at_once(
    connection: asyncpg.Connection,
    held: Held,
    named: Sequence[UUID],
    after: Place | None,
    size: int,
    columns: str,
) -> Ranked:
    """Return one page, and a row more, of those in `named` and those who hold the text."""
    has_filters = bool(held.search.wanted.filters)
    most = LOOKED_AT if has_filters else CANDIDATES + 1 - len(named)
    statement, values = _statement(held, named, after, size, columns, most)
    rows = await connection.fetch(statement, *values.given)
    is_full = rows[0]["seen"] - len(named) >= most
    passed = rows[0]["passed"]
    return Ranked(
        [row for row in rows if row["id"] is not None],
        is_cut=is_full or passed > CANDIDATES,
        may_leave_few=has_filters and is_full and passed - len(named) < RARE,
    )


def _statement(
    held: Held, named: Sequence[UUID], after: Place | None, size: int, columns: str, most: int
) -> tuple[str, Values]:
    """Return the statement: `seen` texts were looked at, of which `passed` are of rows wanted.

    The first 300 of these are ranked, those in `named` before all. There is one row also where
    there is no customer.
    """
    values, search = Values(), held.search
    texts = f"select t.*, row_number() over () as place from ({held.texts(values)}) t"
    if named:
        ids = f"{values.add(list(named))}::uuid[]"
        texts = f"""select t.*, 0 as place from directory_text t where t.id = any({ids})
            union all ({texts} where t.id <> all({ids}) limit {most})"""
    else:
        texts = f"{texts} limit {most}"
    rank = rank_of(search, values, is_misspelt=held.is_misspelt)
    return (
        f"""with held as materialized ({texts}),
        them as materialized (
            select d.*, row_number() over (order by t.place) as nth from (
                select * from directory d where d.id = any(array(select id from held)) offset 0) d
            join held t on t.id = d.id where {search.conditions(values)})
        select d.*, (select count(*) from held) as seen, (select count(*) from them) as passed
        from (select) one left join (
            select {columns}, t.search, r.rank from them d join held t on t.id = d.id
            cross join lateral (select {rank} as rank) r
            where d.nth <= {CANDIDATES} and {behind(search, after, values)}
            order by {order_of(search, "r.rank")} limit {values.add(size + 1)}) d on true
        order by {order_of(search, "d.rank")}""",
        values,
    )
