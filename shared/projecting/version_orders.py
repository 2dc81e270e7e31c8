"""An operator's order makes a new version, goes back to the previous one, or drops one."""

import asyncio
from collections.abc import Mapping

from shared.errors import DaybookError
from shared.projecting.handover import go_back
from shared.projecting.order_taker import Handler
from shared.projecting.orders import Json, Kind, Order, Orders
from shared.projecting.projector import Projector
from shared.projecting.versions import Version

LOOK_EVERY_SECONDS = 0.5


def version_orders(projector: Projector, orders: Orders) -> Mapping[Kind, Handler]:
    """Return who does these orders; each may be done again where it was left."""
    its = VersionOrders(projector, orders)
    return {"rebuild": its.rebuild, "back": its.back, "drop": its.drop}


class VersionOrders:
    """Does the orders about the versions of one read model."""

    def __init__(self, projector: Projector, orders: Orders) -> None:
        self._projector = projector
        self._versions = projector.versions
        self._orders = orders

    async def rebuild(self, order: Order) -> Json:
        """Build a new version from the store and let it answer; tell meanwhile how far it is.

        Raises:
            DaybookError: the build stands still; ordered again it goes on.
        """
        number: int | None = (order.progress or {}).get("version")
        if number is None:
            number = await self._versions.begin("ordered")
            await self._orders.report(order.id, {"version": number})
        while (version := await self._of(number)) is not None and version.state == "building":
            if version.problem is not None:
                raise DaybookError(
                    f"version {number} stands still: {version.problem}",
                    code="rebuild-stopped",
                    fix="`daybook logs customers` shows where; mend that and order the rebuild"
                    " again: it goes on; or `drop` the version",
                    who_can_help="an operator, or the developers where it names their code",
                )
            await self._orders.report(order.id, _progress(version))
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        if version is None:
            raise DaybookError(
                f"version {number} was dropped before it answered",
                code="rebuild-dropped",
                fix="order the rebuild again",
            )
        return {"version": number, "state": version.state, "events": version.events_done}

    async def back(self, order: Order) -> Json:
        """Let the previous version answer again.

        Raises:
            RuleBrokenError: there is none, or another than the one ordered.
            NotYetError: it is too far behind.
        """
        wanted = order.argument.get("version") or (order.progress or {}).get("version")
        if wanted is None and (wanted := await self._previous()) is not None:
            # Noted first: done again after a death in between it must not go forth again.
            await self._orders.report(order.id, {"version": wanted})
        if wanted is not None:
            version = await self._of(wanted)
            if version is not None and version.state == "current":
                return {"version": wanted}
        return {"version": await go_back(self._projector.parts, version=wanted)}

    async def drop(self, order: Order) -> Json:
        """Remove a version and all its data.

        Raises:
            RuleBrokenError: it is the one that answers, or there is none of that number.
        """
        number: int = order.argument["version"]
        await self._projector.drop(number)
        return {"version": number}

    async def _previous(self) -> int | None:
        versions = await self._versions.read()
        return next((v.number for v in versions if v.state == "previous"), None)

    async def _of(self, number: int) -> Version | None:
        for version in await self._versions.read():
            if version.number == number and version.state != "dropped":
                return version
        return None


def _progress(version: Version) -> Json:
    return {
        "version": version.number,
        "events_done": version.events_done,
        "events_to_do": version.events_to_do,
        "events_per_second": version.events_per_second,
        "seconds_left": version.seconds_left,
        "trouble": version.trouble,
    }
