"""What stands on a terminal or comes out of a pipe."""

import sys

import pytest

from cli.commands.screen import printable, show_table
from tests.cli.stand_in import customer_id


def test_a_name_cannot_give_orders_to_the_terminal() -> None:
    assert printable("Ada\x1b[2J\u202egolb") == "Ada\ufffd[2J\ufffdgolb"
    assert printable("王小明 Ñandú") == "王小明 Ñandú"


def test_on_a_narrow_terminal_the_id_stays_whole_to_be_copied(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "50")
    show_table(("id", "name"), [(customer_id(1), "Ada [bold]Lovelace of Ockham Park")])
    shown = capsys.readouterr().out
    assert customer_id(1) in shown
    assert "[bold]" in shown


def test_in_a_pipe_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id", "name"), [("1", "A" * 300)])
    assert "A" * 300 in capsys.readouterr().out
