"""The AsyncAPI documents are what the standard's own schema and other people's tools expect."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from cli.contracts.gathering import TopicContracts
from shared.messaging.topics import CUSTOMERS
from tests.contracts.published import FOLDER, TOPICS, Json, read

OFFICIAL = Path(__file__).parent / "official" / "asyncapi-3.0.0.json"
FOLDERS = [topic.published.folder for topic in TOPICS]


@cache
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text()))


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from references(inner)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_official_schema_accepts_the_document(folder: str) -> None:
    assert [
        error.message for error in official().iter_errors(read(f"{folder}/asyncapi.json"))
    ] == []


def test_the_official_schema_refuses_what_is_none() -> None:
    good = read("customers/asyncapi.json")
    no_partition = copy.deepcopy(good)
    no_partition["channels"][CUSTOMERS.name]["bindings"]["kafka"]["partitions"] = 0
    no_action = copy.deepcopy(good)
    del no_action["operations"]["tell-customers"]["action"]
    for broken in (no_partition, no_action, good | {"asyncapi": "2.6.0"}):
        assert not official().is_valid(broken)


@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_that_is_referred_to_is_there(folder: str) -> None:
    document = read(f"{folder}/asyncapi.json")
    found = set(references(document))
    assert any(ref.startswith("#") for ref in found)
    for ref in found:
        if not ref.startswith("#/"):
            assert (FOLDER / folder / ref).is_file(), ref
            continue
        node = document
        for step in ref.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize("topic", TOPICS, ids=FOLDERS)
def test_a_document_says_where_and_what_and_gives_an_example(topic: TopicContracts) -> None:
    published = topic.published
    document = read(f"{published.folder}/asyncapi.json")
    channel = document["channels"][published.topic.name]
    assert channel["address"] == published.topic.name
    assert channel["bindings"]["kafka"]["partitions"] == published.topic.partitions
    messages: dict[str, Json] = document["components"]["messages"]
    assert {m["name"] for m in messages.values()} == set(published.codec.types)
    for name, message in messages.items():
        assert message["summary"]
        assert message["payload"]["schema"]["$ref"] == f"{name}.json"
        assert message["headers"]["schema"]["$ref"] == f"../envelope/{published.headers}"
        [told] = message["examples"]
        assert told["headers"]["ce_type"] == message["name"]
        assert (
            told["payload"].keys() <= read(f"{published.folder}/{name}.json")["properties"].keys()
        )
