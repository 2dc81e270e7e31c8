"""Who is meant by the whole of a text is known from indexes of whole values, in one statement.

A whole address or number means its customer and nobody else; so does a whole mailbox, unless it
begins a name. Whose name begins with the text comes before all others: a page that these fill is
the first page, whoever else holds the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.customers.projections.searchable import NAME
from services.customers.projections.sought import Sought
from services.customers.projections.wanted import Values, Wanted

CANDIDATES = 300
"""More are not ranked; the answer says that there are more."""
LOOKED_AT = 1_000
"""So many that hold the text are looked at for a filter, or so many that the filter leaves for the
text, whichever are fewer."""
WORDS_RANK = 2
_LAST_CHARACTER = "\U0010ffff"


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


def meant(sought: Sought, wanted: Wanted, columns: str, most: int) -> tuple[str, Values]:
    """Return the statement that gives up to so many of each sort, and its values."""
    values = Values()
    filters = " and ".join(wanted.conditions(values)) or "true"
    keys = f"{values.add(sought.whole_keys)}::text[]"
    mailbox = f"{values.add(sought.mailbox_keys)}::text[]"
    return (
        f"""with known as materialized (
            select t.id, t.search, t.keys && {keys} as is_whole from directory_text t
            where t.keys && ({keys} || {mailbox}) limit {CANDIDATES})
        (select {columns}, k.search, 0 as rank,
            case when k.is_whole then 'whole' else 'mailbox' end as by
        from known k join directory d on d.id = k.id
        where {filters} order by d.sort_name, d.id limit {most})
        union all
        (select {columns}, '{NAME} ' || d.sort_name,
            (d.sort_name <> {values.add(sought.whole)})::int, 'name'
        from (
            select * from directory d
            where {begins(sought, values)} and not exists (select from known where is_whole)
            order by d.sort_name, d.id limit {LOOKED_AT}) d
        where {filters} order by d.sort_name, d.id limit {most})""",
        values,
    )


def worded(sought: Sought, wanted: Wanted, columns: str, most: int) -> tuple[str, Values]:
    """Return the statement of whose name has all words of a text, but does not begin with it.

    `seen` says of how many these were chosen.
    """
    values = Values()
    filters = " and ".join(wanted.conditions(values)) or "true"
    return (
        f"""with held as materialized (
            select t.id, t.search from directory_text t
            where t.keys @> {values.add(sought.words)}::text[] limit {CANDIDATES + 1})
        select {columns}, h.search, {WORDS_RANK} as rank, (select count(*) from held) as seen
        from held h join directory d on d.id = h.id
        where {filters} and not ({begins(sought, values)})
        order by d.sort_name, d.id limit {values.add(most)}""",
        values,
    )


def begins(sought: Sought, values: Values) -> str:
    """Return the condition that the name of a row `d` begins with the text."""
    first, last = values.add(sought.whole), values.add(sought.whole + _LAST_CHARACTER)
    return f"d.sort_name >= {first} and d.sort_name < {last}"
