"""Who is found by a text comes in an order that can be explained.

0 the name, an address or a number is the text · 1 the name begins with it · 2 each piece of it
begins a word of the name, as written or as it sounds · 3 each stands somewhere in the name · 4 they
stand elsewhere · 5 a word is misspelt. Of one rank by name.
"""

from uuid import UUID

from services.customers.projections.meant import Search, keyed
from services.customers.projections.reach import Reach
from services.customers.projections.searching import Candidates, escaped
from services.customers.projections.sought import Sought
from services.customers.projections.wanted import Place, Values

MISSPELT = 5
# What stands before the first empty line: the name in all its writings.
_NAMES = "split_part(t.search, E'\\n\\n', 1)"


def ranked(them: Candidates, search: Search, after: Place | None, size: int) -> tuple[str, Values]:
    """Return the statement that gives one page of the candidates, and its values."""
    values, wanted = Values(), search.wanted
    rank = str(MISSPELT) if them.is_misspelt else _rank(search.sought, values, search.reach)
    conditions = [f"d.id = any({values.add(list(them.ids))}::uuid[])", search.conditions(values)]
    order = wanted.order.sql
    if wanted.sort is None:
        order = f"rank, {order}"
    if after is not None and wanted.sort is not None:
        conditions.append(wanted.order.behind(after, values))
    elif after is not None:
        name, last, at = str(after[0]), UUID(str(after[1])), int(after[2])
        place = f"{values.add(at)}::int, {values.add(name)}, {values.add(last)}"
        conditions.append(f"(r.rank, d.sort_name, d.id) > ({place})")
    text = search.reach.text(values)
    statement = f"""select {{columns}}, {text} as search, r.rank from directory d
        join directory_text t on t.id = d.id cross join lateral (select {rank} as rank) r
        where {" and ".join(conditions)} order by {order} limit {values.add(size + 1)}"""
    return statement, values


def _rank(sought: Sought, values: Values, reach: Reach) -> str:
    whole = values.add(sought.whole)
    has_key = keyed([*sought.whole_keys, *sought.mailbox_keys], values, reach)
    return f"""case
        when d.sort_name = {whole} or {has_key} then 0
        when starts_with(d.sort_name, {whole}) then 1
        when {_in_name(sought, "% ", values)} then 2
        when {_in_name(sought, "%", values)} then 3
        else 4 end"""


def _in_name(sought: Sought, before: str, values: Values) -> str:
    """Return that all pieces stand in the name, in their first writing or all in their last."""
    writings = {
        tuple(before + escaped(piece.writings[which]) + "%" for piece in sought.pieces)
        for which in (0, -1)
    }
    return " or ".join(
        f"{_NAMES} like all({values.add(list(w))}::text[])" for w in sorted(writings)
    )
