"""The image without an engine: what its Dockerfile copies and installs, and no more."""

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from cli.local.paths import PROJECT

DOCKERFILE = PROJECT / "deploy" / "Dockerfile"
LOCKED = PROJECT / "requirements-image.txt"
OPT = "/opt/"


def instructions() -> list[tuple[str, list[str]]]:
    """Return the instructions of the Dockerfile, each as its name and its words."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], shlex.split(line)[1:]) for line in lines if line.strip()]


def packages() -> dict[str, str]:
    """Return the packages of the image, each with its version."""
    return dict(
        re.findall(r"^([a-z0-9_.-]+)(?:\[[^]]*\])?==(\S+)", LOCKED.read_text(), re.MULTILINE)
    )


@dataclass(frozen=True, slots=True)
class Image:
    """A folder that stands for /opt of the image."""

    folder: Path

    def command(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the command of a container, as it runs here; `-S`: no packages but the image's."""
        assert words[0] == "python", words
        return (sys.executable, "-S", *words[1:])

    def environment(self, of_container: Mapping[str, str]) -> dict[str, str]:
        """Return what the container's processes are told, in the place of /opt this folder."""
        given = dict(
            word.split("=", 1) for name, words in instructions() if name == "ENV" for word in words
        )
        told = {"PATH": os.environ["PATH"]} | given | dict(of_container)
        return {name: value.replace(OPT, f"{self.folder}/") for name, value in told.items()}

    @property
    def work_folder(self) -> Path:
        """Where its processes start."""
        ((where,),) = (words for name, words in instructions() if name == "WORKDIR")
        return Path(where.replace(OPT, f"{self.folder}/"))


def image_in(folder: Path) -> Image:
    """Make it, of links to what is here."""
    for name, words in instructions():
        if name == "COPY" and not words[0].startswith("--") and words[1].startswith(OPT):
            _link(PROJECT / words[0], folder / words[1].removeprefix(OPT), words[1].endswith("/"))
    installed = folder / "packages"
    installed.mkdir()
    for name in packages():
        for top in _tops(name):
            _link(top, installed / top.name, is_inside=False)
    return Image(folder)


def _tops(package: str) -> set[Path]:
    its = distribution(package)
    found = {
        each.parts[0] for each in its.files or () if each.parts[0] not in {"..", "__pycache__"}
    }
    return {Path(str(its.locate_file(each))) for each in found}


def _link(source: Path, target: Path, is_inside: bool) -> None:
    target = target / source.name if is_inside else target
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():  # several packages may share a folder, as opentelemetry's do
        target.symlink_to(source)
