"""The master key's file is whole or the process says what to do; what it wraps stays bound."""

from pathlib import Path

import pytest

from shared.errors import DaybookError
from shared.security.master_key import FileMasterKey, read_key_file


def test_a_wrapped_key_comes_back_and_does_not_show() -> None:
    master, key = FileMasterKey(b"m" * 32), b"k" * 32
    wrapped = master.wrap("ada", key)
    assert master.unwrap("ada", wrapped) == key
    assert key not in wrapped
    assert master.wrap("ada", key) != wrapped


@pytest.mark.parametrize("flipped", [0, 11, 12, 30, -1])
def test_an_altered_wrapping_is_refused(flipped: int) -> None:
    master = FileMasterKey(b"m" * 32)
    wrapped = bytearray(master.wrap("ada", b"k" * 32))
    wrapped[flipped] ^= 1
    with pytest.raises(DaybookError):
        master.unwrap("ada", bytes(wrapped))


def test_another_master_key_is_named_as_the_reason() -> None:
    wrapped = FileMasterKey(b"m" * 32).wrap("ada", b"k" * 32)
    with pytest.raises(DaybookError) as refused:
        FileMasterKey(b"n" * 32).unwrap("ada", wrapped)
    assert refused.value.problem_code == "wrong-master-key"
    assert refused.value.fix is not None


def test_a_wrapped_key_cannot_be_put_under_another_reference() -> None:
    master = FileMasterKey(b"m" * 32)
    with pytest.raises(DaybookError):
        master.unwrap("bob", master.wrap("ada", b"k" * 32))


def test_the_key_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_bytes(b"m" * 32)
    wrapped = FileMasterKey.read(tmp_path / "master.key").wrap("ada", b"k" * 32)
    assert FileMasterKey(b"m" * 32).unwrap("ada", wrapped) == b"k" * 32


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "secret-missing"), (b"short", "secret-malformed"), (b"m" * 33, "secret-malformed")],
)
def test_a_missing_or_malformed_file_is_told_with_a_fix(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "master.key").write_bytes(content)
    with pytest.raises(DaybookError) as refused:
        read_key_file(tmp_path / "master.key")
    assert refused.value.problem_code == code
    assert "master.key" in refused.value.detail
    assert refused.value.fix is not None
