"""Every request passes here: it gets a trace, its errors become problems, its answer is guarded.

One ASGI wrapper instead of four, because each costs more than what it does. A span follows the
HTTP conventions (`{method} {route}`, kind SERVER) except for `url.path` and `url.query`: a
caller can write anything there, a name included, so they are never recorded.
"""

import time
from collections.abc import Mapping
from time import perf_counter
from types import MappingProxyType

from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability.acting import enter_own_name, leave_acting
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import (
    AttributeValue,
    Tracing,
    enter_trace,
    is_sampled,
    leave_trace,
    parse_traceparent,
)
from shared.web.headers import given_request_id
from shared.web.problems import FailureAnswer, FailureLog, answer_failure

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OUR_SIDE = 500

Headers = list[tuple[bytes, bytes]]


class RequestTracing:
    """The outermost layer of an api."""

    def __init__(
        self,
        app: ASGIApp,
        tracing: Tracing,
        metrics: Metrics = UNMEASURED,
        answers: Mapping[str, FailureAnswer] = MappingProxyType({}),
    ) -> None:
        """Pass requests on; `answers` has, by the beginning of a path, who writes its errors."""
        self._app = app
        self._tracing = tracing
        self._metrics = metrics
        self._failures = FailureLog()
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only what fails after the answer began leaves as an exception."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = _incoming(scope)
        own = self._tracing.start(parent)
        began = perf_counter()
        started = time.time_ns() if is_sampled(own) else None
        entered, acting = enter_trace(own), enter_own_name()
        status = 0
        failure: Exception | None = None

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _guarded(message["headers"], own, scope["headers"])
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            pass  # Nobody is left to answer.
        except Exception as error:
            failure = error
            if status:
                raise
            self._failures.tell(error)
            await self._answer(error, scope)(scope, receive, send_guarded)
        finally:
            if started is not None:
                self._finish(scope, own, parent, started=started, status=status, failure=failure)
            self._measure(scope, status, perf_counter() - began)
            leave_trace(entered)
            leave_acting(acting)

    def _answer(self, error: Exception, scope: Scope) -> Response:
        for beginning, answer in self._answers.items():
            if scope["path"].startswith(beginning):
                return answer(error, scope)
        return answer_failure(error, scope)

    def _measure(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        self._metrics.observe(
            "daybook_http_request_seconds",
            seconds,
            scope["method"] if scope["method"] in _METHODS else "_OTHER",
            "none" if route is None else route.path,
            # 0: whoever asked left before there was an answer.
            f"{status // 100}xx" if status else "none",
        )

    def _finish(
        self,
        scope: Scope,
        own: str,
        parent: str | None,
        *,
        started: int,
        status: int,
        failure: Exception | None,
    ) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        route = scope.get("route")
        attributes: dict[str, AttributeValue] = {
            "http.request.method": method,
            "url.scheme": scope["scheme"],
        }
        if status:
            attributes["http.response.status_code"] = status
        name = "HTTP" if method == "_OTHER" else method
        if route is not None:
            attributes["http.route"] = route.path
            name = f"{name} {route.path}"
        self._tracing.finish(
            name,
            own,
            parent,
            start_ns=started,
            kind=SpanKind.SERVER,
            attributes=attributes,
            error_type=_error_type(failure, status),
        )


def _incoming(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return parse_traceparent(value.decode("latin-1"))
    return None


def _guarded(headers: Headers, own: str, asked: Headers) -> Headers:
    guarded = [*headers, (b"x-content-type-options", b"nosniff"), (b"traceparent", own.encode())]
    # Whoever numbers requests finds the number again, on refusals too.
    guarded += given_request_id(asked)
    # Answers are about people: no cache keeps one unless its route says that it may.
    if not any(name == b"cache-control" for name, _ in headers):
        guarded.append((b"cache-control", b"no-store"))
    return guarded


def _error_type(failure: Exception | None, status: int) -> str | None:
    """Return what a span's error is named; what the caller did wrong (4xx) is none of ours."""
    if status < _OUR_SIDE:
        return None
    return str(status) if failure is None else type(failure).__qualname__
