"""Every order to the projector is done by somebody: at once, and again where its doer died."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import asyncpg

from shared.errors import DaybookError, UnavailableError
from shared.observability.failures import said_of
from shared.postgres.lanes import Lanes
from shared.postgres.listening import hearing
from shared.projecting.orders import CHANNEL, Json, Kind, Order, OrderLostError, Orders

log = logging.getLogger(__name__)

Handler = Callable[[Order], Awaitable[Json]]
"""Does one order and returns its result; may be called again for an order it did half.

It says how far it is by `Orders.report`. A DaybookError tells the operator why not, any other
exception is logged and told by its type; UnavailableError gives the order back, to be done later.
"""

LOOK_EVERY_SECONDS = 5.0
RENEW_EVERY_SECONDS = 3.0
PAUSE_AFTER_FAILURE_SECONDS = 0.5


class OrderTaker:
    """Takes the orders of one read model; different kinds at a time, each kind one by one."""

    def __init__(
        self, orders: Orders, lanes: Lanes, projection: str, handlers: Mapping[Kind, Handler]
    ) -> None:
        """Use two of `lanes`: one listens, the other looks; handlers bring their own."""
        self._orders = orders
        self._lanes = lanes
        self._projection = projection
        self._handlers = handlers
        self._told = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Take orders until `stop` is set; what is under way then is given back, to go on later."""
        listening = asyncio.create_task(self._keep_listening())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set() and not listening.done():
                self._told.clear()
                await self._take_all()
                told = asyncio.create_task(self._told.wait())
                await asyncio.wait(
                    {told, stopping},
                    timeout=LOOK_EVERY_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                told.cancel()
            if listening.done():
                listening.result()
        finally:
            ending = {listening, stopping, *self._tasks}
            for task in ending:
                task.cancel()
            await asyncio.wait(ending)

    async def _take_all(self) -> None:
        try:
            while order := await self._orders.next(self._projection, tuple(self._handlers)):
                task = asyncio.create_task(self._do(order))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (UnavailableError, asyncpg.PostgresError) as error:
            log.warning("orders cannot be looked for", extra={"problem": said_of(error)})

    async def _do(self, order: Order) -> None:
        told = {"order": str(order.id), "order_kind": order.kind, "projection": order.projection}
        log.info("an order is taken", extra=told)
        doing = asyncio.create_task(self._result(order))
        try:
            await self._hold(order, doing)
            log.info("an order is done", extra=told)
        except OrderLostError:
            log.warning("an order was taken over by another process", extra=told)
        except UnavailableError as error:
            # Not given back: it is taken again once its lease has run out.
            log.warning("an order waits for a server", extra={**told, "problem": error.detail})
        except asyncio.CancelledError:
            await self._cancel(doing)
            await self._give_back(order)
            raise
        finally:
            await self._cancel(doing)
            self._told.set()

    async def _hold(self, order: Order, doing: asyncio.Task[None]) -> None:
        """Renew the lease until the work has ended; without the lease the work is ended."""
        while not doing.done():
            await asyncio.wait({doing}, timeout=RENEW_EVERY_SECONDS)
            if not doing.done():
                await self._orders.renew(order)
        doing.result()

    async def _result(self, order: Order) -> None:
        try:
            result = await self._handlers[order.kind](order)
        except (UnavailableError, OrderLostError):
            raise
        except DaybookError as error:
            await self._orders.failed(order.id, error)
        except Exception as error:
            log.exception("an order failed", extra={"order": str(order.id)})
            why = DaybookError(
                f"the projector failed with {type(error).__name__}",
                fix="`daybook logs customers` shows where; order it again once that is mended",
            )
            await self._orders.failed(order.id, why)
        else:
            await self._orders.done(order.id, result)

    async def _cancel(self, doing: asyncio.Task[None]) -> None:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)

    async def _give_back(self, order: Order) -> None:
        try:
            await self._orders.release(order)
        except UnavailableError:
            return  # Its lease runs out by itself.

    async def _keep_listening(self) -> None:
        while True:
            try:
                async with self._lanes.lane() as connection:
                    await self._listen(connection)
            except (UnavailableError, asyncpg.PostgresError) as error:
                log.warning("orders are listened for again", extra={"problem": str(error)})
            await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        async with hearing(connection, CHANNEL, self._told.set):
            self._told.set()
            await ended.wait()
