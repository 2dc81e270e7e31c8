"""The numbers of a process are those of one list, and what is not known is left out."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.errors import RuleBrokenError, UnavailableError
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.names import (
    METRICS,
    CounterName,
    GaugeName,
    HistogramName,
)

GUIDE = Path(__file__).parents[3] / "docs/guides/operating.md"
PERSONAL = {"customer", "name", "email", "actor", "subject", "path", "url", "query", "trace_id"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("notes", "all", "1.2.3")


async def text_of(metrics: Metrics) -> str:
    body, _ = await metrics.exposition("text/plain")
    return body.decode()


async def values_of(metrics: Metrics) -> dict[str, float]:
    """Return every sample by its name and labels, as Prometheus reads them."""
    return dict(samples_of(await text_of(metrics)))


def samples_of(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(sample.labels[label] for label in sorted(sample.labels))
            yield f"{sample.name}{{{labels}}}", sample.value


def test_every_name_has_a_unit_and_a_meaning_and_no_label_that_could_hold_a_person() -> None:
    kinds = [get_args(kind) for kind in (CounterName, HistogramName, GaugeName)]
    assert sorted(METRICS) == sorted(name for names in kinds for name in names)
    for name, metric in METRICS.items():
        assert re.fullmatch(r"daybook_[a-z_]+", name)
        assert name.endswith("_total") == (name in get_args(CounterName))
        assert metric.unit
        assert metric.meaning.endswith(".")
        assert not PERSONAL & set(metric.labels)


def test_the_table_in_the_guide_is_the_list() -> None:
    lines = [
        f"| `{name}` | {metric.unit} | {', '.join(metric.labels)} | {metric.meaning} |"
        for name, metric in METRICS.items()
    ]
    told = [line for line in GUIDE.read_text().splitlines() if line.startswith("| `daybook_")]
    assert told == lines, "the table should be:\n" + "\n".join(lines)


async def test_what_was_counted_timed_and_set_is_told(metrics: Metrics) -> None:
    metrics.count("daybook_relay_events_total", 200, "a topic")
    metrics.count("daybook_relay_events_total", 50, "a topic")
    metrics.observe("daybook_append_seconds", 0.004)
    metrics.observe("daybook_append_seconds", 1.5)
    metrics.set("daybook_relay_partitions_led", 12, "a topic")
    values = await values_of(metrics)
    assert values["daybook_relay_events_total{a topic}"] == 250
    assert values["daybook_append_seconds_count{}"] == 2
    assert values["daybook_append_seconds_bucket{0.005}"] == 1
    assert values["daybook_append_seconds_bucket{1.0}"] == 1
    assert values["daybook_append_seconds_sum{}"] == pytest.approx(1.504)
    assert values["daybook_relay_partitions_led{a topic}"] == 12
    assert values["daybook_build_info{all,notes,1.2.3}"] == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "done"),
        (RuleBrokenError("no", fix="other", who_can_help="Erin"), "refused"),
        (UnavailableError("away"), "failed"),
        (ValueError(), "failed"),
    ],
)
async def test_a_command_is_timed_with_how_it_ended(
    metrics: Metrics, error: Exception | None, outcome: str
) -> None:
    with suppress(RuleBrokenError, UnavailableError, ValueError), metrics.command("RenameCustomer"):
        if error:
            raise error
    values = await values_of(metrics)
    assert values[f"daybook_command_seconds_count{{RenameCustomer,{outcome}}}"] == 1


async def test_a_state_is_found_out_when_somebody_asks(metrics: Metrics) -> None:
    asked = 0

    async def look() -> None:
        nonlocal asked
        asked += 1
        metrics.set("daybook_connections", asked, "truth")

    metrics.found_out_by("connections", look)
    assert (await values_of(metrics))["daybook_connections{truth}"] == 1
    assert (await values_of(metrics))["daybook_connections{truth}"] == 2


async def test_what_cannot_be_found_out_is_counted_and_costs_no_other_number(
    metrics: Metrics,
) -> None:
    async def look() -> None:
        metrics.clear("daybook_connections")
        raise UnavailableError("away")

    metrics.set("daybook_connections", 3, "truth")
    metrics.found_out_by("connections", look)
    values = await values_of(metrics)
    assert "daybook_connections{truth}" not in values
    assert values["daybook_scrape_failures_total{connections}"] == 1
    assert values["daybook_build_info{all,notes,1.2.3}"] == 1


async def test_open_metrics_is_spoken_to_who_asks_for_it(metrics: Metrics) -> None:
    body, kind = await metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_a_part_that_stands_alone_counts_nothing() -> None:
    UNMEASURED.count("daybook_relay_events_total", 1, "a topic")
    UNMEASURED.set("daybook_connections", 1, "truth")
    UNMEASURED.clear("daybook_connections")
    with UNMEASURED.command("RenameCustomer"):
        UNMEASURED.observe("daybook_append_seconds", 1)
