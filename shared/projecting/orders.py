"""An operator's order reaches the projector by a row, and its row tells what became of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import orjson

from shared.errors import DaybookError, InvalidInputError, NotFoundError, RuleBrokenError
from shared.postgres.lanes import Lanes

CHANNEL = "daybook_orders"
LEASE_SECONDS = 10.0
Kind = Literal["rebuild", "back", "drop", "retry", "discard", "replay", "verify", "repair"]
State = Literal["waiting", "running", "done", "failed"]
Json = Mapping[str, Any]

COLUMNS = """o.id, o.projection, o.kind, o.argument, o.ordered_by, o.ordered_at, o.state,
    o.progress, o.result, o.error, o.fix, o.ended_at"""
# The same id a second time is the same order again (an Idempotency-Key makes ids repeat). A second
# rebuild of one read model conflicts with the first as long as that is not done.
PLACE = f"""
    with placed as (
        insert into projection_orders (id, projection, kind, argument, ordered_by, ordered_at)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing
        returning pg_notify('{CHANNEL}', $2)
    )
    select count(*) from placed"""
# The oldest that nobody does: it waits, or whoever did it has died. One of a kind at a time.
NEXT = f"""
    update projection_orders o
    set state = 'running', owner = $3, lease_until = clock_timestamp() + make_interval(secs => $4)
    where o.id = (
        select w.id from projection_orders w
        where w.projection = $1 and w.kind = any($2)
            and (w.state = 'waiting' or (w.state = 'running' and w.lease_until < clock_timestamp()))
            and not exists (select from projection_orders r where r.projection = w.projection
                and r.kind = w.kind and r.state = 'running' and r.id <> w.id)
        order by w.ordered_at, w.id limit 1 for update skip locked)
    returning {COLUMNS}"""
REBUILD_UNDER_WAY = """select o.id from projection_orders o
    where o.projection = $1 and o.kind = 'rebuild' and o.state in ('waiting', 'running')"""
RENEW = """update projection_orders set lease_until = clock_timestamp() + make_interval(secs => $3)
    where id = $1 and owner = $2 and state = 'running' returning id"""
REPORT = """update projection_orders set progress = $2
    where id = $1 and owner = $3 and state = 'running' returning id"""
RELEASE = """update projection_orders set lease_until = '-infinity'
    where id = $1 and owner = $2 and state = 'running'"""
END = """update projection_orders
    set state = $3, result = $4, error = $5, fix = $6, ended_at = clock_timestamp()
    where id = $1 and owner = $2 and state = 'running' returning id"""
READ = f"select {COLUMNS} from projection_orders o where o.id = $1 and o.projection = $2"
LATEST = f"""select {COLUMNS} from projection_orders o where o.projection = $1
    order by o.ordered_at desc, o.id desc limit $2"""


class OrderLostError(Exception):
    """Somebody else took this order over: its lease ran out while we did it."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order: what of which read model, by whom, and how far it is."""

    id: UUID
    projection: str
    kind: Kind
    argument: Json
    ordered_by: str
    ordered_at: datetime
    state: State
    progress: Json | None
    result: Json | None
    error: str | None
    fix: str | None
    ended_at: datetime | None


class Orders:
    """The orders of one service's read models; `owner` is whoever does them in this process."""

    def __init__(self, lanes: Lanes, owner: UUID) -> None:
        self._lanes = lanes
        self._owner = owner

    async def place(
        self,
        order_id: UUID,
        projection: str,
        kind: Kind,
        argument: Json,
        *,
        by: str,
        at: datetime,
    ) -> Order:
        """Place an order; the same id again returns the order that is there.

        Raises:
            InvalidInputError: the id belongs to another order.
            RuleBrokenError: a rebuild of this read model is ordered already.
        """
        text = orjson.dumps(argument).decode()
        values = (order_id, projection, kind, text, by, at)
        while not await self._lanes.fetchval(PLACE, *values):
            if await self.has(projection, order_id):
                break
            await self.refuse_second(projection, kind)  # or the first was done at this moment
        order = await self.read(projection, order_id)
        if (order.kind, order.argument) != (kind, argument):
            raise InvalidInputError(
                "this Idempotency-Key was used before, for another order",
                code="idempotency-key-reused",
                field="Idempotency-Key",
                fix="use a new key for a new order",
            )
        return order

    async def read(self, projection: str, order_id: UUID) -> Order:
        """Return one order as it is now.

        Raises:
            NotFoundError: this read model has no such order.
        """
        row = await self._lanes.fetchrow(READ, order_id, projection)
        if row is None:
            raise NotFoundError(
                "This read model has no such order.", fix="Send the id that placing it gave."
            )
        return _order(row)

    async def has(self, projection: str, order_id: UUID) -> bool:
        """Say whether there is this order."""
        return await self._lanes.fetchrow(READ, order_id, projection) is not None

    async def refuse_second(self, projection: str, kind: Kind) -> None:
        """Refuse a rebuild of a read model of which one is ordered and not yet done.

        Raises:
            RuleBrokenError: one is.
        """
        if kind != "rebuild":
            return
        first = await self._lanes.fetchval(REBUILD_UNDER_WAY, projection)
        if first is not None:
            raise RuleBrokenError(
                f"a rebuild of {projection} is ordered and not yet done: order {first}",
                code="rebuild-under-way",
                fix="wait for it: `daybook projections list` shows how far it is. To begin anew,"
                " `daybook projections drop` the version that is being built, then order again",
                who_can_help="an operator",
            )

    async def latest(self, projection: str, limit: int) -> list[Order]:
        """Return the newest orders, newest first."""
        return [_order(row) for row in await self._lanes.fetch(LATEST, projection, limit)]

    async def next(self, projection: str, kinds: Collection[Kind]) -> Order | None:
        """Take the oldest order of these kinds that nobody does, for ten seconds; None if none."""
        try:
            row = await self._lanes.fetchrow(
                NEXT, projection, list(kinds), self._owner, LEASE_SECONDS
            )
        except asyncpg.UniqueViolationError:
            return None  # Another process took one of this kind at the same moment.
        return None if row is None else _order(row)

    async def renew(self, order: Order) -> None:
        """Keep the order for ten more seconds, or raise OrderLostError."""
        if await self._lanes.fetchval(RENEW, order.id, self._owner, LEASE_SECONDS) is None:
            raise OrderLostError

    async def release(self, order: Order) -> None:
        """Give the order back, so that another process takes it at once."""
        await self._lanes.execute(RELEASE, order.id, self._owner)

    async def report(self, order_id: UUID, progress: Json) -> None:
        """Say how far the order is; whoever placed it sees this.

        Raises:
            OrderLostError: another process does the order now.
        """
        text = orjson.dumps(progress).decode()
        if not await self._lanes.fetch(REPORT, order_id, text, self._owner):
            raise OrderLostError

    async def done(self, order_id: UUID, result: Json) -> None:
        """Say that the order is done, and what came of it."""
        text = orjson.dumps(result).decode()
        await self._end(order_id, "done", text, None, None)

    async def failed(self, order_id: UUID, why: DaybookError) -> None:
        """Say that the order could not be done, why, and what to do; it is not tried again."""
        fix = why.fix
        if fix is not None and why.who_can_help is not None:
            fix = f"{fix} (who can help: {why.who_can_help})"
        await self._end(order_id, "failed", None, why.detail, fix)

    async def _end(
        self, order_id: UUID, state: State, result: str | None, error: str | None, fix: str | None
    ) -> None:
        ended = await self._lanes.fetchval(END, order_id, self._owner, state, result, error, fix)
        if ended is None:
            raise OrderLostError


def _order(row: asyncpg.Record) -> Order:
    values = dict(row)
    for name in ("argument", "progress", "result"):
        values[name] = None if values[name] is None else orjson.loads(values[name])
    return Order(**values)
