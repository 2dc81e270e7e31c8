"""The master key's file is whole or the process says what to do; what it wraps stays bound."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import DaybookError
from shared.security.master_key import KnownMasterKeys, MasterKeyFiles, Wrapped
from shared.security.secret_files import read_key_file


def test_a_wrapped_key_comes_back_and_does_not_show() -> None:
    master, key = KnownMasterKeys(b"m" * 32), b"k" * 32
    wrapped = master.wrap("ada", key)
    assert master.unwrap("ada", wrapped) == key
    assert key not in wrapped.content
    assert master.wrap("ada", key) != wrapped


@pytest.mark.parametrize("flipped", [0, 11, 12, 30, -1])
def test_an_altered_wrapping_is_refused(flipped: int) -> None:
    master = KnownMasterKeys(b"m" * 32)
    wrapped = master.wrap("ada", b"k" * 32)
    content = bytearray(wrapped.content)
    content[flipped] ^= 1
    with pytest.raises(DaybookError):
        master.unwrap("ada", replace(wrapped, content=bytes(content)))


def test_another_master_key_is_named_as_the_reason() -> None:
    wrapped = KnownMasterKeys(b"m" * 32).wrap("ada", b"k" * 32)
    with pytest.raises(DaybookError) as refused:
        KnownMasterKeys(b"n" * 32).unwrap("ada", wrapped)
    assert refused.value.problem_code == "wrong-master-key"
    assert refused.value.fix is not None


def test_a_wrapped_key_cannot_be_put_under_another_reference() -> None:
    master = KnownMasterKeys(b"m" * 32)
    with pytest.raises(DaybookError):
        master.unwrap("bob", master.wrap("ada", b"k" * 32))


def put(folder: Path, name: str, content: bytes, mode: int = 0o600) -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_key_is_read_from_its_file(tmp_path: Path) -> None:
    put(tmp_path, "master.key", b"m" * 32)
    wrapped = MasterKeyFiles(tmp_path).wrap("ada", b"k" * 32)
    assert KnownMasterKeys(b"m" * 32).unwrap("ada", wrapped) == b"k" * 32


def test_a_master_key_that_was_replaced_is_noticed_and_the_former_still_opens(
    tmp_path: Path,
) -> None:
    put(tmp_path, "master.key", b"m" * 32)
    one, two = MasterKeyFiles(tmp_path), MasterKeyFiles(tmp_path)
    before = one.wrap("ada", b"k" * 32)
    put(tmp_path, "master.2026.key", b"m" * 32)
    put(tmp_path, "master.new", b"n" * 32).rename(tmp_path / "master.key")
    after = one.wrap("ada", b"k" * 32)
    assert after.master_id != before.master_id
    # Another process, which has wrapped nothing since, learns of it by what it reads.
    for wrapped in (before, after, Wrapped(before.content, None)):
        assert two.unwrap("ada", wrapped) == b"k" * 32
    (tmp_path / "master.2026.key").unlink()
    with pytest.raises(DaybookError, match="this master key"):
        MasterKeyFiles(tmp_path).unwrap("ada", before)


class Vault:
    """A key management service: it is asked, and answers, and counts."""

    def __init__(self) -> None:
        self._cipher = AESGCM(b"v" * 32)
        self.asked = 0

    def encrypt(self, plain: bytes) -> bytes:
        return b"i" * 12 + self._cipher.encrypt(b"i" * 12, plain, None)

    def decrypt(self, sealed: bytes) -> bytes:
        self.asked += 1
        return self._cipher.decrypt(sealed[:12], sealed[12:], None)


def test_a_key_management_service_is_asked_once_and_its_files_tell_nothing(
    tmp_path: Path,
) -> None:
    vault = Vault()
    path = put(tmp_path, "master.key", vault.encrypt(b"m" * 32))
    master = MasterKeyFiles(tmp_path, vault)
    wrapped = [master.wrap(str(n), b"k" * 32) for n in range(100)]
    assert [master.unwrap(str(n), each) for n, each in enumerate(wrapped)] == [b"k" * 32] * 100
    assert vault.asked == 1
    assert b"m" * 32 not in path.read_bytes()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused_with_a_fix(tmp_path: Path, mode: int) -> None:
    path = put(tmp_path, "master.key", b"m" * 32, mode)
    if os.geteuid() != 0 or mode != 0o640:  # root's and for our group: as Kubernetes mounts it
        with pytest.raises(DaybookError) as refused:
            read_key_file(path)
        assert refused.value.problem_code == "secret-readable-for-others"
        assert f"chmod 600 {path}" in (refused.value.fix or "")
    path.chmod(0o400)
    assert read_key_file(path) == b"m" * 32


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "secret-missing"), (b"short", "secret-malformed"), (b"m" * 33, "secret-malformed")],
)
def test_a_missing_or_malformed_file_is_told_with_a_fix(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    if content is not None:
        put(tmp_path, "master.key", content)
    with pytest.raises(DaybookError) as refused:
        read_key_file(tmp_path / "master.key")
    assert refused.value.problem_code == code
    assert "master.key" in refused.value.detail
    assert refused.value.fix is not None
