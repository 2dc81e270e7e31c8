"""What a topic publishes is what its code says, and the older shapes that are stored for ever.

An older schema version cannot be generated any more: its files are kept as they were published.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.contracts.examples import Example, examples_of
from cli.contracts.published import PublishedTopic
from cli.contracts.schemas import EventContract, contract_of
from cli.local.paths import PROJECT

Versioned = tuple[str, int]


@dataclass(frozen=True, slots=True)
class TopicContracts:
    """Everything that is promised about one topic."""

    published: PublishedTopic
    current: Mapping[str, EventContract]
    """What is written from now on, by type."""
    older: Mapping[Versioned, EventContract]
    """What is stored and not written any more."""
    folder: Path
    """Where they were published before."""

    @property
    def all(self) -> list[EventContract]:
        """Every contract, by type and version."""
        every = [*self.current.values(), *self.older.values()]
        return sorted(every, key=lambda contract: (contract.type, contract.version))

    def examples(self) -> dict[str, Example]:
        """Return the examples by type and schema version (`CustomerRenamed.1`).

        Raises:
            ValidationError: the topic's story tells an event as it no longer is.
        """
        kept = {c.name: x for c in self.older.values() if (x := _example(self.folder, c.name))}
        return kept | dict(examples_of(self.published))

    def is_written(self, contract: EventContract) -> bool:
        """Say whether events of this shape are still written."""
        return self.current.get(contract.type) == contract


def gather(published: PublishedTopic, folder: Path, release: str) -> TopicContracts:
    """Return the contracts of a topic; `folder` holds those that were published before.

    `release` is what a new contract says it is published since.
    """
    before = contracts_in(folder)
    current: dict[str, EventContract] = {}
    for name, event in published.codec.types.items():
        known = before.get((name, event.schema_version))
        current[name] = contract_of(event, known.since if known else release)
    older = {
        (name, version): contract
        for (name, version), contract in before.items()
        if name in current and version < current[name].version
    }
    return TopicContracts(published, current, older, folder)


def contracts_in(folder: Path) -> dict[Versioned, EventContract]:
    """Return the contracts whose files lie in a folder."""
    found: dict[Versioned, EventContract] = {}
    for path in sorted(folder.glob("*.*.json")):
        name, version, *more = path.name.removesuffix(".json").split(".")
        if more or not version.isdecimal():
            continue
        beside = folder / f"{name}.{version}.personal.json"
        personal = json.loads(beside.read_text()) if beside.exists() else None
        value = json.loads(path.read_text())
        found[name, int(version)] = EventContract(name, int(version), value, personal)
    return found


def release_now() -> str:
    """Return the version of Daybook that is being made."""
    project: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def _example(folder: Path, name: str) -> Example | None:
    path = folder / "examples" / f"{name}.json"
    example: Example | None = json.loads(path.read_text()) if path.exists() else None
    return example
