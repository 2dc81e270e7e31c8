"""What is published, as its readers find it: the files of docs/contracts."""

import json
from pathlib import Path
from typing import Any

from cli.contracts.gathering import TopicContracts
from cli.contracts.published import PUBLISHED
from cli.contracts.writing import gather_all
from cli.local.paths import PROJECT
from shared.messaging.consumers import read_consumers

FOLDER = PROJECT / "docs" / "contracts"
Json = dict[str, Any]

TOPICS = gather_all(PUBLISHED, FOLDER)
CONSUMERS = list(read_consumers(FOLDER / "consumers").values())
CONTRACTS = [(topic, contract.name) for topic in TOPICS for contract in topic.all]
NAMES = [f"{topic.published.folder}/{name}" for topic, name in CONTRACTS]


def read(path: str | Path) -> Json:
    """Return a published file."""
    content: Json = json.loads((FOLDER / path).read_text())
    return content


def value_schema(topic: TopicContracts, name: str) -> Json:
    return read(f"{topic.published.folder}/{name}.json")


def example(topic: TopicContracts, name: str) -> Json:
    return read(f"{topic.published.folder}/examples/{name}.json")
