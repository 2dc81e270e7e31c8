"""Who reads our topics is written down: one reviewed file per consumer, by name.

A file says whose the consumer is and which fields it reads. The build refuses to take such a field
away, and the api takes the consumer's reports of how far it is.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import InvalidInputError

log = logging.getLogger(__name__)


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Owner(_Written):
    """Who is asked when the consumer stands in the way of a change, or stands still."""

    team: str = Field(min_length=1)
    """The team."""
    contact: str = Field(min_length=1)
    """How to reach it: an address of the team, not of a person."""


class RegisteredConsumer(_Written):
    """A program that reads our topics, as its team registered it."""

    schema_file: str | None = Field(None, alias="$schema")
    """Where the schema of this file lies, for editors."""
    name: str = Field(pattern="^[a-z][a-z0-9-]{1,59}$")
    """The name; the file is called the same."""
    about: str = Field(min_length=1)
    """What it does with the events."""
    owner: Owner
    """Whose it is."""
    account: str = Field(min_length=1)
    """The subject of its service account: nobody else reports for it."""
    version: str = Field(min_length=1)
    """The version that reads these fields."""
    reads: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Per topic and event type the fields it reads, dotted (`personal.name`, `emails[].id`).

    `TYPE` stands for every schema version, `TYPE.2` for one of them only.
    """
    opens: tuple[str, ...] = ()
    """The topics whose personal fields it opens: its account may fetch their subjects' keys.

    Whoever was given the key of somebody confirms when that person is erased.
    """


def read_consumers(folder: Path) -> dict[str, RegisteredConsumer]:
    """Return the registered consumers by name; a folder that is not there registers nobody.

    That is warned of: reports of registered consumers will be refused.

    Raises:
        InvalidInputError: a file is not what it should be.
    """
    if not folder.is_dir():
        log.warning(
            "the folder of the registered consumers is not there: nobody is registered",
            extra={"folder": str(folder), "fix": "set DAYBOOK_SERVICE_CONSUMERS_DIR"},
        )
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> RegisteredConsumer:
    try:
        consumer = RegisteredConsumer.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise _wrong(path, f"{where}: {first['msg']}") from error
    if consumer.name != path.stem:
        raise _wrong(path, f"the name in it is {consumer.name}")
    return consumer


def _wrong(path: Path, what: str) -> InvalidInputError:
    return InvalidInputError(
        f"The registration {path.name} is not what it should be: {what}.",
        code="registration-unreadable",
        fix="compare it with docs/contracts/envelope/consumer.json",
        who_can_help="the team that owns the consumer",
    )
