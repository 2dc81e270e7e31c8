"""What Prometheus is to record and to alert about, as the files say it."""

from collections.abc import Iterator
from typing import Any, get_args

import promql_parser
import yaml

from cli.local.paths import PROJECT
from shared.observability.names import METRICS, HistogramName

MONITORING = PROJECT / "deploy" / "monitoring"
RULES = sorted((MONITORING / "rules").glob("*.yml"))
# Of Prometheus itself, and of prometheus_client's own collector.
NOT_OURS = {
    "up",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
}


def rules() -> list[dict[str, Any]]:
    """Return every rule of every file."""
    files = [yaml.safe_load(path.read_text()) for path in RULES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """Return the rules that are alerts."""
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """Return the names that rules record."""
    return {rule["record"] for rule in rules() if "record" in rule}


def existing() -> dict[str, set[str]]:
    """Return every series of ours with the labels that it has of itself."""
    found: dict[str, set[str]] = {}
    for name, metric in METRICS.items():
        if name in get_args(HistogramName):
            found[f"{name}_bucket"] = {*metric.labels, "le"}
            found[f"{name}_sum"] = found[f"{name}_count"] = set(metric.labels)
        else:
            found[name] = set(metric.labels)
    return found


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    """Yield every selector of series in an expression, which must be one."""
    found: list[promql_parser.VectorSelector] = []
    _collect(promql_parser.parse(expression), found)
    yield from found


def check_expression(expression: str) -> None:
    """Fail at a series that nobody tells, or that has no such label."""
    ours = existing()
    for each in selectors(expression):
        assert each.name in ours.keys() | recorded() | NOT_OURS, each.name
        for matcher in each.matchers.matchers:
            if each.name in ours:
                assert matcher.name in ours[each.name] | {"instance", "job", "process"}, expression


def _collect(node: object, found: list[promql_parser.VectorSelector]) -> None:
    if isinstance(node, promql_parser.VectorSelector):
        found.append(node)
    for part in ("expr", "lhs", "rhs", "vector_selector", "vs", "param"):
        if (inner := getattr(node, part, None)) is not None:
            _collect(inner, found)
    for inner in getattr(node, "args", None) or ():
        _collect(inner, found)
