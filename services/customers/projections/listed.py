"""A page of a list costs about as much as its rows, whosever they are and however many there are.

Whoever sees all walks the order. What is of certain owners is put together from the first rows of
each, by indexes that have the owner before the order: no guess of the planner about how many rows
they have, or where in the order, makes it walk through what others have.
"""

from dataclasses import replace

from services.customers.projections.owned import as_filter, of_owners
from services.customers.projections.reach import Reach
from services.customers.projections.wanted import Place, Values, Wanted


def walked(
    wanted: Wanted, after: Place | None, most: int, columns: str, reach: Reach,
    rows: int | None = None,
) -> tuple[str, Values]:  # fmt: skip
    """Return the statement that gives up to so many rows in reach behind a place.

    With `rows` it looks at so many in their order and gives up; else the planner chooses.
    """
    values, order = Values(), wanted.order
    conditions = [*wanted.conditions(values), *_behind(wanted, after, values)]
    source = "directory d"
    if rows is not None:
        source = f"""(select * from directory d where {" and ".join(conditions) or "true"}
            order by {order.sql} limit {values.add(rows)}) d"""
        conditions = []
    conditions.append(reach.rows(values))
    return (
        f"""select {columns} from {source} where {" and ".join(conditions)}
        order by {order.sql} limit {values.add(most)}""",
        values,
    )


def put_together(
    wanted: Wanted, after: Place | None, most: int, columns: str, reach: Reach
) -> tuple[str, Values]:
    """Return the statement that gives up to so many rows behind a place, of the owners in reach."""
    values, order = Values(), wanted.order
    filters = replace(wanted, archived="also").conditions(values)
    conditions = [
        *replace(wanted, filters=()).conditions(values),
        *_behind(wanted, after, values),
        as_filter([*filters, reach.rows(values)]),
    ]
    limit = values.add(most)
    first = of_owners(reach, f"d.id, d.{order.column}", conditions, order, limit, values)
    return (
        f"""select {columns} from ({first} order by {order.sql} limit {limit}) k
        join directory d on d.id = k.id order by {order.sql}""",
        values,
    )


def _behind(wanted: Wanted, after: Place | None, values: Values) -> list[str]:
    return [] if after is None else [wanted.order.behind(after, values)]
