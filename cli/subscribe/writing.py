"""A new consumer is written from the files beside this one, and nothing is ever overwritten."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from cli.local.paths import PROJECT
from cli.tape.recorded import FOLDER as TAPE
from cli.tape.telling import SOURCE
from shared.errors import InvalidInputError
from shared.messaging.topics import CUSTOMERS, Topic

TEMPLATES = Path(__file__).parent
LANGUAGES = ("python",)
# Each with the source whose events are read there.
TOPICS = {CUSTOMERS.name: (CUSTOMERS, SOURCE)}
# As docs/contracts/envelope/consumer.json says, so that the consumer can be registered.
NAME = re.compile("[a-z][a-z0-9-]{1,59}")


def write_consumer(name: str, language: str, topic: str, folder: Path) -> list[Path]:
    """Write a new consumer project into a folder that is not there, or empty; return its files.

    Raises:
        InvalidInputError: a name that nobody can register, an unknown topic, a folder in use.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidInputError(
            f"{name!r} is not the name of a consumer.",
            field="name",
            fix="use 2 to 60 small letters, digits and hyphens, a letter first: billing, erp-feed",
        )
    if topic not in TOPICS:
        raise InvalidInputError(
            f"There is no topic {topic!r} to subscribe to.",
            field="topic",
            fix=f"use one of: {', '.join(TOPICS)}",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInputError(
            f"{folder} is there already, and nothing is overwritten.",
            field="dir",
            fix="choose another folder with --dir, or move that one away",
        )
    return list(_write(name, TEMPLATES / language, *TOPICS[topic], folder))


def _write(name: str, templates: Path, topic: Topic, source: str, folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for template in sorted(path for path in templates.iterdir() if path.is_file()):
        path = folder / template.name.replace("registration", name)
        text = template.read_text().replace('"{{partitions}}"', str(topic.partitions))
        for mark, value in (("name", name), ("topic", topic.name), ("source", source)):
            text = text.replace(f"{{{{{mark}}}}}", value)
        path.write_text(text)
        yield path
    shutil.copytree(PROJECT / TAPE, folder / "tape")
    shutil.copy(templates / "handler.py", folder / "tape")
    yield folder / "tape"
