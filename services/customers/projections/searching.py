"""A text is looked for by indexes alone, among so many candidates and no more.

First the customers are found whose key or whose name's beginning it is, so that these are never cut
off; then those that hold every piece of it. Whoever asks for a text that too many hold is told so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

import asyncpg

from services.customers.projections.meant import CANDIDATES, LOOKED_AT, Meant, Search, meant
from services.customers.projections.owned import as_filter, of_owners
from services.customers.projections.reach import TEXT, Reach
from services.customers.projections.sought import Piece, Sought
from services.customers.projections.wanted import Order, Values, Wanted
from shared.authorization.filtering import EVERYTHING

NOTHING: Final[Mapping[Piece, Sequence[str]]] = MappingProxyType({})
PROBED = 10_000
"""So many that hold a text are looked at for whether they are in reach; else those in reach are."""
WORDS_THAT_EXIST = """select word from unnest($1::text[]) word cross join lateral (
    select from directory_text t where t.keys @> array[word] limit 1) known"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who may be meant; `is_cut` if there are more."""

    ids: Sequence[UUID]
    is_cut: bool = False
    is_misspelt: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What a text `t` must be to be found; `words`: what a piece may stand for instead of itself.

    `by_words`: it must have all its words whole. `is_misspelt`: `words` are one letter away.
    """

    search: Search
    words: Mapping[Piece, Sequence[str]]
    by_words: bool
    is_misspelt: bool = False

    @property
    def is_indexed(self) -> bool:
        """Whether an index would find it."""
        return self.by_words or any(piece.is_indexed for piece in self.search.sought.pieces)

    def indexed(self, values: Values) -> str:
        """Return what indexes know of it."""
        sought = self.search.sought
        if self.by_words:
            return f"t.keys @> {values.add(sought.words)}::text[]"
        return " and ".join(self._piece(piece, values) for piece in sought.pieces)

    def texts(self, values: Values) -> str:
        """Return a select of the texts `t` that hold it.

        Those that have its words whole are first, and where a limit is reached by them the others
        are not even looked for: that takes five times as long.
        """
        select, words = "select t.* from directory_text t where", self.search.sought.words
        if self.by_words or self.words or not words:
            return f"{select} {self.indexed(values)}"
        whole = f"t.keys @> {values.add(words)}::text[]"
        return f"{select} {whole} union all {select} {self.indexed(values)} and not ({whole})"

    def shown(self, values: Values) -> str:
        """Return what it must be besides, so that it is held in what is shown of the row `d`."""
        # Words that a piece may be misspelt for are words of names, and these are shown.
        pieces = [piece for piece in self.search.sought.pieces if piece not in self.words]
        if self.by_words or not pieces or self.search.reach.shows_every_contact:
            return EVERYTHING
        text = self.search.reach.text(values)
        return " and ".join(_likes(piece, text, values) for piece in pieces)

    def _piece(self, piece: Piece, values: Values) -> str:
        if piece in self.words:
            return f"t.keys && {values.add(self.words[piece])}::text[]"
        condition = _likes(piece, TEXT, values)
        if piece.keys:
            condition += f" and t.keys @> {values.add(list(piece.keys))}::text[]"
        return condition


@dataclass(frozen=True, slots=True)
class LookedFor:
    """Who is meant whatever others hold, and what these must hold; None: nobody else is meant."""

    named: Sequence[UUID]
    held: Held | None


def _likes(piece: Piece, text: str, values: Values) -> str:
    before = "% " if piece.begins_word else "%"
    likes = [f"{text} like {values.add(before + escaped(w) + '%')}" for w in piece.writings]
    return f"({' or '.join(likes)})"


def escaped(text: str) -> str:
    """Return the text as LIKE takes it for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def looked_for(
    connection: asyncpg.Connection, search: Search, *, misspelt: bool, found: Meant | None = None
) -> LookedFor:
    """Return who is meant anyway, and what others must hold: the text, or words one letter away.

    `found`: who is meant by the whole of it, if that is known already. Where a text of several
    words begins a name, others are looked for by whole words: what stands within one was not meant.
    """
    sought, words = search.sought, NOTHING
    if misspelt:
        found = Meant(())
        words = await _misspellings(connection, sought)
    elif found is None:
        found = Meant.of(await _ask(connection, *meant(search, "d.id", CANDIDATES + 1)))
    named = [row["id"] for row in found.rows]
    held = Held(search, words, bool(named and sought.several_words), misspelt)
    is_all = found.is_all or not held.is_indexed or len(named) > CANDIDATES
    return LookedFor(named, None if is_all else held)


async def candidates(connection: asyncpg.Connection, text: LookedFor) -> Candidates:
    """Return who is meant anyway and, for whoever sees only some customers, who holds the text."""
    if text.held is None:
        return Candidates(text.named[:CANDIDATES], len(text.named) > CANDIDATES)
    return _cut(text, await _in_reach(connection, text.held))


async def left_over(connection: asyncpg.Connection, text: LookedFor) -> Candidates | None:
    """Return who holds the text of those whom the filters leave; None: these are too many."""
    if text.held is None:
        return None
    rows = await _ask(connection, *_left_over(text.held))
    return _cut(text, rows) if rows[0]["seen"] < LOOKED_AT else None


async def _in_reach(connection: asyncpg.Connection, held: Held) -> list[asyncpg.Record]:
    """Return who holds the text, of those in reach; what others hold tells nothing, not how many.

    Where very many hold it, or few are in reach, these are looked at one by one instead.
    """
    if held.search.has_few:
        return await _ask(connection, *_rows_first(held))
    is_probed = held.search.reach.owners is not None
    rows = await _ask(connection, *_texts_first(held, PROBED if is_probed else None))
    if is_probed and rows[0]["seen"] >= PROBED:
        return await _ask(connection, *_rows_first(held))
    return rows


async def _ask(
    connection: asyncpg.Connection, statement: str, values: Values
) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(statement, *values.given)
    return rows


def _cut(text: LookedFor, rows: Sequence[asyncpg.Record]) -> Candidates:
    ids = [row["id"] for row in rows if row["id"] is not None]
    both = list(dict.fromkeys([*text.named, *ids]))
    is_misspelt = text.held is not None and text.held.is_misspelt
    return Candidates(both[:CANDIDATES], len(both) > CANDIDATES, is_misspelt)


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


def _left_over(held: Held) -> tuple[str, Values]:
    """Return who holds the text, of those whom the filters leave, if these are few."""
    values = Values()
    return (
        f"""with left_over as materialized (
            select d.id from directory d where {held.search.conditions(values)} limit {LOOKED_AT})
        select k.id, (select count(*) from left_over) as seen from (select) one left join (
            select l.id from left_over l cross join lateral (
                select t.search, t.keys from directory_text t where t.id = l.id offset 0) t
            where (select count(*) from left_over) < {LOOKED_AT}
                and {held.indexed(values)}) k on true""",
        values,
    )


def _texts_first(held: Held, most: int | None) -> tuple[str, Values]:
    """Return who holds the text and is in reach, of the first so many that hold it, or of all."""
    values = Values()
    return (
        f"""with held as materialized (
            select t.* from ({held.texts(values)}) t limit {values.add(most)}::bigint)
        select k.id, (select count(*) from held) as seen from (select) one left join (
            select d.id from held t cross join lateral (
                select * from directory d where d.id = t.id offset 0) d
            where {held.search.conditions(values)} and {held.shown(values)}
            limit {CANDIDATES + 1}) k on true""",
        values,
    )


def _rows_first(held: Held) -> tuple[str, Values]:
    """Return who is in reach and holds the text, however many others hold it."""
    values, search = Values(), held.search
    conditions = search.conditions(values)
    rows = f"select * from directory d where {conditions} offset 0"
    if search.has_few:
        each = [as_filter([conditions])]
        rows = of_owners(search.reach, "d.*", each, Order(), "all", values)
    return (
        f"""select d.id from ({rows}) d
        cross join lateral (
            select t.search, t.keys from directory_text t where t.id = d.id offset 0) t
        where {held.indexed(values)} and {held.shown(values)} limit {CANDIDATES + 1}""",
        values,
    )


def holds(sought: Sought, values: Values, reach: Reach) -> str:
    """Return the condition that a row `d` holds the text, in what is shown of it."""
    held = Held(Search(Wanted(), sought, reach), NOTHING, by_words=False)
    if not held.is_indexed:
        return "false"
    return f"""exists (select from (
        select t.search, t.keys from directory_text t where t.id = d.id offset 0) t
        where {held.indexed(values)} and {held.shown(values)})"""
