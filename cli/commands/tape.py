"""Whoever writes a consumer, in whatever language, learns which scene it fails, and where."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from cli.commands.screen import show
from cli.local.paths import PROJECT
from cli.tape.grading import differences
from cli.tape.recorded import FOLDER, read_tape
from shared.errors import InvalidInputError

SHOWN_AT_MOST = 30


@click.group()
def tape() -> None:
    """The conformance tape: what consumers of our topics must survive (docs/contracts/tape)."""


@tape.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--tape",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=PROJECT / FOLDER,
    show_default="this project's",
    help="The folder of the tape.",
)
def check(file: Path, folder: Path) -> None:
    """Compare FILE, the end state that a consumer wrote, with what the tape expects.

    FILE is JSON: {"scenes": {NAME: END_STATE}}. Exit 1 if anything differs.
    """
    expected = {scene.name: scene.expected for scene in read_tape(folder)}
    found = differences(expected, _scenes_in(file))
    for told in found[:SHOWN_AT_MOST]:
        show(told)
    if len(found) > SHOWN_AT_MOST:
        show(f"and {len(found) - SHOWN_AT_MOST} more differences")
    failed = {told.partition(":")[0] for told in found}
    show(f"{len(expected.keys() - failed)} of {len(expected)} scenes passed")
    sys.exit(1 if found else 0)


def _scenes_in(file: Path) -> dict[str, Any]:
    try:
        scenes = json.loads(file.read_text())["scenes"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(file) from error
    if not isinstance(scenes, dict):
        raise _unreadable(file)
    return scenes


def _unreadable(file: Path) -> InvalidInputError:
    return InvalidInputError(
        f"{file} is no end state.",
        fix='write it as JSON, {"scenes": {NAME: {"marks": …, "customers": …, …}}};'
        f" {FOLDER}/README.md shows one",
    )
