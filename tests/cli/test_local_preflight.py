"""Every obstacle is one sentence with one fix, and nothing was touched."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from cli.local import preflight
from cli.local.board import Board, ProcessLine, is_alive
from cli.local.paths import Place
from shared.errors import UnavailableError


def my_own_process(pid: int | None = None) -> ProcessLine:
    """A line of the board that names this test's own process."""
    since = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
    return ProcessLine(
        name="truth", state="running", pid=pid or os.getpid(), restarts=0, since=since
    )


def test_the_folder_and_what_lies_in_it_are_private(tmp_path: Path) -> None:
    place = Place(var=tmp_path / "deep" / "var", uid=os.geteuid())
    preflight.make_folders(place)
    preflight.make_folders(place)
    for folder in (place.var, place.logs, place.run, place.secrets):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableError, match="cannot be used by the user") as refused:
        preflight.make_folders(Place(var=tmp_path / "file" / "var", uid=os.geteuid()))
    assert "DAYBOOK_VAR=" in (refused.value.fix or "")


def test_a_folder_of_another_user_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(UnavailableError, match="belongs to the user") as refused:
        preflight.make_folders(Place(var=tmp_path, uid=54_321))
    assert refused.value.fix
    assert list(tmp_path.iterdir()) == []
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_disk_that_is_nearly_full_is_refused(tmp_path: Path) -> None:
    preflight.refuse_full_disk(tmp_path, needed_bytes=1)
    with pytest.raises(UnavailableError, match="MB are free") as refused:
        preflight.refuse_full_disk(tmp_path, needed_bytes=10**18)
    assert refused.value.fix


@pytest.mark.parametrize("prefix", [("false",), ("/no/such/setpriv",)])
def test_a_root_that_cannot_be_another_user_is_refused(prefix: tuple[str, ...]) -> None:
    with pytest.raises(UnavailableError, match="refuses to run as root") as refused:
        preflight.refuse_helpless_root(prefix)
    assert "ordinary user" in (refused.value.fix or "")


async def test_nobody_waits_for_a_run_that_left_nothing(tmp_path: Path) -> None:
    await preflight.outwait_leftovers(tmp_path / "board.json")
    (tmp_path / "board.json").write_text("half a bo")
    await preflight.outwait_leftovers(tmp_path / "board.json")


async def test_a_process_left_from_the_last_run_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "LEFTOVER_SECONDS", 0.1)
    since = datetime(2026, 3, 1, tzinfo=UTC)
    board = Board(supervisor=1, phase="ready", since=since, processes=[my_own_process()])
    (tmp_path / "board.json").write_text(board.model_dump_json())
    with pytest.raises(UnavailableError, match=f"truth .pid {os.getpid()}. is left") as refused:
        await preflight.outwait_leftovers(tmp_path / "board.json")
    assert f"kill -9 {os.getpid()}" in (refused.value.fix or "")


def test_a_pid_that_belongs_to_another_process_by_now_is_not_taken_for_ours() -> None:
    assert is_alive(my_own_process())
    later = my_own_process().model_copy(update={"since": datetime(2020, 1, 1, tzinfo=UTC)})
    assert not is_alive(later)
    assert not is_alive(my_own_process().model_copy(update={"pid": None}))
    assert sys.maxsize > 2**31
    assert not is_alive(my_own_process(pid=2**22 + 1))
