"""A text is looked for by indexes alone, among so many candidates and no more.

First the customers are found whose key or whose name's beginning it is, so that these are never cut
off; then those that hold every piece of it. Whoever asks for a text that too many hold is told so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from uuid import UUID

import asyncpg

from services.customers.projections.meant import CANDIDATES, LOOKED_AT, Meant, meant
from services.customers.projections.sought import Piece, Sought
from services.customers.projections.wanted import Values, Wanted

NOTHING: Final[Mapping[Piece, Sequence[str]]] = MappingProxyType({})
RARE = LOOKED_AT // 50
"""If so few of those pass a filter, it may leave so few that these are looked at for the text."""
WORDS_THAT_EXIST = """select word from unnest($1::text[]) word cross join lateral (
    select from directory_text t where t.keys @> array[word] limit 1) known"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who may be meant; `is_cut` if there are more."""

    ids: Sequence[UUID]
    is_cut: bool = False
    is_misspelt: bool = False


async def candidates(
    connection: asyncpg.Connection,
    sought: Sought,
    wanted: Wanted,
    *,
    misspelt: bool,
    found: Meant | None = None,
) -> Candidates:
    """Return the customers that hold the text, or a word one letter away from each of its words.

    `found`: who is meant by the whole of it, if that is known already. Where a text of several
    words begins a name, others are looked for by whole words: what stands within one was not meant.
    """
    values = Values()
    if misspelt:
        found = Meant(())
        words = await _misspellings(connection, sought)
        conditions = conditions_of(sought, values, words)
    else:
        found = found or Meant.of(
            await _ask(connection, *meant(sought, wanted, "d.id", CANDIDATES + 1))
        )
        if found.rows and sought.words:
            conditions = [f"t.keys @> {values.add(sought.words)}::text[]"]
        else:
            conditions = conditions_of(sought, values)
    named = [row["id"] for row in found.rows]
    if found.is_all or not conditions or len(named) > CANDIDATES:
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
    them = _cut(named, rows, misspelt=misspelt)
    return replace(them, is_cut=them.is_cut or is_cut)


async def _ask(
    connection: asyncpg.Connection, statement: str, values: Values
) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(statement, *values.given)
    return rows


def _cut(named: Sequence[UUID], rows: Sequence[asyncpg.Record], *, misspelt: bool) -> Candidates:
    ids = [row["id"] for row in rows if row["id"] is not None]
    both = list(dict.fromkeys([*named, *ids]))
    return Candidates(both[:CANDIDATES], len(both) > CANDIDATES, misspelt)


async def _misspellings(
    connection: asyncpg.Connection, sought: Sought
) -> Mapping[Piece, Sequence[str]]:
    """Return which words of names each piece may be misspelt for.

    Hundreds are possible, and few exist: to ask the index for these alone is four times as fast.
    """
    possible = {piece: piece.misspellings for piece in sought.pieces}
    every = sorted(frozenset[str]().union(*possible.values()))
    exist = {row["word"] for row in await connection.fetch(WORDS_THAT_EXIST, every)}
    return {piece: sorted(words & exist) for piece, words in possible.items() if words}


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


def conditions_of(
    sought: Sought, values: Values, words: Mapping[Piece, Sequence[str]] = NOTHING
) -> list[str]:
    """Return what a text `t` must be; nothing if no index would find it.

    `words`: the keys that a piece may stand for instead of itself.
    """
    if not any(piece.is_indexed for piece in sought.pieces):
        return []
    return [
        f"t.keys && {values.add(words[piece])}::text[]"
        if piece in words
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
