"""A process counts what it does in one small object, made once and handed to its parts.

prometheus_client keeps the numbers: recording costs a microsecond, a fifth of what the
OpenTelemetry instruments cost (docs/decisions). What is a state and not a deed, such as a lag,
is found out when somebody asks: a number is as young as its reader's question.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final, TypeVar, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from shared.errors import DaybookError
from shared.observability.names import (
    METRICS,
    CounterName,
    GaugeName,
    HistogramName,
    MetricName,
)

BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
FOUND_OUT_WITHIN_SECONDS = 3.0
_OUR_SIDE = 500

Refresh = Callable[[], Awaitable[None]]
Kind = TypeVar("Kind", Counter, Gauge, Histogram)

log = logging.getLogger(__name__)


class Metrics:
    """The numbers of one process; names, units and meanings are those of `names.METRICS`."""

    def __init__(self, service: str, role: str, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._counters = {name: self._new(Counter, name) for name in get_args(CounterName)}
        self._gauges = {name: self._new(Gauge, name) for name in get_args(GaugeName)}
        self._histograms = {
            name: self._new(Histogram, name, buckets=BUCKETS_SECONDS)
            for name in get_args(HistogramName)
        }
        # prometheus_client takes a lock to find a child; we find it without.
        self._counting: dict[tuple[str, ...], Counter] = {}
        self._timing: dict[tuple[str, ...], Histogram] = {}
        self._refreshes: dict[str, Refresh] = {}
        self.set("daybook_build_info", 1, service, role, version)

    def count(self, name: CounterName, number: float, *labels: str) -> None:
        """Add to a counter; label values in the order of the list of names."""
        child = self._counting.get((name, *labels))
        if child is None:
            child = self._counting[name, *labels] = _child(self._counters[name], labels)
        child.inc(number)

    def observe(self, name: HistogramName, seconds: float, *labels: str) -> None:
        """Record how long something took."""
        child = self._timing.get((name, *labels))
        if child is None:
            child = self._timing[name, *labels] = _child(self._histograms[name], labels)
        child.observe(seconds)

    @contextmanager
    def command(self, name: str) -> Iterator[None]:
        """Time the body of a `with` as one command: done, refused (as asked for), or failed."""
        began, outcome = perf_counter(), "failed"
        try:
            yield
            outcome = "done"
        except DaybookError as error:
            outcome = "refused" if error.status < _OUR_SIDE else "failed"
            raise
        finally:
            self.observe("daybook_command_seconds", perf_counter() - began, name, outcome)

    def set(self, name: GaugeName, value: float, *labels: str) -> None:
        """Say how something is now."""
        _child(self._gauges[name], labels).set(value)

    def clear(self, name: GaugeName) -> None:
        """Forget every value of a gauge: what is not known is left out, never repeated."""
        self._gauges[name].clear()

    def found_out_by(self, part: str, refresh: Refresh) -> None:
        """Have `refresh` set gauges whenever somebody asks for the numbers."""
        self._refreshes[part] = refresh

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return all numbers as Prometheus text or OpenMetrics, and the content type."""
        await asyncio.gather(*(self._found_out(*one) for one in self._refreshes.items()))
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    async def _found_out(self, part: str, refresh: Refresh) -> None:
        try:
            await asyncio.wait_for(refresh(), FOUND_OUT_WITHIN_SECONDS)
        except (DaybookError, TimeoutError) as error:
            self.count("daybook_scrape_failures_total", 1, part)
            log.warning(
                "a number could not be found out",
                extra={"part": part, "error": type(error).__name__},
            )
        except Exception:
            # One number that nobody can find out must not hide all the others.
            self.count("daybook_scrape_failures_total", 1, part)
            log.exception("a number could not be found out", extra={"part": part})

    def _new(self, kind: type[Kind], name: MetricName, **more: Any) -> Kind:  # noqa: ANN401 - as is
        metric = METRICS[name]
        return kind(name, metric.meaning, metric.labels, registry=self._registry, **more)


class Unmeasured(Metrics):
    """Counts nothing: for parts that stand alone, in tests and tools."""

    def __init__(self) -> None:
        self._refreshes = {}

    def count(self, name: CounterName, number: float, *labels: str) -> None:
        """Forget it."""

    def observe(self, name: HistogramName, seconds: float, *labels: str) -> None:
        """Forget it."""

    def set(self, name: GaugeName, value: float, *labels: str) -> None:
        """Forget it."""

    def clear(self, name: GaugeName) -> None:
        """Forget it."""


UNMEASURED: Final = Unmeasured()


def _child(metric: Kind, labels: tuple[str, ...]) -> Kind:
    return metric.labels(*labels) if labels else metric
