"""Who is found by a text comes in an order that can be explained.

0 the name, an address or a number is the text · 1 the name begins with it · 2 each piece of it
begins a word of the name, as written or as it sounds · 3 each stands somewhere in the name · 4 they
stand elsewhere · 5 a word is misspelt. Of one rank by name.
"""

from uuid import UUID

from services.customers.projections.meant import Search, keyed
from services.customers.projections.searching import Candidates, escaped
from services.customers.projections.sought import Sought
from services.customers.projections.wanted import Place, Values
from shared.authorization.filtering import EVERYTHING

MISSPELT = 5
# What stands before the first empty line: the name in all its writings.
_NAMES = "split_part(t.search, E'\\n\\n', 1)"


def ranked(them: Candidates, search: Search, after: Place | None, size: int) -> tuple[str, Values]:
    """Return the statement that gives one page of the candidates, and its values."""
    values = Values()
    conditions = [
        f"d.id = any({values.add(list(them.ids))}::uuid[])",
        search.conditions(values),
        behind(search, after, values),
    ]
    rank = rank_of(search, values, is_misspelt=them.is_misspelt)
    order = order_of(search, "r.rank")
    statement = f"""select {{columns}}, {search.reach.text(values)} as search, r.rank
        from directory d join directory_text t on t.id = d.id
        cross join lateral (select {rank} as rank) r
        where {" and ".join(conditions)} order by {order} limit {values.add(size + 1)}"""
    return statement, values


def order_of(search: Search, rank: str) -> str:
    """Return what stands behind `order by`, where the rank is called so."""
    order = search.wanted.order.sql
    return f"{rank}, {order}" if search.wanted.sort is None else order


def behind(search: Search, after: Place | None, values: Values) -> str:
    """Return the condition that a row `d` of the rank `r.rank` comes after a place."""
    if after is None:
        return EVERYTHING
    if search.wanted.sort is not None:
        return search.wanted.order.behind(after, values)
    name, last, at = str(after[0]), UUID(str(after[1])), int(after[2])
    place = f"{values.add(at)}::int, {values.add(name)}, {values.add(last)}"
    return f"(r.rank, d.sort_name, d.id) > ({place})"


def rank_of(search: Search, values: Values, *, is_misspelt: bool) -> str:
    """Return the rank of a row `d` with a text `t`."""
    if is_misspelt:
        return str(MISSPELT)
    sought, whole = search.sought, values.add(search.sought.whole)
    has_key = keyed([*sought.whole_keys, *sought.mailbox_keys], values, search.reach)
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
