"""The room on this machine is that of the volume which has least."""

from pathlib import Path

import pytest

from shared.eventstore.reserve import LocalSpace, UnknownSpace


class Usage:
    """What shutil says of a volume."""

    def __init__(self, free: int) -> None:
        self.free = free


async def test_a_folder_of_this_machine_has_the_room_of_its_volume(tmp_path: Path) -> None:
    (tmp_path / "pg_wal").mkdir()
    free = await LocalSpace(tmp_path).free_bytes()
    assert free is not None
    assert free > 0


async def test_a_wal_on_a_smaller_volume_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = {tmp_path: 500, tmp_path / "pg_wal": 20}
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(room[folder]))
    assert await LocalSpace(tmp_path).free_bytes() == 20


async def test_what_cannot_be_looked_at_is_left_out(tmp_path: Path) -> None:
    assert await LocalSpace(tmp_path).free_bytes() is not None
    assert not (tmp_path / "pg_wal").exists()
    assert await LocalSpace(tmp_path / "nowhere").free_bytes() is None
    assert await UnknownSpace().free_bytes() is None
