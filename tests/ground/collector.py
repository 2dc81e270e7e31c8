"""Where spans are sent by OTLP over HTTP stands a collector that keeps them."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True)
class Got:
    """One span that arrived, and which process sent it."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    role: str


class Collector:
    """Keeps every span that arrives."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.spans: list[Got] = []

    def of_trace(self, trace_id: str) -> set[tuple[str, str]]:
        """Return role and name of every span of one trace."""
        return {(each.role, each.name) for each in self.spans if each.trace_id == trace_id}

    def take(self, body: bytes) -> None:
        """Keep what one request brings."""
        for process in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {each.key: each.value.string_value for each in process.resource.attributes}
            self.spans += [
                Got(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.name,
                    about["daybook.role"],
                )
                for scope in process.scope_spans
                for span in scope.spans
            ]


@contextmanager
def a_collector() -> Iterator[Collector]:
    """Run one for as long as the body of the `with`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            is_packed = self.headers.get("content-encoding") == "gzip"
            if self.path == "/v1/traces":
                its.take(gzip.decompress(body) if is_packed else body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    its = Collector(server.server_address[1])
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield its
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
