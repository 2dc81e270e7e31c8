"""Whoever looks for an event finds it on one page, with its meaning, its fields and an example."""

import json
from collections.abc import Iterable, Iterator, Sequence

from cli.contracts.consuming import fields_read, is_reader
from cli.contracts.gathering import TopicContracts
from cli.contracts.schemas import EventContract, Field, Schema, fields_of
from shared.messaging.consumers import RegisteredConsumer

Consumers = Sequence[RegisteredConsumer]

FOREVER = "-1"
OPENING = """\
# Topics and events

Generated from the code by `make contracts`; do not edit. How to read events:
[docs/consumers](../consumers/README.md). Around every event:
[headers on Kafka](envelope/headers.json), [those of derived events](envelope/derived-headers.json),
[header of the JWE in `personal`](envelope/jwe-header.json).
Which route needs which permission, and who has it: [permission matrix](permission-matrix.md).
Each example is a record byte for byte, with the made-up key that opens what is personal in it.

An event keeps its schema version as long as it only gains optional fields. Anything else is a new
version: events of the old one stay as they are stored, and say so in `ce_dataschema`.
"""


def catalogue(topics: Sequence[TopicContracts], consumers: Consumers) -> str:
    """Return the catalogue page, in Markdown."""
    parts = [OPENING, *(part for topic in topics for part in _topic(topic, consumers))]
    return "\n".join([*parts, *_registered(consumers)])


def _registered(consumers: Consumers) -> Iterator[str]:
    yield "## Registered consumers\n"
    yield (
        "What they read does not go away without them. How to register:"
        " [docs/consumers](../consumers/README.md#register).\n"
    )
    rows = [
        (
            f"[{consumer.name}](consumers/{consumer.name}.json)",
            consumer.about,
            f"{consumer.owner.team}, {consumer.owner.contact}",
            consumer.version,
            ", ".join(consumer.reads),
        )
        for consumer in consumers
    ]
    yield _table(("consumer", "what for", "owner", "version", "topics"), rows)


def _topic(contracts: TopicContracts, consumers: Consumers) -> Iterator[str]:
    published = contracts.published
    folder = published.folder
    yield f"## {published.topic.name}\n"
    yield f"{published.about}\n"
    yield _table(
        ("", ""),
        [
            ("**owner**", published.owner),
            ("**partitions**", f"{published.topic.partitions}, for ever"),
            ("**key**", published.key),
            ("**kept**", _kept(published.settings["retention.ms"])),
            *(
                [("**headers**", f"[those of CloudEvents alone](envelope/{published.headers})")]
                if published.is_derived
                else []
            ),
            ("**AsyncAPI**", f"[asyncapi.json]({folder}/asyncapi.json)"),
            *(
                [("**HTTP api**", f"[openapi.json]({folder}/openapi.json)")]
                if published.openapi
                else []
            ),
        ],
    )
    examples = contracts.examples()
    for contract in contracts.all:
        yield from _event(contract, contracts, has_example=contract.name in examples)
        yield from _readers(contract, contracts, consumers)


def _event(
    contract: EventContract, contracts: TopicContracts, *, has_example: bool
) -> Iterator[str]:
    folder, name = contracts.published.folder, contract.name
    is_written = contracts.is_written(contract)
    yield f"### {contract.type}{'' if is_written else f', version {contract.version}'}\n"
    if not is_written:
        yield "No longer written; what was stored in this shape stays in it.\n"
    yield f"{contract.meaning}\n"
    links = [
        f"Schema version {contract.version}, since {contract.since}",
        f"[value]({folder}/{name}.json)",
    ]
    if contract.personal is not None:
        links.append(f"[plaintext of `personal`]({folder}/{name}.personal.json)")
    if has_example:
        links.append(f"[example]({folder}/examples/{name}.json)")
    yield f"{' · '.join(links)}\n"
    fields = [field for field in fields_of(contract) if field.name != "personal"]
    if fields:
        rows = [
            (
                f"`{field.name}`",
                _shape(field.schema),
                _when(field),
                _meaning(field),
            )
            for field in fields
        ]
        yield _table(("field", "form", "there", "meaning"), rows)


def _readers(
    contract: EventContract, contracts: TopicContracts, consumers: Consumers
) -> Iterator[str]:
    readers = []
    for consumer in consumers:
        if is_reader(consumer, contracts, contract):
            fields = ", ".join(f"`{f}`" for f in fields_read(consumer, contracts, contract))
            link = f"[{consumer.name}](consumers/{consumer.name}.json)"
            readers.append(f"{link} ({fields})" if fields else link)
    if readers:
        yield f"Read by {'; '.join(readers)}.\n"


def _when(field: Field) -> str:
    if not field.is_required:
        return "if known"
    return "with `personal`" if field.name.startswith("personal.") else "always"


def _meaning(field: Field) -> str:
    text = " ".join(str(field.schema.get("description", "")).split())
    return f"**Will go.** {text}" if field.schema.get("deprecated") else text


def _shape(schema: Schema) -> str:
    """Say in a few words what a value looks like."""
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        const = schema["const"]
        return f"`{const if isinstance(const, str) else json.dumps(const)}`"
    if "anyOf" in schema:
        return " or ".join(_shape(option) for option in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _kept(retention_ms: str) -> str:
    if retention_ms == FOREVER:
        return "for ever; what Kafka lost is filled again from the store"
    hours = int(retention_ms) // 3_600_000
    return f"{hours} hour{'s' if hours > 1 else ''}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [
        f"| {' | '.join(headings)} |",
        f"|{'---|' * len(headings)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"
