"""Whatever goes to a listener of a cluster crosses here, so that one node can be cut off.

Each pair of who asks and who is asked has a crossing with an address of its own, so that both ends
are known, and a node that is cut off neither hears nor reaches the others. What is under way when
the crossing is closed is neither lost nor refused: it waits, as in a network that is broken.
"""

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from cli.local.ports import LOOPBACK

PIECE_BYTES = 65_536
TURN_WITHIN_SECONDS = 30.0


class Crossing:
    """The proxies of a cluster, in a thread of their own; a gate per node."""

    def __init__(self) -> None:
        self._gates: dict[int, asyncio.Event] = {}
        self._passing: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, nodes: Sequence[int], port: int, address: str) -> None:
        """Let whoever connects to that port of `address` reach the same port of loopback.

        `nodes` are the ends that can be cut off: the node asked, and who asks if that is one.
        """
        self._run(self._open(nodes, port, address))

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

    def _run(self, work: "Coroutine[Any, Any, None]") -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(TURN_WITHIN_SECONDS)

    async def _open(self, nodes: Sequence[int], port: int, address: str) -> None:
        for node in nodes:
            await self._turn(node, is_open=True)
        ways = [self._gates[node] for node in nodes]

        async def passes(reader: StreamReader, writer: StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._passing.add(task)
            try:
                # Only `close` cancels it.
                with suppress(asyncio.CancelledError):
                    await _pass(ways, port, reader, writer)
            finally:
                writer.transport.abort()
                self._passing.discard(task)

        self._servers.append(await asyncio.start_server(passes, address, port))

    async def _turn(self, node: int, *, is_open: bool) -> None:
        gate = self._gates.setdefault(node, asyncio.Event())
        if is_open:
            gate.set()
        else:
            gate.clear()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        # Whoever was let in just now is among those that pass one turn of the loop later, and a
        # connection that is aborted is closed one turn later.
        await asyncio.sleep(0)
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        await asyncio.sleep(0)


async def _pass(
    ways: list[asyncio.Event], port: int, reader: StreamReader, writer: StreamWriter
) -> None:
    try:
        await _wait(ways)
        there_reader, there_writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:  # nobody listens, as the caller will see
        return
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, there_writer, ways))
            group.create_task(_pump(there_reader, writer, ways))
    finally:
        there_writer.transport.abort()


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
    with suppress(OSError):
        await writer.wait_closed()
