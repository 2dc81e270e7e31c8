"""Every api of Daybook is made here, so that all of them behave alike."""

import asyncio
import socket
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing
from shared.web.answers import Answer, JsonAnswer
from shared.web.callers import Guard
from shared.web.documents import complete_document
from shared.web.health import ReadinessCheck
from shared.web.health_routes import add_health
from shared.web.problems import FailureAnswer
from shared.web.recording import Recorder
from shared.web.routes import Routes, assert_every_route_is_guarded
from shared.web.serving import serve_unguarded
from shared.web.tracing import RequestTracing


class Api(FastAPI):
    """A FastAPI app with one layer of our own around its router, and no other."""

    def __init__(
        self, *, title: str, version: str, tracing: Tracing, metrics: Metrics = UNMEASURED
    ) -> None:
        self._tracing = tracing
        self._metrics = metrics
        self._failure_answers: dict[str, FailureAnswer] = {}
        super().__init__(
            title=title,
            version=version,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            # It would make a second span of every request, at 100 to 280 µs.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )

    def build_middleware_stack(self) -> ASGIApp:
        """Return the whole stack."""
        return RequestTracing(self.router, self._tracing, self._metrics, self._failure_answers)

    def answer_failures(self, beginning: str, answer: FailureAnswer) -> None:
        """Let errors at addresses that begin so leave as another standard wants them."""
        self._failure_answers[beginning] = answer

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return complete_document(super().openapi())


def create_app(
    *,
    title: str,
    version: str,
    guard: Guard,
    recorder: Recorder,
    tracing: Tracing,
    readiness: ReadinessCheck,
    metrics: Metrics = UNMEASURED,
) -> Api:
    """Return an app that serves health and its own description; add the rest with `Routes`."""
    app = Api(title=title, version=version, tracing=tracing, metrics=metrics)
    routes = Routes(app, guard, recorder)
    add_health(routes, readiness)

    async def openapi(_request: Request) -> Response:
        """Describe every route of this service (OpenAPI 3.1)."""
        return JsonAnswer(app.openapi())

    routes.add_anonymous("/openapi.json", "openapi", openapi, answers={200: Answer("This page.")})
    return app


async def serve(app: Api, listener: socket.socket, *, stopping: asyncio.Event) -> None:
    """Serve until `stopping` is set, then end within about a second.

    Raises UnguardedRouteError before anything is served if a route declares no permission.
    Signals are the caller's: uvicorn's own handlers are not installed.
    """
    assert_every_route_is_guarded(app)
    await serve_unguarded(app, listener, stopping=stopping)
