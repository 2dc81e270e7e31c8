"""One trace follows a change from the request to the read model, and costs little when off."""

from collections.abc import Sequence

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanKind

from shared.observability.traces import (
    Tracing,
    current_trace_id,
    current_traceparent,
    is_sampled,
    parse_traceparent,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SPAN}-01"
NOT_SAMPLED = f"00-{TRACE}-{SPAN}-00"


class Kept(SpanProcessor):
    """Keeps every span that ends."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    @property
    def names(self) -> Sequence[str]:
        return [span.name for span in self.spans]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def tracing(kept: Kept) -> Tracing:
    return Tracing([kept], share=1.0, resource=Resource({"service.name": "daybook.test"}))


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        (SAMPLED, SAMPLED),
        (NOT_SAMPLED, NOT_SAMPLED),
        (f"00-{TRACE}-{SPAN}-03", SAMPLED),
        (f"00-{TRACE}-{SPAN}-02", NOT_SAMPLED),
        (f"01-{TRACE}-{SPAN}-01-what-comes-next", SAMPLED),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (SAMPLED.upper(), None),
        (f"{SAMPLED}\n", None),
        ("", None),
        ("ada@example.org", None),
    ],
)
def test_a_foreign_traceparent_is_taken_in_our_form_or_not_at_all(
    given: str, understood: str | None
) -> None:
    assert parse_traceparent(given) == understood


def test_a_span_belongs_to_its_parents_trace_and_obeys_its_flag(tracing: Tracing) -> None:
    for parent in (SAMPLED, NOT_SAMPLED):
        own = tracing.start(parent)
        assert own[:36] == parent[:36]
        assert own[36:52] != SPAN
        assert is_sampled(own) == is_sampled(parent)
        assert parse_traceparent(own) == own


def test_a_share_of_the_traces_is_sampled(kept: Kept) -> None:
    for share, expected in ((0.0, 0), (0.25, 500), (1.0, 2000)):
        tracing = Tracing([kept], share=share)
        sampled = sum(is_sampled(tracing.start()) for _ in range(2000))
        # 2,000 draws: five standard deviations of the middle one are below 100.
        assert abs(sampled - expected) <= (100 if 0 < share < 1 else 0)


def test_without_an_exporter_there_are_still_trace_ids() -> None:
    tracing = Tracing(share=1.0)
    with tracing.root("canary"):
        assert current_trace_id() is not None
        assert not is_sampled(current_traceparent())
    with tracing.span("append", parent=SAMPLED) as span:
        span.set("events", 1)
    assert current_trace_id() is None


def test_a_span_inside_a_span_is_its_child(tracing: Tracing, kept: Kept) -> None:
    with tracing.root("canary"), tracing.span("append") as append:
        append.set("events", 2)
    inner, outer = kept.spans
    assert kept.names == ["append", "canary"]
    assert outer.parent is None
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert inner.context.trace_id == outer.context.trace_id
    assert dict(inner.attributes or {}) == {"events": 2}
    assert outer.start_time <= inner.start_time <= inner.end_time <= outer.end_time  # type: ignore[operator]


def test_what_is_not_sampled_costs_no_span(tracing: Tracing, kept: Kept) -> None:
    with tracing.span("append") as outside, tracing.span("append", parent=NOT_SAMPLED) as off:
        assert outside is off, "one span that does nothing, shared by all"
    tracing.record("append", parent=NOT_SAMPLED, start_ns=1, end_ns=2)
    tracing.record("append", parent=None, start_ns=1, end_ns=2)
    assert kept.spans == []
    assert not is_sampled(None)
    assert not is_sampled("")


def test_a_share_of_a_batch_is_kept_after_the_fact(tracing: Tracing, kept: Kept) -> None:
    tracing.record(
        "send daybook.customers.v1",
        parent=SAMPLED,
        start_ns=1_000,
        end_ns=2_000,
        kind=SpanKind.PRODUCER,
        attributes={"messaging.system": "kafka"},
    )
    (span,) = kept.spans
    assert (span.start_time, span.end_time, span.kind) == (1_000, 2_000, SpanKind.PRODUCER)
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN


def test_a_failed_span_names_the_error_and_not_its_words(tracing: Tracing, kept: Kept) -> None:
    with pytest.raises(ValueError, match="ada"), tracing.span("append", parent=SAMPLED):
        raise ValueError("ada@example.org")
    (span,) = kept.spans
    assert not span.status.is_ok
    assert span.status.description is None
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert span.events == ()


def test_a_span_of_ours_goes_out_by_otlp_like_any_other(tracing: Tracing, kept: Kept) -> None:
    with tracing.span("append", parent=SAMPLED, attributes={"events": 3}):
        pass
    resource = encode_spans(kept.spans).resource_spans[0]
    sent = resource.scope_spans[0].spans[0]
    assert resource.resource.attributes[0].value.string_value == "daybook.test"
    assert sent.trace_id.hex() == TRACE
    assert sent.parent_span_id.hex() == SPAN
    assert (sent.name, sent.attributes[0].value.int_value) == ("append", 3)
