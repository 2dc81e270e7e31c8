"""An app is served inside the process's own loop, and stops when the process says so."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from functools import partial

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.errors import UnavailableError
from shared.web.downloads import is_cut_off

# A request may wait 30 s for its token; a process that stops gives it one more second.
_LAST_REQUESTS_SECONDS = 1
_KEEP_ALIVE_SECONDS = 30
_BACKLOG = 2_048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; a port in use is said in one sentence (port 0: any free)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UnavailableError(
            f"Port {port} on {host} cannot be used: {error.strerror}.",
            code="port-in-use",
            fix=f"Find its user with `ss -ltnp 'sport = :{port}'`, or move all ports with "
            "DAYBOOK_PORT_BASE.",
        ) from error
    listener.setblocking(False)
    return listener


def listen_on_first_free(host: str, port: int, among: int) -> socket.socket:
    """Return a socket that listens on the first free port from `port` on (port 0: any free)."""
    for tried in range(port, port + among - 1) if port else ():
        with contextlib.suppress(UnavailableError):
            return listen(host, tried)
    return listen(host, port + among - 1 if port else 0)


async def serve_unguarded(
    app: ASGIApp, listener: socket.socket, *, stopping: asyncio.Event
) -> None:
    """Serve an app that asks nobody who they are, until `stopping` is set."""
    config = uvicorn.Config(
        app,
        http=OneConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LAST_REQUESTS_SECONDS,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_a_failure)
    server = _Server(config)
    watching = asyncio.create_task(_exit_when(stopping, server))
    try:
        await server.serve(sockets=[listener])
    finally:
        watching.cancel()


class OneConnection(HttpToolsProtocol):
    """Keeps nothing back: what the socket does not take yet is all that waits in this process.

    It does not outlive an answer that was cut off, whatever the reader had still to take.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with no room for what waits."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)
        self.app = partial(_answer, self.app, transport)


async def _answer(
    app: ASGIApp, transport: asyncio.Transport, scope: Scope, receive: Receive, send: Send
) -> None:
    try:
        await app(scope, receive, send)
    except Exception as error:
        if is_cut_off(error):
            transport.abort()
        raise


def _is_a_failure(record: logging.LogRecord) -> bool:
    """Say whether what uvicorn tells is more than that an answer was cut off, as it should be."""
    return record.exc_info is None or not is_cut_off(record.exc_info[1])


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _exit_when(stopping: asyncio.Event, server: uvicorn.Server) -> None:
    await stopping.wait()
    server.should_exit = True
