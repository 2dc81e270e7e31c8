"""Rules, dashboards and runbooks speak of numbers, files and commands that there are."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import click
import pytest
import yaml

from cli.__main__ import daybook
from cli.dashboards.__main__ import FOLDER
from cli.dashboards.boards import BOARDS, Board
from cli.dashboards.writing import SOURCE, json_of
from cli.local.paths import PROJECT
from shared.messaging.topics import CUSTOMERS
from shared.settings import ObservabilitySettings
from tests.deploy.composed import compose_file, composed
from tests.deploy.monitored import MONITORING, alerts, check_expression, existing, rules, selectors
from tests.ground.servers import Databases

RUNBOOKS = PROJECT / "docs" / "runbooks"
PAGES = sorted(set(RUNBOOKS.glob("*.md")) - {RUNBOOKS / "README.md"})
ALERTS = [
    f"{each['alert']} {each['labels'].get('burn', each['labels']['severity'])}" for each in alerts()
]


def front(page: Path) -> dict[str, list[str] | str]:
    """Return what stands at the head of a page."""
    _, head, _ = page.read_text().split("---\n", 2)
    told: dict[str, list[str] | str] = yaml.safe_load(head)
    return told


def commands(page: Path) -> Iterator[list[str]]:
    """Yield every line of the page's shell blocks as its words."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.splitlines():
            yield shlex.split(line, comments=True)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert", rule.get("record")))
def test_a_rule_asks_only_for_series_that_there_are(rule: dict[str, str]) -> None:
    check_expression(rule["expr"])


@pytest.mark.parametrize("alert", alerts(), ids=ALERTS)
def test_an_alert_carries_its_runbook_and_first_command(alert: dict[str, Any]) -> None:
    notes = alert["annotations"]
    page = PROJECT / notes["runbook"]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["alert"] in front(page)["alerts"]
    assert shlex.split(notes["first_command"]) in list(commands(page))
    made_of = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    known = {"instance", "process"} | set(re.findall(r"\w+", str(alert["expr"])))
    for each in selectors(str(alert["expr"])):
        known |= existing().get(each.name or "", set())
        known |= set(re.findall(r"\w+", made_of.get(each.name, "")))
    assert set(re.findall(r"\$labels\.(\w+)", notes["summary"])) <= known


def test_every_page_is_of_an_alert_and_in_the_list() -> None:
    told = {name for page in PAGES for name in front(page)["alerts"]}
    assert told == {alert["alert"] for alert in alerts()}
    listed = (RUNBOOKS / "README.md").read_text()
    for page in PAGES:
        names = ", ".join(front(page)["alerts"])
        assert f"| [{page.stem}]({page.name}) | {names} |" in listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_of_a_runbook_is_one_that_there_is(page: Path) -> None:
    for words in commands(page):
        if words[:1] == ["daybook"]:
            check_usage(daybook, words[1:])


def check_usage(command: click.Command, words: list[str]) -> None:
    """Fail at a command or an option that there is not."""
    if isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, words
        check_usage(found, words[1:])
    else:
        command.make_context(command.name, list(words), resilient_parsing=True)


async def test_the_questions_to_postgresql_are_answered(databases: Databases) -> None:
    asked = [
        words[3]
        for page in PAGES
        for words in commands(page)
        if words[:3] == ["psql", "$TRUTH", "-c"]
    ]
    connection = await asyncpg.connect(databases.admin_dsn("truth"))
    try:
        for sql in asked:
            await connection.fetch(sql)
    finally:
        await connection.close()
    assert len(asked) > 3


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_a_dashboard_is_as_made_and_shows_only_numbers_that_there_are(board: Board) -> None:
    text = (FOLDER / f"{board.name}.json").read_text()
    assert text == json_of(board), "Fix: make dashboards"
    shown = json.loads(text)
    for panel in shown["panels"]:
        assert panel["datasource"]["uid"] == SOURCE.uid
        assert panel["description"]
        for target in panel["targets"]:
            check_expression(target["expr"].replace("$__rate_interval", "5m"))


def test_every_number_that_we_tell_is_on_a_dashboard_or_in_a_rule() -> None:
    asked = "".join(line for board in BOARDS for panel in board.panels for line, _ in panel.lines)
    asked += "".join(rule["expr"] for rule in rules())
    for name in existing():
        base = re.sub("_(bucket|sum|count)$", "", name)
        assert base in asked or base == "daybook_horizon_blocking_pid", name


def test_prometheus_asks_every_process_that_runs_on_at_its_port() -> None:
    settings = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    (ours,) = (each for each in settings["scrape_configs"] if each["job_name"] == "daybook")
    (found,) = ours["dns_sd_configs"]
    running = {
        name
        for name, its in composed().items()
        if its.role is not None and its.told["restart"] != "no"
    }
    assert set(found["names"]) == running
    assert found["port"] == ObservabilitySettings().metrics_port
    assert f"< {CUSTOMERS.partitions}" in str(alerts())


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    folder = MONITORING / "grafana"
    (source,) = yaml.safe_load((folder / "datasources/daybook.yaml").read_text())["datasources"]
    assert source["uid"] == SOURCE.uid
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((folder / "dashboards/daybook.yaml").read_text())["providers"]
    mounts = compose_file()["services"]["grafana"]["volumes"]
    assert f"./deploy/monitoring/dashboards:{provider['options']['path']}:ro" in mounts


def test_the_collector_listens_where_spans_are_sent() -> None:
    collector = yaml.safe_load((MONITORING / "otel-collector.yaml").read_text())
    address = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    for its in composed().values():
        if its.role is not None:
            sent_to = its.environment["DAYBOOK_OBSERVABILITY_OTLP_ENDPOINT"]
            assert sent_to == f"http://otel-collector:{address.split(':')[1]}"
    for pipeline in collector["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(collector[kind])
