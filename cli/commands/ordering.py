"""An order to the projector is placed, and followed on the screen until it has ended."""

import asyncio
import signal
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from cli.answers import Order
from cli.client import DaybookClient
from cli.commands.screen import say, show
from cli.refusals import WORTH_ANOTHER_TRY, RefusedError
from shared.errors import DaybookError, UnavailableError

POLL_SECONDS = 0.5
AWAY = "The service does not answer just now; the order is kept and goes on."


class OrderFailedError(DaybookError):
    """The projector took the order and could not do it."""

    code = "order-failed"
    title = "The order could not be done"


async def place_and_follow(
    client: DaybookClient, projection: str, kind: str, argument: Mapping[str, Any]
) -> Order | None:
    """Place an order and show its progress; None if Ctrl-C ended the watching, not the order.

    Raises:
        OrderFailedError: the projector could not do it.
    """
    order = await client.place_order(projection, kind, argument, idempotency_key=str(uuid4()))
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stopped.set)
    try:
        return await _follow(client, order, stopped)
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def _follow(client: DaybookClient, order: Order, stopped: asyncio.Event) -> Order | None:
    said, is_away = "", False
    while order.state not in {"done", "failed"}:
        line = f"{order.kind}: {order.state}{in_words(order.progress)}"
        if line != said:
            say(line)
            said = line
        if await _is_set(stopped, client):
            say(
                f"The order goes on without you: {order.id}."
                f" `daybook projections list` shows how far it is."
            )
            return None
        answer = await _asked(client, order)
        if answer is None and not is_away:
            say(AWAY)
        is_away, order = answer is None, answer or order
    if order.state == "failed":
        raise OrderFailedError(order.error or "the order failed", fix=order.fix)
    return order


async def _asked(client: DaybookClient, order: Order) -> Order | None:
    """Return the order as it is now; None if the service, or its database, does not answer."""
    try:
        return await client.order(order.projection, order.id)
    except UnavailableError:
        return None
    except RefusedError as error:
        if error.http_status not in WORTH_ANOTHER_TRY:
            raise
        return None


def show_result(order: Order | None, *, is_json: bool) -> None:
    """Show what came of an order; nothing if it still goes on."""
    if order is None:
        return
    if is_json:
        show(order.as_json())
        return
    show(f"{order.kind} of {order.projection}: done{in_words(order.result)}")


def in_words(told: Mapping[str, Any] | None) -> str:
    """Return the plain values of a progress or a result, in brackets; nothing if there are none."""
    plain = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in (told or {}).items()
        if value is not None and not isinstance(value, list | dict)
    ]
    return f" ({', '.join(plain)})" if plain else ""


async def _is_set(stopped: asyncio.Event, client: DaybookClient) -> bool:
    """Pause; say whether Ctrl-C came before or meanwhile."""
    pause = asyncio.ensure_future(client.pause(POLL_SECONDS))
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({pause, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (pause, waiting):
        task.cancel()
    return stopped.is_set()
