"""Where ended spans go: a file of JSON lines for one machine, OTLP over HTTP for many."""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext

from shared.observability.traces import Tracing
from shared.settings import ObservabilitySettings

_LARGEST_FILE_BYTES = 64 * 1024 * 1024
_OTLP_PATH = "/v1/traces"

logger = logging.getLogger(__name__)


def configure_tracing(settings: ObservabilitySettings, service: str, role: str) -> Tracing:
    """Return the tracing of this process, with an exporter for each place that is set."""
    exporters: list[SpanExporter] = []
    if settings.trace_file is not None:
        exporters.append(JsonLinesExporter(settings.trace_file, service=service, role=role))
    if settings.otlp_endpoint is not None:
        exporters.append(_otlp_exporter(settings.otlp_endpoint))
    resource = Resource({"service.name": f"daybook.{service}", "daybook.role": role})
    processors = [
        BatchSpanProcessor(
            exporter, max_queue_size=16_384, max_export_batch_size=1_024, schedule_delay_millis=250
        )
        for exporter in exporters
    ]
    return Tracing(processors, share=settings.trace_share, resource=resource)


def close_tracing(tracing: Tracing, *, within_seconds: float = 1.0) -> None:
    """Write out what is left, but never let a collector that hangs hold up the end of a process."""
    closing = threading.Thread(target=tracing.close, name="close-tracing", daemon=True)
    closing.start()
    closing.join(within_seconds)
    if closing.is_alive():
        logger.warning("the last spans could not be delivered in time")


class JsonLinesExporter(SpanExporter):
    """Appends each span as one line of JSON; a full file is set aside once, as `….1`.

    The file is opened anew for every batch and written in one call, so that several processes
    may share it and one of them may set it aside.
    """

    def __init__(
        self, path: Path, *, service: str, role: str, largest_bytes: int = _LARGEST_FILE_BYTES
    ) -> None:
        self._path = path
        self._process = {"service": service, "role": role}
        self._largest_bytes = largest_bytes

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans; a disk that refuses is said, and the spans are given up."""
        lines = b"".join(orjson.dumps(_line(span) | self._process) + b"\n" for span in spans)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab", buffering=0) as file:
                file.write(lines)
                is_full = file.tell() > self._largest_bytes
            if is_full:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        except OSError:
            logger.warning("spans could not be written to the trace file", exc_info=True)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


def _line(span: ReadableSpan) -> dict[str, object]:
    context: SpanContext = span.context
    return {
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
        "parent_id": None if span.parent is None else f"{span.parent.span_id:016x}",
        "name": span.name,
        "kind": span.kind.name,
        "start": _moment(span.start_time),
        "end": _moment(span.end_time),
        "is_error": not span.status.is_ok,
        "attributes": dict(span.attributes or {}),
    }


def _moment(nanoseconds: int | None) -> datetime:
    return datetime.fromtimestamp((nanoseconds or 0) / 1e9, UTC)


def _otlp_exporter(endpoint: str) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - 100 ms
        OTLPSpanExporter,
    )

    address = endpoint.rstrip("/")
    return OTLPSpanExporter(address if address.endswith(_OTLP_PATH) else address + _OTLP_PATH)
