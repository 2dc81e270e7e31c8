"""A machine's keys are made once, whole, and for its user's eyes only."""

from pathlib import Path

from cli.local.keyfiles import load_signing_key, make_key_files
from cli.local.master import replace_master_key
from shared.security.master_key import MasterKeyFiles
from shared.testing.clock import TurnableClock


def test_the_first_start_makes_three_keys_that_only_the_user_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_key_files(folder)
    made = {path.name: path for path in folder.iterdir()}
    assert made.keys() == {"client.secret", "master.key", "service.key", "issuer.key"}
    assert {path.stat().st_mode & 0o777 for path in made.values()} == {0o600}
    assert len(made["master.key"].read_bytes()) == len(made["service.key"].read_bytes()) == 32
    assert made["master.key"].read_bytes() != made["service.key"].read_bytes()


def test_a_key_that_exists_is_never_touched(tmp_path: Path) -> None:
    make_key_files(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    make_key_files(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_draft_that_a_power_cut_left_is_not_taken_for_a_key(tmp_path: Path) -> None:
    (tmp_path / "master.draft").write_bytes(b"half")
    make_key_files(tmp_path)
    assert len((tmp_path / "master.key").read_bytes()) == 32
    assert not (tmp_path / "master.draft").exists()


def test_a_master_key_is_replaced_at_once_and_the_former_one_kept(tmp_path: Path) -> None:
    make_key_files(tmp_path)
    before = (tmp_path / "master.key").read_bytes()
    wrapped = MasterKeyFiles(tmp_path).wrap("ada", b"k" * 32)
    former = replace_master_key(tmp_path, TurnableClock())
    assert former.read_bytes() == before != (tmp_path / "master.key").read_bytes()
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert MasterKeyFiles(tmp_path).unwrap("ada", wrapped) == b"k" * 32
    assert {path.suffix for path in tmp_path.iterdir()} == {".key", ".secret"}


def test_the_signing_key_is_read_as_it_was_made(tmp_path: Path) -> None:
    make_key_files(tmp_path)
    key = load_signing_key(tmp_path)
    assert key.thumbprint() == load_signing_key(tmp_path).thumbprint()
    assert key.is_private
