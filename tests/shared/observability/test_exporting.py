"""Ended spans go to a file of JSON lines for one machine, by OTLP for many."""

import json
import logging
import threading
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext

from shared.observability import exporting
from shared.observability.exporting import JsonLinesExporter, close_tracing, configure_tracing
from shared.observability.traces import Tracing
from shared.settings import ObservabilitySettings


def a_span() -> ReadableSpan:
    context = SpanContext(1, 2, is_remote=False)
    return ReadableSpan("append", context=context, start_time=1_000_000, end_time=3_000_000)


def an_exporter(path: Path, *, largest_bytes: int = 10_000) -> JsonLinesExporter:
    return JsonLinesExporter(path, service="customers", role="api", largest_bytes=largest_bytes)


def test_a_trace_can_be_read_back_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "traces.jsonl"
    settings = ObservabilitySettings(trace_share=1.0, trace_file=file)
    tracing = configure_tracing(settings, "customers", "api")
    with tracing.root("canary"), tracing.span("append", attributes={"events": 1}):
        pass
    tracing.flush()
    inner, outer = (json.loads(line) for line in file.read_text().splitlines())
    assert inner["parent_id"] == outer["span_id"]
    assert inner["trace_id"] == outer["trace_id"]
    assert outer["parent_id"] is None
    assert inner["start"] >= outer["start"]
    assert (inner["name"], inner["kind"], inner["attributes"]) == (
        "append",
        "INTERNAL",
        {"events": 1},
    )
    assert (inner["service"], inner["role"], inner["is_error"]) == ("customers", "api", False)
    close_tracing(tracing)


def test_a_full_file_is_set_aside_and_the_next_begins(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    exporter = an_exporter(file, largest_bytes=300)
    for _ in range(2):
        exporter.export([a_span()])
    assert not file.exists()
    assert len((tmp_path / "traces.jsonl.1").read_text().splitlines()) == 2
    exporter.export([a_span()])
    assert len(file.read_text().splitlines()) == 1


def test_a_disk_that_refuses_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    exporter = an_exporter(tmp_path / "file" / "traces.jsonl")
    assert exporter.export([a_span()]) is SpanExportResult.FAILURE
    assert "spans could not be written" in caplog.text


def test_without_a_place_to_go_nothing_is_sampled() -> None:
    tracing = configure_tracing(ObservabilitySettings(trace_share=1.0), "customers", "api")
    assert tracing.start().endswith("-00")


@pytest.mark.parametrize("endpoint", ["http://collector:4318", "http://collector:4318/v1/traces/"])
def test_a_collector_is_named_by_its_address(endpoint: str) -> None:
    made = exporting._otlp_exporter(endpoint)  # noqa: SLF001 - nothing listens in a unit test
    assert made._endpoint == "http://collector:4318/v1/traces"  # type: ignore[attr-defined]  # noqa: SLF001
    settings = ObservabilitySettings(trace_share=1.0, otlp_endpoint=endpoint)
    tracing = configure_tracing(settings, "customers", "api")
    assert tracing.start().endswith("-01")
    close_tracing(tracing)


def test_a_collector_that_hangs_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    let_go = threading.Event()

    class Hanging(SpanProcessor):
        def shutdown(self) -> None:
            let_go.wait(30)

    with caplog.at_level(logging.WARNING):
        close_tracing(Tracing([Hanging()]), within_seconds=0.01)
    let_go.set()
    assert "could not be delivered" in caplog.text
