"""What a house traced can be read back."""

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor


class KeptSpans(SpanProcessor):
    """Keeps every span that ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Keep one more."""
        self.spans.append(span)
