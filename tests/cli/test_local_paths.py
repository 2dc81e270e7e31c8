"""One folder and one port base move a whole Daybook."""

from pathlib import Path

import pytest

from cli.local.paths import PROJECT, Place
from shared.errors import InvalidInputError


def test_a_fresh_clone_keeps_its_data_in_var_and_listens_from_8100() -> None:
    place = Place.from_environment({})
    assert (place.var, place.port_base) == (PROJECT / "var", 8100)
    assert place.secrets == PROJECT / "var" / "secrets"


def test_two_variables_move_it_elsewhere() -> None:
    place = Place.from_environment({"DAYBOOK_VAR": "/data/daybook", "DAYBOOK_PORT_BASE": "9000"})
    assert (place.var, place.port_base) == (Path("/data/daybook"), 9000)


@pytest.mark.parametrize("text", ["80", "70000", "many", ""])
def test_a_port_base_that_is_no_port_is_refused_with_a_fix(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Place.from_environment({"DAYBOOK_PORT_BASE": text})
    assert refused.value.fix == "DAYBOOK_PORT_BASE=8100 make up"


def test_sockets_have_a_short_path_however_long_the_folder_is() -> None:
    place = Place(var=Path("/") / ("long" * 60), uid=1000)
    assert len(str(place.sockets / "truth" / ".s.PGSQL.5432.lock")) < 107
    assert place.sockets != Place(var=Path("/other"), uid=1000).sockets


def test_a_command_on_the_screen_works_as_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    assert Place(var=PROJECT / "var").command == ".venv/bin/daybook"
    monkeypatch.chdir("/")
    moved = Place(var=Path("/data"), port_base=9000).command
    assert moved == f"DAYBOOK_VAR=/data DAYBOOK_PORT_BASE=9000 {PROJECT}/.venv/bin/daybook"


def test_the_folder_is_shown_as_one_would_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    assert Place(var=PROJECT / "var").shown == "./var"
    assert Place(var=Path("/data")).shown == "/data"
