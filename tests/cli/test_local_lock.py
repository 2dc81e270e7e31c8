"""Two supervisors never run in one folder, and a dead one never stands in the way."""

import os
from pathlib import Path

import pytest

from cli.local import lock
from shared.errors import RuleBrokenError


def test_a_second_supervisor_is_refused_and_told_the_first_ones_pid(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.hold(path):
        with pytest.raises(RuleBrokenError) as refused, lock.hold(path):
            pass
        assert f"(pid {os.getpid()})" in refused.value.detail
        assert refused.value.fix
        assert lock.holder(path) == os.getpid()


def test_nobody_holds_a_lock_whose_holder_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.hold(path):
        pass
    assert path.read_text() == str(os.getpid())
    assert lock.holder(path) is None
    with lock.hold(path):
        assert lock.holder(path) == os.getpid()


def test_nobody_holds_a_lock_that_was_never_taken(tmp_path: Path) -> None:
    assert lock.holder(tmp_path / "lock") is None
