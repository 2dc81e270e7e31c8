"""A stream of server-sent events ends at once when its reader goes or the process stops.

It ends, saying why, when its reader may not read it any more, or nobody knows whether; a reader who
takes nothing is told nothing, and loses the connection.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared.errors import NotPermittedError, UndecidedError
from shared.web.downloads import LOOK_SECONDS, Look, NothingTakenError, has_room

HEARTBEAT_SECONDS = 15.0
_HEARTBEAT = b": still here\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # A proxy that gathers the answer before it sends it would turn live into late.
    (b"x-accel-buffering", b"no"),
]


def server_event(data: bytes, *, event: str | None = None, event_id: str | None = None) -> bytes:
    """Return one event as it goes over the wire; `data` is one line, for example JSON."""
    name = b"" if event is None else b"event: " + event.encode() + b"\n"
    number = b"" if event_id is None else b"id: " + event_id.encode() + b"\n"
    return name + number + b"data: " + data + b"\n\n"


class EventStream(Response):
    """Sends what a generator yields, and a heartbeat when it yields nothing for a while.

    What it yields is handed over in the same step, and it is asked for more only when that has
    left: what it decides holds for what leaves. It is closed when the stream ends, whoever ended
    it.
    """

    def __init__(
        self, events: AsyncGenerator[bytes, None], *, stopping: asyncio.Event, look: Look
    ) -> None:
        """Send the events; `look` twice a second while the reader takes nothing."""
        super().__init__()
        self._look = look
        self._events = events
        self._stopping = stopping
        self._is_quiet = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the generator, the reader or the process ends.

        Raises:
            NothingTakenError: the reader takes not even the end.
        """
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        telling = asyncio.create_task(self._tell(send))
        ends = {
            telling,
            asyncio.create_task(self._beat(send)),
            asyncio.create_task(_until_gone(receive)),
            asyncio.create_task(self._stopping.wait()),
        }
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
            await _send_last(send, {"type": "http.response.body", "body": b""})
        finally:
            await _end(ends)
            await self._events.aclose()

    async def _tell(self, send: Send) -> None:
        try:
            async for chunk in self._events:
                self._is_quiet = False
                await send(_chunk(chunk))
                await has_room(send, self._look)
        except (NotPermittedError, UndecidedError) as error:
            await _send_last(send, _chunk(_ended(error)))

    async def _beat(self, send: Send) -> None:
        while True:
            self._is_quiet = True
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if self._is_quiet:
                await send(_chunk(_HEARTBEAT))


def _ended(error: NotPermittedError | UndecidedError) -> bytes:
    why: dict[str, Any] = {
        "code": error.problem_code, "reason": error.reason, "detail": error.detail,
        "fix": error.fix, "who_can_help": error.who_can_help,
    }  # fmt: skip
    if isinstance(error, NotPermittedError):
        why["permission"] = error.permission
    else:
        why["retry_after_seconds"] = error.retry_after_seconds
    return server_event(orjson.dumps(why), event="ended")


def _chunk(its: bytes) -> Message:
    return {"type": "http.response.body", "body": its, "more_body": True}


async def _send_last(send: Send, message: Message) -> None:
    """Send it, unless the reader does not take it within half a second."""
    try:
        await asyncio.wait_for(send(message), LOOK_SECONDS)
    except TimeoutError:
        raise NothingTakenError from None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
