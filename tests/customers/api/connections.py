"""A connection over ASGI whose reader takes as much of an answer as a test lets it."""

import asyncio
from typing import Any

from shared.testing.verifier import token_of
from tests.ground.house import House


class Connection:
    """A connection that is full once something of a kind has gone out, until it is let go on."""

    def __init__(self, house: House, person: str, path: str, full_behind: bytes) -> None:
        self._app, self._full_behind = house.app, full_behind
        self._headers = [(b"authorization", f"Bearer {token_of(person)}".encode())]
        self._path = path
        self._has_room = asyncio.Event()
        self._has_room.set()
        self.is_full = asyncio.Event()
        self.sent: list[bytes] = []

    async def run(self, *headers: tuple[bytes, bytes]) -> None:
        """Ask, and take what comes until it ends."""
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": self._path, "raw_path": self._path.encode(),
            "query_string": b"", "root_path": "", "headers": [*self._headers, *headers],
            "client": ("127.0.0.1", 1), "server": None,
        }  # fmt: skip
        await self._app(scope, self._receive, self._send)

    def goes_on(self, full_behind: bytes = b"\0") -> None:
        """Have room again, until something of this kind has gone out."""
        self._full_behind = full_behind
        self.is_full.clear()
        self._has_room.set()

    async def _receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - ASGI's own messages
        if not self._has_room.is_set():
            # What is handed over now waits here, as it does in the server.
            self.is_full.set()
            await self._has_room.wait()
        body = message.get("body", b"")
        if body and not body.startswith(b":"):  # which only says that somebody is there
            self.sent.append(body)
            if self._full_behind in body:
                self._has_room.clear()
