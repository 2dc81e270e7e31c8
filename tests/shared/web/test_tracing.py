"""Every request gets a trace, and nothing that a caller wrote gets into it or into a log."""

import io
import logging
from typing import Any

import pytest
from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability.logs import JsonFormatter
from shared.observability.traces import Tracing, current_traceparent
from shared.web.tracing import RequestTracing
from tests.shared.web.stage import SOMEBODY, Kept, Stage

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ADA = "ada.lovelace"


def spans(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    return [(span.name, dict(span.attributes or {})) for span in stage.kept.spans]


async def test_a_request_is_one_span_named_by_its_route(stage: Stage) -> None:
    path = f"/v1/customers/{SOMEBODY}/rename"
    await stage.ask("alice", "POST", path, headers={"If-Match": '"1"'}, json={"name": "Ada"})
    expected = {
        "http.request.method": "POST",
        "http.route": "/v1/customers/{customer_id}/rename",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }
    assert spans(stage) == [("POST /v1/customers/{customer_id}/rename", expected)]
    assert stage.kept.spans[0].kind is SpanKind.SERVER


async def test_a_request_goes_on_with_the_trace_of_its_caller(stage: Stage) -> None:
    traceparent = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    answer = await stage.ask("alice", "GET", "/v1/customers", headers=traceparent)
    (span,) = stage.kept.spans
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert answer.headers["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"


async def test_a_caller_who_does_not_trace_is_not_traced(stage: Stage) -> None:
    traceparent = {"traceparent": f"00-{TRACE}-{SPAN}-00"}
    answer = await stage.ask("alice", "GET", "/v1/customers", headers=traceparent)
    assert stage.kept.spans == []
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")


async def test_a_broken_traceparent_begins_a_new_trace(stage: Stage) -> None:
    answer = await stage.ask("alice", "GET", "/v1/customers", headers={"traceparent": ADA})
    assert ADA not in answer.headers["traceparent"]
    assert stage.kept.spans[0].parent is None


async def test_only_our_own_faults_are_errors_of_a_span(stage: Stage) -> None:
    await stage.ask(None, "GET", "/v1/customers")
    stage.failure = ValueError(ADA)
    await stage.ask("alice", "GET", "/v1/customers")
    theirs, ours = stage.kept.spans
    assert theirs.status.is_ok
    assert "error.type" not in (theirs.attributes or {})
    assert not ours.status.is_ok
    assert (ours.attributes or {})["error.type"] == "ValueError"


async def test_an_odd_method_does_not_become_a_name(stage: Stage) -> None:
    await stage.ask("alice", ADA.upper().replace(".", "-"), "/v1/customers")
    ((name, attributes),) = spans(stage)
    assert name == "HTTP /v1/customers"
    assert attributes["http.request.method"] == "_OTHER"


async def test_nothing_that_a_caller_wrote_is_traced_or_logged(stage: Stage) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(JsonFormatter("customers", "api"))
    logging.getLogger("shared").addHandler(handler)
    try:
        stage.failure = RuntimeError(ADA)
        everywhere = {"User-Agent": ADA, "X-Name": ADA, "Idempotency-Key": ADA}
        body = {"kind": ADA, "name": ADA, "emails": [ADA]}
        register, listing = "/v1/customers", f"/v1/customers?q={ADA}"
        for path in (register, f"/{ADA}", f"/v1/customers/{ADA}/rename", listing):
            answer = await stage.ask("alice", "POST", path, headers=everywhere, json=body)
            if ADA not in path.partition("?")[0]:
                assert ADA not in answer.text
        answer = await stage.ask("alice", "GET", listing, headers=everywhere)
        assert answer.status_code == 500
        assert answer.json()["instance"] == "/v1/customers", "never the query"
        assert ADA not in answer.text
    finally:
        logging.getLogger("shared").removeHandler(handler)
    assert ADA not in repr(spans(stage))
    assert "failed unexpectedly" in heard.getvalue()
    assert ADA not in heard.getvalue()


async def run(app: ASGIApp, kept: Kept) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "scheme": "http", "headers": []}
    await RequestTracing(app, Tracing([kept], share=1.0))(scope, receive, send)
    return sent


async def test_a_failure_after_the_answer_began_is_the_servers_to_end() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(ADA)

    with pytest.raises(RuntimeError):
        await run(app, Kept())
    assert current_traceparent() is None


async def test_a_caller_who_goes_away_is_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ClientDisconnect

    kept = Kept()
    assert await run(app, kept) == []
    assert caplog.records == []
    assert kept.spans[0].status.is_ok


async def test_what_is_no_request_passes_untouched() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(_message: Message) -> None: ...

    await RequestTracing(app, Tracing())({"type": "lifespan"}, receive, send)
    assert seen == [{"type": "lifespan"}]


async def test_a_route_may_say_itself_what_a_cache_keeps() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    (start,) = await run(app, Kept())
    assert [value for name, value in start["headers"] if name == b"cache-control"] == [
        b"max-age=60"
    ]
