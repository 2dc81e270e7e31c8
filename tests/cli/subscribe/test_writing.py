"""The consumer that is written passes the tape, can be registered, and overwrites nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.__main__ import daybook
from cli.local.environment import bare
from cli.local.paths import PROJECT
from cli.subscribe.writing import write_consumer
from shared.messaging.consumers import read_consumers
from shared.messaging.topics import CUSTOMERS

TAPE_WITHIN_SECONDS = 60
# What is broken in the consumer, where, and the scene that finds it.
BROKEN = [
    (
        "event.py",
        "mark:\n        return Verdict.DROP",
        "mark:\n        return Verdict.APPLY",
        "duplicates",
    ),
    ("event.py", "event.epoch < epoch", "event.epoch < 0", "new-epoch"),
    ("reader.py", "event.source != settings.SOURCE", "event.source == ''", "other-source"),
    ("reader.py", "self._fill(self.state, partition)", "pass", "gap"),
    ("reader.py", "elif now - max(", "elif 0 > 1 + now - max(0 *", "emptied"),
    ("applying.py", "elif state.is_parked(event.stream):", "elif False:", "poison"),
    ("applying.py", "state.unpark(subject=event.subject)", "pass", "poison"),
    ("daybook.py", "{HTTPStatus.NOT_FOUND, HTTPStatus.GONE}", "{HTTPStatus.GONE}", "erased"),
]


def written(folder: Path, name: str = "billing") -> Path:
    write_consumer(name, "python", CUSTOMERS.name, folder)
    return folder


def replayed(folder: Path) -> str:
    """Let the project replay the tape, as its team does; return what that says."""
    command = (sys.executable, "-m", "unittest")
    done = subprocess.run(  # noqa: S603 - it was just written
        command, cwd=folder, env=bare(), capture_output=True, text=True, check=False,
        timeout=TAPE_WITHIN_SECONDS,
    )  # fmt: skip
    return done.stderr


def test_the_consumer_passes_the_tape(tmp_path: Path) -> None:
    said = replayed(written(tmp_path / "new"))
    assert said.endswith("\nOK\n"), said


@pytest.mark.parametrize(("file", "right", "wrong", "scene"), BROKEN)
def test_a_consumer_with_a_broken_rule_fails_at_the_scene_of_that_rule(
    file: str, right: str, wrong: str, scene: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "new") / file
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    said = replayed(path.parent)
    assert f"(test_tape.Tape.test_every_scene) [{scene}]" in said, said


def test_every_line_of_it_is_filled_in(tmp_path: Path) -> None:
    for path in write_consumer("erp-feed", "python", CUSTOMERS.name, tmp_path / "new"):
        assert path.is_dir() or "{{" not in path.read_text()
    assert 'NAME = "erp-feed"' in (tmp_path / "new" / "settings.py").read_text()
    assert f"PARTITIONS = {CUSTOMERS.partitions}\n" in (tmp_path / "new/settings.py").read_text()


def test_it_stands_on_the_versions_that_we_test_with(tmp_path: Path) -> None:
    locked = (PROJECT / "requirements.txt").read_text()
    wanted = (written(tmp_path / "new") / "requirements.txt").read_text().splitlines()
    assert wanted
    assert all(f"{line} \\" in locked for line in wanted)


def test_its_registration_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "consumers"
    folder.mkdir()
    (written(tmp_path / "new", "erp-feed") / "erp-feed.json").rename(folder / "erp-feed.json")
    registered = read_consumers(folder)["erp-feed"]
    published = {path.name.split(".")[0] for path in (PROJECT / "docs/contracts").glob("*/*.json")}
    assert registered.reads[CUSTOMERS.name].keys() <= published


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Billing"], "'Billing' is not the name of a consumer."),
        (["b"], "'b' is not the name of a consumer."),
        (["../up"], "'../up' is not the name of a consumer."),
        (["a" * 61], "is not the name of a consumer."),
        (["billing", "--topic", "orders"], "There is no topic 'orders' to subscribe to."),
        (["billing", "--lang", "cobol"], "'cobol' is not 'python'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    arguments: list[str], told: str, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    answer = CliRunner().invoke(daybook, ["subscribe", "new", *arguments, "--dir", str(folder)])
    assert answer.exit_code in {1, 2}
    assert told in answer.output
    assert not folder.exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "handler.py").write_text("mine")
    for there in (folder, folder / "handler.py"):
        arguments = ["subscribe", "new", "billing", "--dir", str(there)]
        answer = CliRunner().invoke(daybook, arguments)
        assert answer.exit_code == 1
        assert "is there already, and nothing is overwritten" in answer.output
    assert (folder / "handler.py").read_text() == "mine"


def test_it_says_what_was_written_and_what_is_next(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    answer = CliRunner().invoke(daybook, ["subscribe", "new", "billing", "--dir", str(folder)])
    assert answer.exit_code == 0
    assert f"{folder}/consumer.py\n" in answer.output
    assert "README.md says how to run it" in answer.output
    assert json.loads((folder / "billing.json").read_text())["name"] == "billing"
