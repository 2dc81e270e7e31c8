"""A page of a list costs about as much as its rows, whosever they are and however many there are.

By name the first rows of each of a few owners are taken from the index of owners, in its order. Of
many owners or in another order the planner chooses: it walks the order until the page is full, or,
where the owners have little, reads and sorts that.
"""

from services.customers.projections.reach import MOST_OWNERS, Reach
from services.customers.projections.wanted import Place, Values, Wanted


def listed(
    wanted: Wanted, after: Place | None, most: int, columns: str, reach: Reach
) -> tuple[str, Values]:
    """Return the statement that gives up to so many rows in reach behind a place."""
    values, order = Values(), wanted.order
    conditions = [*wanted.conditions(values), reach.rows(values)]
    if after is not None:
        conditions.append(order.behind(after, values))
    source = "directory d"
    is_by_name = order.column == "sort_name"
    if is_by_name and reach.owners is not None and 1 < len(reach.owners) <= MOST_OWNERS:
        source = f"""unnest({values.add(reach.owners)}::text[]) o (name) cross join lateral (
            select * from directory d where d.owner = o.name and {" and ".join(conditions)}
            order by {order.sql} limit {values.add(most)}) d"""
        conditions = []
    return (
        f"""select {columns} from {source} where {" and ".join(conditions) or "true"}
        order by {order.sql} limit {values.add(most)}""",
        values,
    )
