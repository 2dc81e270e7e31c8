"""Each person's last look at a customer is kept, so that they can be told what changed since.

A look is no fact about the customer, so it is a row and no event; and no read model could be
rebuilt with it, so it lies in truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.customers.application.loading import no_such_customer, stream_of
from shared.clock import Clock
from shared.errors import NotFoundError, RuleBrokenError
from shared.postgres.lanes import Lanes
from shared.projecting.holders import ErasedSubject

FIRST: Final = UUID(int=0)
# So many looks are compared for one page, however few of them are at what changed.
MOST_COMPARED: Final = 5_000
# It only grows: who has the customer open twice does not unsee what the other page showed.
LOOK = """insert into last_looks as l (person, customer_id, version, looked_at)
    select $1, $2::uuid, $3::bigint, $4 from streams s
    where s.stream = 'customer-' || $2::uuid and s.version >= $3::bigint
        and not exists (select from streams e where e.stream = 'erasure-' || $2::uuid)
    on conflict (person, customer_id) do update
    set version = greatest(l.version, excluded.version),
        looked_at = greatest(l.looked_at, excluded.looked_at)
    returning l.version, l.looked_at"""
READ = "select version, looked_at from last_looks where person = $1 and customer_id = $2"
CHANGED = """with looked as materialized (
        select l.customer_id, l.version, row_number() over (order by l.customer_id) = $3 as is_cut
        from (select * from last_looks where person = $1 and customer_id > $2
            order by customer_id limit $3) l
    )
    select l.customer_id, l.version as seen, s.version, s.recorded_at, l.is_cut
    from looked l join streams s on s.stream = 'customer-' || l.customer_id
    where s.version > l.version or l.is_cut order by l.customer_id limit $4"""
NEWEST = "select version from streams where stream = $1"
SEEN = """select customer_id, version from last_looks
    where person = $1 and customer_id = any($2::uuid[])"""
FORGET = "delete from last_looks where customer_id = $1"


@dataclass(frozen=True, slots=True)
class LastLook:
    """The version that somebody saw last, and when they said so."""

    version: int
    looked_at: datetime


@dataclass(frozen=True, slots=True)
class ChangedCustomer:
    """A customer that changed since somebody looked; `seen_version` None: they never did."""

    id: UUID
    seen_version: int | None
    version: int
    changed_at: datetime


class LastLooks:
    """The last looks of everybody; as a holder of copies it deletes those at an erased customer."""

    name: Final = "last-looks"

    def __init__(self, truth: Lanes, clock: Clock) -> None:
        self._truth = truth
        self._clock = clock

    async def look(self, person: str, customer_id: UUID, version: int) -> LastLook:
        """Keep that this person has seen this version; a look at an earlier one changes nothing.

        Raises:
            NotFoundError: no such customer, or it has no such version.
            RuleBrokenError: it is erased, and nothing is kept of it any more.
        """
        row = await self._truth.fetchrow(LOOK, person, customer_id, version, self._clock.now())
        if row is None:
            raise await self._refusal(customer_id, version)
        return LastLook(row["version"], row["looked_at"])

    async def of(self, person: str, customer_id: UUID) -> LastLook | None:
        """Return this person's last look at a customer; None: never, as far as we were told."""
        row = await self._truth.fetchrow(READ, person, customer_id)
        return None if row is None else LastLook(row["version"], row["looked_at"])

    async def changed(
        self, person: str, after: UUID, size: int
    ) -> tuple[Sequence[ChangedCustomer], UUID | None]:
        """Return up to `size` customers that changed since this person looked, by id.

        The second part is where the next page begins, None: nowhere. A page may be short, or even
        empty, and not the last: so many looks are compared for one.
        """
        rows = await self._truth.fetch(CHANGED, person, after, MOST_COMPARED, size + 1)
        found = [
            ChangedCustomer(r["customer_id"], r["seen"], r["version"], r["recorded_at"])
            for r in rows
            if r["version"] > r["seen"]
        ]
        if len(found) > size:
            return found[:size], found[size - 1].id
        # The last one that was compared comes along in any case if there may be more behind it.
        is_cut = bool(rows) and rows[-1]["is_cut"]
        return found, rows[-1]["customer_id"] if is_cut else None

    async def seen(self, person: str, customers: Sequence[UUID]) -> Mapping[UUID, int]:
        """Return which versions of these customers this person saw last; of most, perhaps, none."""
        rows = await self._truth.fetch(SEEN, person, customers)
        return {row["customer_id"]: row["version"] for row in rows}

    async def has_erased(self, subject: ErasedSubject) -> bool:
        """Delete everybody's look at an erased customer, and say that none is left."""
        await self._truth.execute(FORGET, UUID(subject.subject))
        return True

    async def _refusal(self, customer_id: UUID, version: int) -> Exception:
        newest = await self._truth.fetchval(NEWEST, stream_of(customer_id))
        if newest is None:
            return no_such_customer()
        if newest < version:
            return NotFoundError(
                f"the customer has no such version; the newest is {newest}",
                code="version-not-found",
                field="version",
                fix=f"send a version from 1 to {newest}",
            )
        return RuleBrokenError(
            "this customer was erased, so that nothing is kept of who looked at it",
            code="customer-erased",
            fix="leave it out",
            who_can_help="data protection",
        )
