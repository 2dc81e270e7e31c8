"""A stream of server-sent events ends at once when its reader goes or the process stops.

It ends, saying why, when its reader may not read it any more.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.errors import NotPermittedError, UndecidedError
from shared.web.downloads import has_room

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

    def __init__(self, events: AsyncGenerator[bytes, None], *, stopping: asyncio.Event) -> None:
        super().__init__()
        self._events = events
        self._stopping = stopping
        self._is_quiet = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the generator, the reader or the process ends."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        telling = asyncio.create_task(self._tell(send))
        ends = {
            telling,
            asyncio.create_task(_until_gone(receive)),
            asyncio.create_task(self._stopping.wait()),
        }
        try:
            while not any(end.done() for end in ends):
                self._is_quiet = True
                done, _ = await asyncio.wait(
                    ends, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if self._is_quiet and not done:
                    await _send_chunk(send, _HEARTBEAT)
            if telling.done():
                telling.result()
            await send({"type": "http.response.body", "body": b""})
        finally:
            await _end(ends)
            await self._events.aclose()

    async def _tell(self, send: Send) -> None:
        try:
            async for chunk in self._events:
                self._is_quiet = False
                await _send_chunk(send, chunk)
                await has_room(send)
        except (NotPermittedError, UndecidedError) as error:
            await _send_chunk(send, _ended(error))


def _ended(error: NotPermittedError | UndecidedError) -> bytes:
    why = {"code": error.problem_code, "detail": error.detail, "who_can_help": error.who_can_help}
    if isinstance(error, NotPermittedError):
        why |= {"permission": error.permission, "reason": error.reason}
    return server_event(orjson.dumps(why), event="ended")


async def _send_chunk(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
