"""Whatever is typed wrongly ends with what is wrong and with one fix."""

import pytest
from click.testing import CliRunner

from cli.__main__ import daybook


@pytest.mark.parametrize(
    ("words", "last"),
    [
        ("nonsense", "Fix: `daybook --help` shows what belongs there"),
        ("--nonsense", "Fix: `daybook --help` shows what belongs there"),
        ("projections drop", "Fix: `daybook projections drop --help` shows what belongs there"),
        ("parked retry a --nope", "Fix: `daybook parked retry --help` shows what belongs there"),
        ("customers show abc", "Fix: daybook find TEXT shows the ids"),
    ],
)
def test_what_is_typed_wrongly_is_told_with_a_fix(words: str, last: str) -> None:
    result = CliRunner().invoke(daybook, words.split(), prog_name="daybook")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [line.split()[0] for line in lines] == ["Usage:", "Error:", "Fix:"]
    assert lines[-1] == last


def test_a_group_alone_shows_its_help() -> None:
    result = CliRunner().invoke(daybook, ["projections"])
    assert "Commands:" in result.output
    assert "Error" not in result.output
