"""`make` says in one sentence what is missing, before it installs anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cli.local.paths import PROJECT


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make on a copy of the Makefile in a folder of its own."""
    shutil.copy(PROJECT / "Makefile", folder)
    (folder / "requirements.txt").touch()
    command = ["make", "-C", str(folder), "--no-print-directory", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def a_python(folder: Path, script: str) -> Path:
    """A program that stands where Python should."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


def test_make_alone_shows_what_can_be_made(tmp_path: Path) -> None:
    shown = make(tmp_path).stdout
    for target in ("up", "down", "test", "check", "bench", "contracts", "lock", "clean"):
        assert f"  make {target} " in shown


def test_a_python_that_is_too_old_is_named_with_a_fix(tmp_path: Path) -> None:
    old = a_python(tmp_path, "exit 1")
    said = make(tmp_path, "up", f"PYTHON={old}").stderr
    assert "Error: Daybook needs Python 3.11 or newer" in said
    assert "Fix: make PYTHON=/path/to/python3.11 up" in said
    assert not (tmp_path / ".venv").exists()


def test_a_missing_python_is_the_same_sentence(tmp_path: Path) -> None:
    said = make(tmp_path, "up", "PYTHON=/no/such/python").stderr
    assert "Error: Daybook needs Python 3.11 or newer" in said


def test_a_python_without_venv_is_named_with_a_fix(tmp_path: Path) -> None:
    bare = a_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    said = make(tmp_path, "up", f"PYTHON={bare}").stderr
    assert "venv and ensurepip are missing" in said
    assert "Fix: sudo apt-get install python3-venv" in said


@pytest.mark.parametrize("text", ["://", "--index", "--extra-index", "--find-links"])
def test_the_locked_packages_name_no_address_of_a_machine(text: str) -> None:
    assert text not in (PROJECT / "requirements.txt").read_text()
