"""Who is meant by the whole of a text is known from indexes of whole values, in one statement.

A whole address or number means its customer and nobody else; so does a whole mailbox, unless it
begins a name. Whose name begins with the text comes before all others: a page that these fill is
the first page, whoever else holds the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.customers.projections.owned import are_few, as_filter, of_owners
from services.customers.projections.reach import CONTACTS, Reach
from services.customers.projections.searchable import NAME
from services.customers.projections.sought import Sought
from services.customers.projections.wanted import Order, Values, Wanted
from shared.authorization.filtering import EVERYTHING

CANDIDATES = 300
"""More are not ranked; the answer says that there are more."""
LOOKED_AT = 1_000
"""So many that hold the text are looked at for a filter, or so many that the filter leaves for the
text, whichever are fewer."""
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Search:
    """Who looks for what: what the text means, filters and sort, and what the searcher may see.

    `has_few`: that is of certain owners, who have few rows.
    """

    wanted: Wanted
    sought: Sought
    reach: Reach
    has_few: bool = False

    def conditions(self, values: Values) -> str:
        """Return what a row `d` must be, whatever its text."""
        return " and ".join([*self.wanted.conditions(values), self.reach.rows(values)])


@dataclass(frozen=True, slots=True)
class Meant:
    """Rows in their order; `is_all`: nobody else is meant. Each row has `rank` and `search`."""

    rows: Sequence[asyncpg.Record]
    is_all: bool = False

    @classmethod
    def of(cls, rows: Sequence[asyncpg.Record]) -> "Meant":
        """Return what the rows of a statement of `meant` say."""
        named = [row for row in rows if row["by"] == "name"]
        known = [row for row in rows if row["by"] == "whole"]
        if not known and not named:
            known = list(rows)
        return cls(known, is_all=True) if known else cls(named)


def meant(search: Search, columns: str, most: int) -> tuple[str, Values]:
    """Return the statement that gives up to so many of each sort, and its values.

    Whose address or number is not shown to the searcher is not meant by it. Most texts can be
    neither, nor a mailbox: then only names are looked at, and it is planned in half the time.
    """
    values, sought = Values(), search.sought
    keys = [*sought.whole_keys, *sought.mailbox_keys]
    if not keys:
        return _by_name(search, columns, most, EVERYTHING, values), values
    unknown = "not exists (select from known where is_whole)"
    statement = f"""{_by_key(search, columns, most, keys, values)}
        union all ({_by_name(search, columns, most, unknown, values)})"""
    return statement, values


def _by_key(search: Search, columns: str, most: int, keys: Sequence[str], values: Values) -> str:
    """Return the statement of whose address, number or mailbox it is; `known` are these."""
    sought, reach = search.sought, search.reach
    whole = keyed(sought.whole_keys, values, reach)
    mailbox = keyed(sought.mailbox_keys, values, reach)
    wanted = f"{values.add(keys)}::text[]"
    return f"""with known as materialized (
            select t.id, t.search, {whole} as is_whole
            from (
                select * from directory_text t where t.keys && {wanted} offset 0) t
            cross join lateral (select * from directory d where d.id = t.id offset 0) d
            where ({whole} or {mailbox}) and {reach.rows(values)} limit {CANDIDATES})
        (select {columns}, {reach.text(values)} as search, 0 as rank,
            case when t.is_whole then 'whole' else 'mailbox' end as by
        from known t join directory d on d.id = t.id
        where {search.conditions(values)} order by d.sort_name, d.id limit {most})"""


def _by_name(search: Search, columns: str, most: int, unless: str, values: Values) -> str:
    """Return the statement of whose name begins with the text."""
    whole = values.add(search.sought.whole)
    return f"""select {columns}, '{NAME} ' || d.sort_name as search,
            (d.sort_name <> {whole})::int as rank, 'name' as by
        from ({_named(search, unless, values)}) d
        where {search.conditions(values)} order by d.sort_name, d.id limit {most}"""


def _named(search: Search, unless: str, values: Values) -> str:
    """Return a select of the first rows `d` in reach whose name begins with the text.

    In their order, so that nothing is read behind the page.
    """
    reach, begin = search.reach, begins(search.sought, values)
    if not (search.has_few or are_few(reach.owners)):
        return f"""select * from directory d where {begin} and {reach.rows(values)} and {unless}
            order by d.sort_name, d.id limit {LOOKED_AT}"""
    conditions = [begin, unless, as_filter([reach.rows(values)])]
    first = of_owners(reach, "d.id, d.sort_name", conditions, Order(), str(LOOKED_AT), values)
    return f"""select d.* from ({first} order by d.sort_name, d.id limit {LOOKED_AT}) k
        join directory d on d.id = k.id"""


def keyed(keys: Sequence[str], values: Values, reach: Reach) -> str:
    """Return the condition that a text `t` has one of the keys, in what is shown of its row `d`."""
    by_sign = {sign: [key for key in keys if key[0] == sign] for sign in CONTACTS}
    parts = [
        _and(f"t.keys && {values.add(its)}::text[]", reach.shown(sign, values))
        for sign, its in by_sign.items()
        if its
    ]
    return f"({' or '.join(parts)})" if parts else "false"


def _and(one: str, other: str) -> str:
    return one if other == EVERYTHING else f"({one} and {other})"


def begins(sought: Sought, values: Values) -> str:
    """Return the condition that the name of a row `d` begins with the text."""
    first, last = values.add(sought.whole), values.add(sought.whole + _LAST_CHARACTER)
    return f"d.sort_name >= {first} and d.sort_name < {last}"
