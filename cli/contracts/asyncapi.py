"""A topic is described in AsyncAPI 3.0, so that other people's tools can read and generate."""

import json
from typing import Any

from cli.contracts.examples import Example
from cli.contracts.gathering import TopicContracts
from cli.contracts.schemas import PLAINTEXT, SINCE, EventContract

KAFKA_BINDING = "0.5.0"
JSON_SCHEMA = "application/schema+json;version=2020-12"
Document = dict[str, Any]


def asyncapi(contracts: TopicContracts, release: str) -> Document:
    """Return the AsyncAPI document of one topic; schemas are referred to, as files beside it."""
    topic = contracts.published.topic.name
    examples = contracts.examples()
    written = [c.name for c in contracts.all if contracts.is_written(c)]
    return {
        "asyncapi": "3.0.0",
        "info": _info(contracts, release),
        "defaultContentType": "application/json",
        "channels": {topic: _channel(contracts)},
        "operations": {
            f"tell-{contracts.published.folder}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic}"},
                "summary": f"{contracts.published.about} {_how_often(contracts)}",
                "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in written],
            }
        },
        "components": {
            "messages": {
                c.name: _message(c, contracts, examples.get(c.name)) for c in contracts.all
            },
        },
    }


def _info(contracts: TopicContracts, release: str) -> Document:
    return {
        "title": f"Daybook: {contracts.published.topic.name}",
        "version": release,
        "description": f"{contracts.published.about} Owner: {contracts.published.owner}. Ignore"
        " members, headers and event types that you do not know."
        f" {_how_to_read(contracts)}",
        "license": {
            "name": "Apache-2.0",
            "url": "https://www.apache.org/licenses/LICENSE-2.0",
        },
    }


def _how_often(contracts: TopicContracts) -> str:
    if contracts.published.is_derived:
        return "What came later holds; after a crash something may count twice."
    return "Each event once, in order per key."


def _how_to_read(contracts: TopicContracts) -> str:
    if contracts.published.is_derived:
        return "There are no marks to keep: read from where you like."
    return (
        "Keep one mark (epoch, feed position) per source and partition: docs/consumers tells how."
    )


def _channel(contracts: TopicContracts) -> Document:
    published = contracts.published
    settings = published.settings
    return {
        "address": published.topic.name,
        "description": published.about,
        "messages": {
            c.name: {"$ref": f"#/components/messages/{c.name}"} for c in contracts.all
        },
        "bindings": {
            "kafka": {
                "topic": published.topic.name,
                "partitions": published.topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": settings["cleanup.policy"].split(","),
                    "retention.ms": int(settings["retention.ms"]),
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }  # fmt: skip


def _message(
    contract: EventContract, contracts: TopicContracts, example: Example | None
) -> Document:
    message: Document = {
        "name": contract.type,
        "title": f"{contract.type}, schema version {contract.version}",
        "summary": contract.meaning,
        "contentType": "application/json",
        "headers": _file(f"../envelope/{contracts.published.headers}"),
        "payload": _file(f"{contract.name}.json"),
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": contracts.published.key},
                "bindingVersion": KAFKA_BINDING,
            }
        },
        SINCE: contract.since,
    }
    if contract.personal is not None:
        message[PLAINTEXT] = _file(f"{contract.name}.personal.json")
    if not contracts.is_written(contract):
        message["deprecated"] = True
        message["description"] = "No longer written; events of this shape are stored for ever."
    if example is not None:
        message["examples"] = [_told(contract, example)]
    return message


def _file(path: str) -> Document:
    return {"schemaFormat": JSON_SCHEMA, "schema": {"$ref": path}}


def _told(contract: EventContract, example: Example) -> Document:
    return {
        "name": contract.type,
        "summary": f"examples/{contract.name}.json has it byte for byte, with the key that opens"
        " what is personal.",
        "headers": example["headers"],
        "payload": json.loads(example["value"]),
    }
