"""A door before a server: one process behind it can be cut off, and notices nothing but silence.

What it sends while it is cut off is held, not refused; once the door is open again it arrives.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 65_536
PEER_CREDENTIALS = struct.Struct("3i")


class Door:
    """Passes on what comes, except of the processes that are cut off."""

    def __init__(self, to: Callable[[], Awaitable[Stream]]) -> None:
        self._to = to
        self._cut: set[int] = set()
        self._changed = asyncio.Condition()
        self._passing: set[asyncio.Task[None]] = set()

    async def cut_off(self, pid: int) -> None:
        """From now on nothing goes to or comes from this process."""
        self._cut.add(pid)

    async def let_through(self, pid: int) -> None:
        """Open the door again; what was held goes on."""
        async with self._changed:
            self._cut.discard(pid)
            self._changed.notify_all()

    async def come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection and pass it on until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        pid = await asyncio.to_thread(_peer, writer.get_extra_info("socket"))
        there_reader, there_writer = await self._to()
        sides = [
            asyncio.create_task(self._pass(reader, there_writer, pid)),
            asyncio.create_task(self._pass(there_reader, writer, pid)),
        ]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
            for end in (writer, there_writer):
                end.transport.abort()
            self._passing.discard(task)

    async def close(self) -> None:
        """End every connection."""
        for task in list(self._passing):
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pid: int
    ) -> None:
        while data := await reader.read(CHUNK):
            async with self._changed:
                await self._changed.wait_for(lambda: pid not in self._cut)
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def door_to_folder(folder: Path, server: Path) -> AsyncIterator[Door]:
    """Have a door in `folder` before the PostgreSQL server whose socket lies in `server`."""
    name = _socket_in(server)
    door = Door(lambda: asyncio.open_unix_connection(server / name))
    listener = await asyncio.start_unix_server(door.come, folder / name)
    try:
        yield door
    finally:
        listener.close()
        await door.close()


@asynccontextmanager
async def door_to_port(port: int, server: int) -> AsyncIterator[Door]:
    """Have a door on a loopback port before the server on another."""
    door = Door(lambda: asyncio.open_connection("127.0.0.1", server))
    listener = await asyncio.start_server(door.come, "127.0.0.1", port)
    try:
        yield door
    finally:
        listener.close()
        await door.close()


def _socket_in(folder: Path) -> str:
    [name] = [file.name for file in folder.glob(".s.PGSQL.*") if file.suffix != ".lock"]
    return name


def _peer(sock: socket.socket) -> int:
    """Return the process at the other end of a local connection."""
    if sock.family == socket.AF_UNIX:
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size)
        pid: int = PEER_CREDENTIALS.unpack(credentials)[0]
        return pid
    port = sock.getpeername()[1]
    ends = psutil.net_connections(kind="tcp4")
    return next((c.pid for c in ends if c.pid and c.laddr and c.laddr.port == port), 0)
