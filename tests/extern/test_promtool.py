"""Prometheus reads its settings and rules, and every alert fires when it should and only then."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.local.paths import PROJECT
from tests.deploy.monitored import MONITORING, RULES, alerts
from tests.extern.alert_stories import STORIES, Story

FETCHED = PROJECT / "build" / "prometheus" / "usr" / "bin" / "promtool"
# What an alert is about, whichever of its labels says so.
ABOUT = (
    "service",
    "role",
    "process",
    "topic",
    "projection",
    "stream",
    "type",
    "part",
    "server",
    "pattern",
    "lacks",
    "burn",
)
ASK = (
    'count by (alertname, severity, about) (label_join(ALERTS{alertstate="firing"}, "about", "",'
    + ", ".join(f' "{label}"' for label in ABOUT)
    + "))"
)


@pytest.fixture
def promtool() -> str:
    program = shutil.which("promtool") or (str(FETCHED) if FETCHED.exists() else None)
    assert program is not None, "promtool is missing. Fix: sudo apt-get install prometheus"
    return program


def run(*command: str | Path) -> None:
    """Run promtool; what it says is the failure."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert answer.returncode == 0, answer.stdout + answer.stderr


def as_promtool_wants(story: Story) -> dict[str, object]:
    """Return one of promtool's tests."""
    series = [
        {"series": name, "values": value if "x" in value else f"{value}x400"}
        for name, value in story.series().items()
    ]
    expected = [
        {"labels": labels_of(alert, severity, about), "value": 1}
        for alert, severity, about in story.fires
    ]
    asked = {"expr": ASK, "eval_time": f"{story.minute}m", "exp_samples": expected}
    return {
        "name": story.name,
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [asked],
    }


def labels_of(alert: str, severity: str, about: str) -> str:
    """Return the labels of an alert that fires; an empty label is none."""
    labels = f'alertname="{alert}",severity="{severity}"'
    return f'{{{labels},about="{about}"}}' if about else f"{{{labels}}}"


def test_prometheus_reads_its_settings_and_every_rule(promtool: str) -> None:
    run(promtool, "check", "config", "--syntax-only", MONITORING / "prometheus.yml")
    run(promtool, "check", "rules", *RULES)


def test_every_alert_fires_when_it_should_and_only_then(promtool: str, tmp_path: Path) -> None:
    told = {alert for story in STORIES for alert, _, _ in story.fires}
    assert told == {alert["alert"] for alert in alerts()}
    tests = tmp_path / "stories.yml"
    content = {
        "rule_files": [str(path) for path in RULES],
        "evaluation_interval": "1m",
        "tests": [as_promtool_wants(story) for story in STORIES],
    }
    tests.write_text(yaml.safe_dump(content))
    run(promtool, "test", "rules", tests)
