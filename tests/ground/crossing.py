"""Whatever goes to a listener crosses here, so that one process can be cut off from all others.

A proxy alone sees only where a connection goes. Which process it comes from is found out by its
port, so that a node that is cut off neither hears nor reaches the others, and needs no root. What
is under way when the crossing is closed is neither lost nor refused: it waits, as in a network
that is broken.
"""

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

import psutil

from cli.local.ports import LOOPBACK

PIECE_BYTES = 65_536
TURN_WITHIN_SECONDS = 30.0


class Crossing:
    """The proxies of a cluster, in a thread of their own; a gate per node."""

    def __init__(self, processes: Mapping[int, int]) -> None:
        """`processes` has the process id of each node that runs, and may change."""
        self._processes = processes
        self._gates: dict[int, asyncio.Event] = {}
        self._passing: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, node: int, port: int) -> int:
        """Return the port of a new proxy before that listener of the node."""
        return self._run(self._open(node, port))

    def cut_off(self, node: int) -> None:
        """Let nothing pass to this node or from it, neither now nor on new connections."""
        self._run(self._turn(node, is_open=False))

    def join(self, node: int) -> None:
        """Let what waits pass, and all that comes."""
        self._run(self._turn(node, is_open=True))

    def close(self) -> None:
        """Cut every connection."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: "Coroutine[Any, Any, int]") -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TURN_WITHIN_SECONDS)

    async def _open(self, node: int, port: int) -> int:
        await self._turn(node, is_open=True)

        async def passes(reader: StreamReader, writer: StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._passing.add(task)
            try:
                await self._pass(node, port, reader, writer)
            finally:
                self._passing.discard(task)

        server = await asyncio.start_server(passes, LOOPBACK)
        self._servers.append(server)
        address: tuple[str, int] = server.sockets[0].getsockname()
        return address[1]

    async def _turn(self, node: int, *, is_open: bool) -> int:
        gate = self._gates.setdefault(node, asyncio.Event())
        if is_open:
            gate.set()
        else:
            gate.clear()
        return 0

    async def _close(self) -> int:
        for server in self._servers:
            server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        return 0

    async def _pass(self, node: int, port: int, reader: StreamReader, writer: StreamWriter) -> None:
        peer: tuple[str, int] = writer.get_extra_info("peername")
        ways = [self._gates[n] for n in {node, self._node_that_has(peer[1])} - {None} if n]
        try:
            await _wait(ways)
            there_reader, there_writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:  # nobody listens, as the caller will see
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, there_writer, ways))
                group.create_task(_pump(there_reader, writer, ways))
        finally:
            writer.close()
            there_writer.close()

    def _node_that_has(self, port: int) -> int | None:
        """Return the node whose connection comes from this port; None: a client's."""
        for node, pid in list(self._processes.items()):
            with suppress(psutil.Error):
                if any(c.laddr and c.laddr[1] == port for c in _connections(pid)):
                    return node
        return None


def _connections(pid: int) -> list[Any]:
    return psutil.Process(pid).net_connections(kind="tcp")


async def _wait(ways: list[asyncio.Event]) -> None:
    while not all(gate.is_set() for gate in ways):
        for gate in ways:
            await gate.wait()


async def _pump(reader: StreamReader, writer: StreamWriter, ways: list[asyncio.Event]) -> None:
    with suppress(OSError):  # one end is gone; the other end is told so below
        while piece := await reader.read(PIECE_BYTES):
            await _wait(ways)
            writer.write(piece)
            await writer.drain()
    await _wait(ways)
    writer.close()
