"""Every file of docs/contracts, byte for byte as the code says it must be."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cli.contracts.asyncapi import asyncapi
from cli.contracts.catalogue import catalogue
from cli.contracts.envelope import (
    consumer_schema,
    derived_headers_schema,
    headers_schema,
    jwe_header_schema,
)
from cli.contracts.gathering import TopicContracts, gather, release_now
from cli.contracts.matrix import permission_matrix
from cli.contracts.published import PublishedTopic
from services.permissions.domain.policy_file.model import policy_file_schema
from shared.messaging.consumers import RegisteredConsumer

# What people write, and the conformance tape (cli.tape), lie beside what is generated here.
NOT_OURS = frozenset({"consumers", "tape"})


def gather_all(published: Iterable[PublishedTopic], folder: Path) -> list[TopicContracts]:
    """Return the contracts of every topic, older shapes as `folder` has them."""
    release = release_now()
    return [gather(topic, folder / topic.folder, release) for topic in published]


def files_of(
    topics: Sequence[TopicContracts], consumers: Sequence[RegisteredConsumer], folder: Path
) -> dict[Path, str]:
    """Return every generated file with its content."""
    documents: dict[Path, Any] = {
        folder / "envelope" / "consumer.json": consumer_schema(),
        folder / "envelope" / "derived-headers.json": derived_headers_schema(),
        folder / "envelope" / "headers.json": headers_schema(),
        folder / "envelope" / "jwe-header.json": jwe_header_schema(),
        folder / "policy" / "policy-file.1.json": policy_file_schema(),
    }
    for topic in topics:
        documents |= _documents(topic, folder / topic.published.folder)
    files = {path: _json(document) for path, document in documents.items()}
    files[folder / "README.md"] = catalogue(topics, consumers)
    files[folder / "permission-matrix.md"] = permission_matrix()
    return files


def differing(files: dict[Path, str], folder: Path) -> list[Path]:
    """Return the files that are not as they must be, those that should not be there included."""
    there = {
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in NOT_OURS
    }
    wrong = {path for path, text in files.items() if path not in there or path.read_text() != text}
    return sorted(wrong | (there - files.keys()))


def write(files: dict[Path, str], paths: Iterable[Path]) -> None:
    """Make these files what they must be; one that must not be there goes."""
    for path in paths:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path])
        else:
            path.unlink()


def _documents(contracts: TopicContracts, folder: Path) -> dict[Path, Any]:
    documents: dict[Path, Any] = {folder / "asyncapi.json": asyncapi(contracts, release_now())}
    for contract in contracts.all:
        documents[folder / f"{contract.name}.json"] = contract.value
        if contract.personal is not None:
            documents[folder / f"{contract.name}.personal.json"] = contract.personal
    for name, example in contracts.examples().items():
        documents[folder / "examples" / f"{name}.json"] = example
    if contracts.published.openapi is not None:
        documents[folder / "openapi.json"] = contracts.published.openapi()
    return documents


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
