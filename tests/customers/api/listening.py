"""A reader of server-sent events, who speaks ASGI by hand: httpx's own would wait for the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from shared.testing.verifier import token_of
from tests.ground.house import House

COMES_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the stream; one without an event only moves the id."""

    id: str | None
    event: str | None
    data: dict[str, Any] | None


class Listener:
    """One reader of /v1/watch."""

    def __init__(self, house: House, person: str, last_event_id: str | None) -> None:
        headers = [(b"authorization", f"Bearer {token_of(person)}".encode())]
        if last_event_id is not None:
            headers.append((b"last-event-id", last_event_id.encode("latin-1")))
        self._scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/v1/watch", "raw_path": b"/v1/watch", "query_string": b"",
            "root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": None,
        }  # fmt: skip
        self._app = house.app
        self._gone = asyncio.Event()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.headers: dict[bytes, bytes] = {}

    async def status(self) -> int:
        """Return the answer's status once it began."""
        return await asyncio.wait_for(asyncio.shield(self._started), COMES_WITHIN_SECONDS)

    async def next(self) -> Message | None:
        """Return the next message, or None at the end of the stream."""
        chunk = await asyncio.wait_for(self._chunks.get(), COMES_WITHIN_SECONDS)
        if not chunk:
            return None
        lines = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line)
        data = lines.get("data")
        return Message(
            lines.get("id"), lines.get("event"), None if data is None else orjson.loads(data)
        )

    async def changes(self, count: int) -> list[Message]:
        """Return so many messages that tell a change."""
        found: list[Message] = []
        while len(found) < count:
            message = await self.next()
            assert message is not None, "the stream ended"
            if message.event is not None:
                found.append(message)
        return found

    async def run(self) -> None:
        """Read until the stream ends or `leave` is called."""
        await self._app(self._scope, self._receive, self._send)

    def leave(self) -> None:
        """Hang up."""
        self._gone.set()

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - ASGI's own messages
        if message["type"] == "http.response.start":
            self.headers = dict(message["headers"])
            self._started.set_result(message["status"])
        elif message["body"] or not message.get("more_body", False):
            self._chunks.put_nowait(message["body"])


@asynccontextmanager
async def listening(
    house: House, person: str = "alice", *, after: str | None = None
) -> AsyncIterator[Listener]:
    """Watch for as long as the body of the `with`."""
    listener = Listener(house, person, after)
    reading = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        listener.leave()
        await asyncio.wait_for(reading, COMES_WITHIN_SECONDS)


async def until_the_end(listener: Listener) -> list[Message]:
    """Return every message up to the end of the stream."""
    found = []
    while (message := await listener.next()) is not None:
        found.append(message)
    return found
