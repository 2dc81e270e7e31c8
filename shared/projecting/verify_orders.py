"""An operator has a read model compared with the store and repaired, all of it or one stream."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from shared.errors import DaybookError, NotFoundError, RuleBrokenError
from shared.eventstore.codec import Ciphers, EventCodec
from shared.postgres.lanes import Lanes
from shared.projecting.discards import read_discards
from shared.projecting.marks import Followed
from shared.projecting.order_taker import Handler
from shared.projecting.orders import Json, Kind, Order, Orders
from shared.projecting.poison import PoisonError
from shared.projecting.repairing import Repairing
from shared.projecting.store_streams import StoreStreams
from shared.projecting.verifiable import Verifiable
from shared.projecting.verifying import PAGE, Compared, Verifier

MOST_TOLD: Final = 100
FOLLOWING = """select version from public.projection_versions where projection = $1
    and (state = 'current' and $2::int is null or state in ('current', 'previous') and version = $2)
"""


@dataclass(frozen=True, slots=True)
class VerifyParts:
    """What the orders stand on: lanes of a projector to views, and to truth, where it only reads.

    `streams_per_second` bounds the load on both.
    """

    projection: Verifiable
    followed: Followed
    views: Lanes
    truth: Lanes
    codec: EventCodec
    ciphers: Ciphers
    orders: Orders
    streams_per_second: float
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


def verify_orders(parts: VerifyParts) -> Mapping[Kind, Handler]:
    """Return who does these orders; each may be done again from its beginning."""
    its = VerifyOrders(parts)
    return {"verify": its.verify, "repair": its.repair, "replay": its.replay}


class VerifyOrders:
    """Does the orders `verify`, `repair` and `replay` for the version that answers."""

    def __init__(self, parts: VerifyParts) -> None:
        self._parts = parts

    async def verify(self, order: Order) -> Json:
        """Compare every stream with the store; with `repair` mend what differs.

        The result names up to 100 streams that differ and the fields' names, never what they hold,
        and up to 100 that could not be mended, with the event at which they stand.
        """
        verifier, repairing = await self._tools(order)
        done: dict[str, Any] = {"streams": 0, "differing": 0, "repaired": 0}
        told: list[Json] = []
        left: list[Json] = []
        after: str | None = ""
        while after is not None:
            discarded = await self._discarded()
            page = await verifier.page(after, discarded)
            done["streams"] += page.streams
            done["differing"] += len(page.differences)
            told += [asdict(each) for each in page.differences[: MOST_TOLD - len(told)]]
            if order.argument.get("repair"):
                streams = [each.stream for each in page.differences]
                unmended = await _repair(repairing, streams, discarded)
                done["repaired"] += len(streams) - len(unmended)
                left += unmended[: MOST_TOLD - len(left)]
            await self._parts.orders.report(order.id, done)
            after = page.next_after
            await self._parts.pause(PAGE / self._parts.streams_per_second)
        return {**done, "differences": told, "not_repaired": left}

    async def repair(self, order: Order) -> Json:
        """Make the rows of these streams anew.

        Raises:
            PoisonError: an event cannot be applied; nothing was changed.
        """
        return await self._replay(order, [str(stream) for stream in order.argument["streams"]])

    async def replay(self, order: Order) -> Json:
        """Make the row of one stream anew; what was parked of it is applied with the rest.

        Raises:
            NotFoundError: the store has no such stream.
            PoisonError: an event cannot be applied; nothing was changed.
        """
        stream = str(order.argument["stream"])
        if not await StoreStreams(self._parts.truth, self._parts.followed).has(stream):
            raise NotFoundError(
                f"the store has no stream {stream}",
                fix="name it as `daybook verify projections` does, for example customer-<id>",
            )
        return await self._replay(order, [stream])

    async def _replay(self, order: Order, streams: list[str]) -> Json:
        prefix = self._parts.projection.streams
        strange = [stream for stream in streams if not stream.startswith(prefix)]
        if strange:
            raise DaybookError(
                f"the read model has nothing of {len(strange)} of these streams",
                code="not-its-stream",
                fix=f"name streams that begin with {prefix}",
            )
        _, repairing = await self._tools(order)
        discarded = await self._discarded()
        for first in range(0, len(streams), PAGE):
            await repairing.repair(streams[first : first + PAGE], discarded)
        return {"repaired": len(streams)}

    async def _tools(self, order: Order) -> tuple[Verifier, Repairing]:
        parts = self._parts
        wanted: int | None = order.argument.get("version")
        version = await parts.views.fetchval(FOLLOWING, parts.projection.name, wanted)
        if version is None:
            raise RuleBrokenError(
                f"version {wanted} of {parts.projection.name} does not follow the events",
                code="version-not-following",
                field="version",
                fix="`daybook projections list` shows the versions: take a current or previous one",
                who_can_help="an operator",
            )
        followed = replace(parts.followed, version=version)
        streams = StoreStreams(parts.truth, followed)
        its = Compared(parts.projection, followed, parts.views, streams, parts.codec, parts.ciphers)
        return Verifier(its), Repairing(its)

    async def _discarded(self) -> frozenset[str]:
        return await read_discards(self._parts.truth, self._parts.projection.name)


async def _repair(
    repairing: Repairing, streams: Sequence[str], discarded: Collection[str]
) -> list[Json]:
    """Make these rows anew; return those that cannot be, each with the event that is to blame."""
    try:
        if streams:
            await repairing.repair(streams, discarded)
    except PoisonError as error:
        if len(streams) == 1:
            why = f"{error.failure.error} at {error.failure.place}"
            return [{"stream": streams[0], "event_id": error.event_id, "why": why}]
        return [one for each in streams for one in await _repair(repairing, [each], discarded)]
    return []
