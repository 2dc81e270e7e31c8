"""A text is looked for by indexes alone, among so many candidates and no more.

First the customers are found whose key or whose name's beginning it is, so that these are never cut
off; then those that hold every piece of it. Whoever asks for a text that too many hold is told so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from services.customers.projections.sought import Piece, Sought
from services.customers.projections.wanted import Values, Wanted

CANDIDATES = 300
"""More are not ranked; the answer says that there are more."""
LOOKED_AT = 1_000
"""So many that hold the text are looked at for a filter, or so many that the filter leaves for the
text, whichever are fewer."""
RARE = LOOKED_AT // 50
"""If so few of those pass a filter, it may leave so few that these are looked at for the text."""
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who may be meant; `is_cut` if there are more."""

    ids: Sequence[UUID]
    is_cut: bool = False
    is_misspelt: bool = False


async def candidates(
    connection: asyncpg.Connection, sought: Sought, wanted: Wanted, *, misspelt: bool
) -> Candidates:
    """Return the customers that hold the text, or a word one letter away from each of its words.

    Whoever has it as a whole address or number is who is meant: then nobody else is.
    """
    named: list[UUID] = []
    if not misspelt:
        rows = await _ask(connection, *_whole(sought, wanted))
        if known := [row["id"] for row in rows if row["is_known"]]:
            return Candidates(known)
        named = [row["id"] for row in rows]
    values = Values()
    conditions = conditions_of(sought, values, misspelt=misspelt)
    if not conditions or len(named) > CANDIDATES:
        return Candidates(named[:CANDIDATES], len(named) > CANDIDATES)
    if not wanted.filters:
        rows = await _ask(connection, _holding(conditions), values)
        return _cut(named, rows, misspelt=misspelt)
    filters = wanted.conditions(values)
    rows = await _ask(connection, _looked_at(conditions, filters), values)
    is_cut = rows[0]["seen"] >= LOOKED_AT
    if is_cut and len(rows) < RARE:
        left_over = await _ask(connection, _left_over(conditions, filters), values)
        if left_over[0]["seen"] < LOOKED_AT:
            return _cut(named, left_over, misspelt=misspelt)
    found = _cut(named, rows, misspelt=misspelt)
    return replace(found, is_cut=found.is_cut or is_cut)


async def _ask(
    connection: asyncpg.Connection, statement: str, values: Values
) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(statement, *values.given)
    return rows


def _cut(named: Sequence[UUID], rows: Sequence[asyncpg.Record], *, misspelt: bool) -> Candidates:
    ids = [row["id"] for row in rows if row["id"] is not None]
    both = list(dict.fromkeys([*named, *ids]))
    return Candidates(both[:CANDIDATES], len(both) > CANDIDATES, misspelt)


def _whole(sought: Sought, wanted: Wanted) -> tuple[str, Values]:
    """Return who has it as a whole address or number, and whose name begins with it."""
    values = Values()
    filters = " and ".join(wanted.conditions(values)) or "true"
    first, last = values.add(sought.whole), values.add(sought.whole + LAST_CHARACTER)
    return (
        f"""(select d.id, true as is_known from directory_text t join directory d using (id)
            where t.keys && {values.add(sought.whole_keys)}::text[] and {filters}
            limit {CANDIDATES})
        union all
        (select d.id, false from (
            select * from directory d where d.sort_name >= {first} and d.sort_name < {last}
            order by d.sort_name, d.id limit {LOOKED_AT}) d
        where {filters} limit {CANDIDATES + 1})""",
        values,
    )


def _holding(conditions: Sequence[str]) -> str:
    """Return who holds the text; who is archived is left out of the page."""
    return f"""select t.id from directory_text t
        where {" and ".join(conditions)} limit {CANDIDATES + 1}"""


def _looked_at(conditions: Sequence[str], filters: Sequence[str]) -> str:
    """Return who holds the text, of the first so many that do; `seen` says how many these were."""
    return f"""with held as materialized (
            select t.id from directory_text t where {" and ".join(conditions)} limit {LOOKED_AT})
        select k.id, (select count(*) from held) as seen from (select) one left join (
            select d.id from held h cross join lateral (
                select * from directory d where d.id = h.id offset 0) d
            where {" and ".join(filters) or "true"} limit {CANDIDATES + 1}) k on true"""


def _left_over(conditions: Sequence[str], filters: Sequence[str]) -> str:
    """Return who holds the text, of those whom the filters leave, if these are few."""
    return f"""with left_over as materialized (
            select d.id from directory d where {" and ".join(filters)} limit {LOOKED_AT})
        select k.id, (select count(*) from left_over) as seen from (select) one left join (
            select l.id from left_over l cross join lateral (
                select t.search, t.keys from directory_text t where t.id = l.id offset 0) t
            where (select count(*) from left_over) < {LOOKED_AT}
                and {" and ".join(conditions)}) k on true"""


def conditions_of(sought: Sought, values: Values, *, misspelt: bool = False) -> list[str]:
    """Return what a text `t` must be; nothing if no index would find it."""
    if not any(piece.is_indexed for piece in sought.pieces):
        return []
    return [
        f"t.keys && {values.add(sorted(piece.misspellings))}::text[]"
        if misspelt and piece.misspellings
        else _condition(piece, values)
        for piece in sought.pieces
    ]


def _condition(piece: Piece, values: Values) -> str:
    before = "% " if piece.begins_word else "%"
    likes = [f"t.search like {values.add(before + escaped(w) + '%')}" for w in piece.writings]
    condition = f"({' or '.join(likes)})"
    if piece.keys:
        condition += f" and t.keys @> {values.add(list(piece.keys))}::text[]"
    return condition


def escaped(text: str) -> str:
    """Return the text as LIKE takes it for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
