"""Logs keep the newest words, can be read by a person, and never hold a process up."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from cli.local.logfile import LogFile
from cli.local.logline import readable
from cli.local.logs import Tail, logs
from cli.local.paths import Place
from shared.errors import NotFoundError


def test_a_full_log_is_turned_over_and_three_files_are_kept(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "truth.log", most_bytes=10)
    for n in range(1, 6):
        log.write(b"line %05d\n" % n)
    log.close()
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {
        "truth.log": "line 00005\n",
        "truth.log.1": "line 00004\n",
        "truth.log.2": "line 00003\n",
    }


def test_the_last_line_is_known_and_an_empty_log_says_so(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "truth.log")
    assert log.last_line == "(it wrote nothing)"
    log.write(b"first\nFATAL:  no space\n\n")
    assert log.last_line == "FATAL:  no space"
    log.close()


def test_a_full_disk_drops_words_and_raises_nothing() -> None:
    log = LogFile(Path("/dev/full"))
    log.write(b"nobody will read this\n")
    log.write(b"nor this\n")
    assert log.last_line == "nor this"
    log.close()


def test_a_json_line_is_shown_as_a_sentence_with_its_fields() -> None:
    line = {
        "time": "2026-03-01T10:11:12.345+00:00",
        "level": "ERROR",
        "logger": "shared.web",
        "message": "it failed",
        "service": "customers",
        "role": "all",
        "trace_id": None,
        "partition": 7,
        "error": {"type": "builtins.OSError", "stack": ["a.py:1:f", "b.py:2:g"]},
    }
    shown = "10:11:12.345 ERROR it failed partition=7 builtins.OSError at b.py:2:g"
    assert readable(json.dumps(line)) == shown


@pytest.mark.parametrize("line", ["LOG:  ready", "", "[1]", '{"no": "message"}', "{broken"])
def test_any_other_line_is_shown_as_it_is(line: str) -> None:
    assert readable(line) == line


def test_following_a_log_goes_on_in_the_new_file_after_a_turn_over(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "truth.log", most_bytes=10)
    log.write(b"old\nolder\nhalf")
    with closing(log), closing(Tail("truth", log.path)) as tail:
        assert tail.last_lines() == ["old", "older"]
        log.write(b" a line\n")
        log.write(b"newer\n")
        assert [*tail.new_lines(), *tail.new_lines()] == ["half a line", "newer"]


def test_an_unknown_log_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    place = Place(var=tmp_path)
    place.logs.mkdir()
    (place.logs / "truth.log").write_text("ready\n")
    with pytest.raises(NotFoundError, match="only of: truth"):
        logs(place, "trooth", follow=False)


def test_each_line_is_shown_with_the_name_of_its_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(var=tmp_path)
    place.logs.mkdir()
    (place.logs / "broker.log").write_text("listening\n")
    (place.logs / "truth.log").write_text("ready\n")
    logs(place, None, follow=False)
    assert capsys.readouterr().out == "broker  listening\ntruth   ready\n"
