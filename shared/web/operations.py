"""Every process, whatever its role, tells machines how it is: /livez, /readyz and /metrics.

They are served on a port of their own that only the machines of operators reach: nobody signs in
there, and nothing personal is told.
"""

import asyncio
import logging
import socket

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from shared.observability.metrics import Metrics
from shared.web.answers import JsonAnswer
from shared.web.health import READY, Alive, ReadinessCheck
from shared.web.serving import listen_on_first_free, serve_unguarded

SHARE_OF_PORTS = 8
"""How many processes of one service fit on one machine without a setting for each."""

_METHODS = {"GET", "HEAD"}

log = logging.getLogger(__name__)


class Operations:
    """The app on the port for operators."""

    def __init__(self, metrics: Metrics, readiness: ReadinessCheck) -> None:
        self._metrics = metrics
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(Request(scope))
        answer.headers["cache-control"] = "no-store"
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in _METHODS:
            return PlainTextResponse("only GET\n", 405, {"Allow": "GET, HEAD"})
        match request.url.path:
            case "/metrics":
                body, kind = await self._metrics.exposition(request.headers.get("accept", ""))
                return Response(body, headers={"content-type": kind})
            case "/readyz":
                report = await self._readiness()
                return JsonAnswer(report, 200 if report.status == READY else 503)
            case "/livez":
                return JsonAnswer(Alive())
            case _:
                return PlainTextResponse("/metrics, /readyz, /livez\n", 404)


def listen_for_operators(host: str, port: int) -> socket.socket:
    """Return the socket for `serve_operators`, and say in the log which port it is."""
    listener = listen_on_first_free(host, port, SHARE_OF_PORTS)
    log.info("metrics are served", extra={"port": listener.getsockname()[1]})
    return listener


async def serve_operators(
    metrics: Metrics, readiness: ReadinessCheck, listener: socket.socket, stopping: asyncio.Event
) -> None:
    """Serve /livez, /readyz and /metrics until `stopping` is set."""
    await serve_unguarded(Operations(metrics, readiness), listener, stopping=stopping)
