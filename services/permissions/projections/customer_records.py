"""What the api asks of the read model: whose customers are now, and whose one was at a moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from shared.authorization.condition_sql import Column
from shared.authorization.filtering import Columns
from shared.authorization.questions import Record
from shared.postgres.lanes import Lanes

TYPE: Final = "customer"
SEALED: Final = ("tags",)
COLUMNS: Final = Columns(
    type=TYPE,
    id="c.id",
    owner="c.owner",
    attributes={
        "kind": Column("c.kind", "text"),
        "stage": Column("c.stage", "text"),
        "archived": Column("c.is_archived", "boolean"),
    },
    sealed=SEALED,
)
"""Where a search finds what a check of one record looks at; the sensitivity is the policy's.

The same names as in the customers service; only that service can open tags.
"""
FIRST: Final = UUID(int=0)

NOW: Final = """select c.id::text, c.owner::text, c.kind, c.stage, c.is_archived, c.is_erased
    from customer_owners c where c.id = any($1::uuid[]) and not c.is_withdrawn"""
# A customer that is as it was then has no earlier row that began later.
THEN: Final = """
    select c.owner::text, c.kind, c.stage, c.is_archived, c.is_erased, c.since, true as is_last
    from customer_owners c where c.id = $1 and c.since <= $2 and not c.is_withdrawn
    union all
    (select b.owner::text, b.kind, b.stage, b.is_archived, false, b.since, false
    from customer_owners_before b where b.id = $1 and b.since <= $2
    order by b.until_version desc limit 1)
    order by is_last desc limit 1"""
PAGE: Final = """select c.id::text from customer_owners c
    where c.id > {after} and not c.is_withdrawn and {rows}
    order by c.id limit {limit}"""


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known of a customer at one moment."""

    owner: str | None
    kind: str
    stage: str | None
    is_archived: bool
    is_erased: bool
    since: datetime | None = None
    """From when on it was so; None: it was not asked."""

    def record(self, customer_id: str, sensitivity: int | None) -> Record:
        """Return it as decisions look at it."""
        attributes = {
            "kind": self.kind,
            "stage": self.stage,
            "archived": self.is_archived,
        }
        return Record(TYPE, customer_id, self.owner, sensitivity, attributes, SEALED)


class CustomerRecords:
    """Reads the version of the read model that answers."""

    columns: Final = COLUMNS

    def __init__(self, views: Lanes) -> None:
        self._views = views

    async def now(self, ids: Collection[str]) -> Mapping[str, Customer]:
        """Return what is known of these, by id; what is no customer's id is not there.

        Raises:
            UnavailableError: the database does not answer.
        """
        keys = [key for one in ids if (key := key_of(one)) is not None]
        rows = await self._views.fetch(NOW, keys) if keys else ()
        return {row["id"]: _customer(row) for row in rows}

    async def at(self, customer_id: str, moment: datetime) -> Customer | None:
        """Return how it was then; None: it was not there, or it was erased since.

        Raises:
            UnavailableError: the database does not answer.
        """
        key = key_of(customer_id)
        row = None if key is None else await self._views.fetchrow(THEN, key, moment)
        if row is None:
            return None
        return Customer(*tuple(row)[:6])

    async def page(
        self, rows: str, values: Sequence[object], after: str, limit: int
    ) -> Sequence[str]:
        """Return the ids of the next customers that a filter selects, by id.

        Args:
            rows: a condition on the columns that COLUMNS names, whose values are $1, $2, …
            values: those values.
            after: the last id of the page before; empty: from the first on.
            limit: so many at most.

        Raises:
            UnavailableError: the database does not answer.
        """
        at = len(values)
        sql = PAGE.format(after=f"${at + 1}::uuid", rows=rows, limit=f"${at + 2}")
        found = await self._views.fetch(sql, *values, key_of(after) or FIRST, limit)
        return [row["id"] for row in found]


def key_of(customer_id: str) -> UUID | None:
    """Return the id as it is stored; None: no customer has such an id.

    Ids are texts that are equal or not: another spelling of a UUID is another id.
    """
    try:
        key = UUID(customer_id)
    except ValueError:
        return None
    return key if str(key) == customer_id else None


def _customer(row: asyncpg.Record) -> Customer:
    _, *known = row
    return Customer(*known)
