"""One trace follows a change from the request to the read model, and costs little when off.

The context of a trace is its W3C `traceparent` string and nothing else: it is what a request
brings, what an event stores, what Kafka carries. A span is built only when that string says
"sampled", and handed to opentelemetry-sdk's processors when it ends. We make the SDK's
finished span ourselves: its live span locks, copies and checks, at three times the price.
"""

import os
import random
import re
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from functools import lru_cache
from types import TracebackType
from typing import Final, Protocol, Self

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared.observability.names import SpanName

AttributeValue = str | int | float | bool

_FORM = re.compile(
    r"(?:00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
    r"|(?!00|ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?)"
)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_FINE = Status(StatusCode.UNSET)
_FAILED = Status(StatusCode.ERROR)

_LOW_HALF = 2**64 - 1
# Ids are looked up, never guessed at: no secret, and a system call for each would cost more
# than the rest of an unsampled span. An id of zero, which W3C forbids, is one in 2**64.
_draw = random.Random(os.urandom(32)).getrandbits  # noqa: S311

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """Return the traceparent of the work going on here, to be stored with its events."""
    return _current.get()


def current_trace_id() -> str | None:
    """Return the trace id of the work going on here, as logs and problems name it."""
    traceparent = _current.get()
    return None if traceparent is None else traceparent[3:35]


def is_sampled(traceparent: str | None) -> bool:
    """Say whether spans of this trace are kept; costs one comparison, so ask it per event."""
    return traceparent is not None and traceparent.endswith("-01")


def parse_traceparent(text: str) -> str | None:
    """Return a foreign traceparent in our form (version 00, flags 00 or 01), or None if broken."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    trace_id, span_id, flags = (part for part in found.groups() if part is not None)
    return f"00-{trace_id}-{span_id}-0{int(flags, 16) & 1}"


def enter_trace(traceparent: str | None) -> Token[str | None]:
    """Make this the trace of the work going on here, until `leave_trace`."""
    return _current.set(traceparent)


def leave_trace(token: Token[str | None]) -> None:
    """Undo an `enter_trace`."""
    _current.reset(token)


def follow_trace(traceparent: str | None) -> None:
    """Make this the trace of what this task does from now on, also of a failure that ends it.

    A batch is of many traces; it follows that of its first event, so that a line in the log
    leads to a request.
    """
    _current.set(traceparent)


class Span(Protocol):
    """A piece of work being timed; `set` adds what is known only later."""

    def set(self, name: str, value: AttributeValue) -> None:
        """Add an attribute; never a personal value."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Tracing:
    """Starts traces and ends spans; with no processors it only hands out trace ids."""

    def __init__(
        self,
        processors: Sequence[SpanProcessor] = (),
        *,
        share: float = 0.0,
        resource: Resource | None = None,
    ) -> None:
        self._processors = tuple(processors)
        self._resource = resource or Resource.get_empty()
        self._bound = round(share * 2**64) if processors else 0

    def start(self, parent: str | None = None) -> str:
        """Return the traceparent of a new span: in its parent's trace, or in a trace of its own.

        A parent's flag is obeyed; a trace of its own is sampled by its id, at the set share.
        """
        if parent is not None:
            return f"{parent[:36]}{_draw(64):016x}{parent[52:]}"
        trace_id = _draw(128)
        flag = "01" if trace_id & _LOW_HALF < self._bound else "00"
        return f"00-{trace_id:032x}-{_draw(64):016x}-{flag}"

    def finish(
        self,
        name: str,
        own: str,
        parent: str | None,
        *,
        start_ns: int,
        end_ns: int | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, AttributeValue] | None = None,
        error_type: str | None = None,
    ) -> None:
        """Hand a span that `start` began to the processors; the caller knows it is sampled."""
        attributes = dict(attributes or {})
        if error_type is not None:
            attributes["error.type"] = error_type
        span = ReadableSpan(
            name,
            context=_span_context(own),
            parent=None if parent is None else _span_context(parent),
            resource=self._resource,
            attributes=attributes,
            kind=kind,
            status=_FINE if error_type is None else _FAILED,
            start_time=start_ns,
            end_time=end_ns or time.time_ns(),
        )
        for processor in self._processors:
            processor.on_end(span)

    def span(
        self,
        name: SpanName,
        *,
        parent: str | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> Span:
        """Time the body of a `with`, as a child of `parent` or of the work going on here.

        Outside any sampled trace this is one comparison and times nothing.
        """
        parent = parent or _current.get()
        if parent is None or not parent.endswith("-01"):
            return _NOT_KEPT
        return _KeptSpan(self, name, parent, kind=kind, attributes=attributes)

    def root(
        self, name: SpanName, *, attributes: Mapping[str, AttributeValue] | None = None
    ) -> Span:
        """Time the body of a `with` as a trace of its own, for work that no request asked for."""
        return _KeptSpan(self, name, None, kind=SpanKind.INTERNAL, attributes=attributes)

    def record(
        self,
        name: SpanName,
        *,
        parent: str | None,
        start_ns: int,
        end_ns: int,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Keep a span after the fact: one event's share of a batch, child of its traceparent.

        Does nothing unless the event's trace is sampled. Times are `time.time_ns()`.
        """
        if parent is None or not parent.endswith("-01"):
            return
        self.finish(
            name,
            self.start(parent),
            parent,
            start_ns=start_ns,
            end_ns=end_ns,
            kind=kind,
            attributes=attributes,
        )

    def flush(self) -> None:
        """Write out what has ended until now; blocks, so call it from a test or a thread."""
        for processor in self._processors:
            processor.force_flush()

    def close(self) -> None:
        """Write out what is left and end; blocks for as long as the exporters need."""
        for processor in self._processors:
            processor.shutdown()


class _KeptSpan:
    """A span that will be finished; entered, it is the context of everything inside."""

    __slots__ = ("_attributes", "_kind", "_name", "_own", "_parent", "_start", "_token", "_tracing")

    def __init__(
        self,
        tracing: Tracing,
        name: str,
        parent: str | None,
        *,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue] | None,
    ) -> None:
        self._tracing = tracing
        self._name = name
        self._own = tracing.start(parent)
        self._parent = parent
        self._kind = kind
        self._attributes = dict(attributes or {})

    def set(self, name: str, value: AttributeValue) -> None:
        self._attributes[name] = value

    def __enter__(self) -> Self:
        self._token = _current.set(self._own)
        self._start = time.time_ns()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _current.reset(self._token)
        if is_sampled(self._own):
            self._tracing.finish(
                self._name,
                self._own,
                self._parent,
                start_ns=self._start,
                kind=self._kind,
                attributes=self._attributes,
                error_type=None if kind is None else kind.__qualname__,
            )


class _SpanNotKept:
    """A span of a trace that is not sampled: nothing, shared by all."""

    __slots__ = ()

    def set(self, name: str, value: AttributeValue) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


_NOT_KEPT: Final = _SpanNotKept()


@lru_cache(maxsize=1024)
def _span_context(traceparent: str) -> SpanContext:
    return SpanContext(
        int(traceparent[3:35], 16),
        int(traceparent[36:52], 16),
        is_remote=True,
        trace_flags=_SAMPLED,
    )
