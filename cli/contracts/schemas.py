"""Every event type has, per schema version, one JSON Schema of its value and one of its secrets.

The value is what is stored and sent: `personal` is one JWE there. What the JWE holds has a schema
of its own, beside it. Both are generated from the event's class.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from shared.events import Event, Personal

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SINCE = "x-daybook-since"
PLAINTEXT = "x-daybook-plaintext"
JWE_FORM = r"^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{22}$"
ABOUT_PERSONAL = (
    "What identifies a person: one compact JWE (RFC 7516: dir, A256GCM), sealed with the key of"
    " the subject that `kid` in its header names; `eid` in its header is the event's id. Absent"
    " where nothing is personal."
)


@dataclass(frozen=True, slots=True)
class EventContract:
    """What is promised about one schema version of one event type."""

    type: str
    version: int
    value: Schema
    personal: Schema | None

    @property
    def name(self) -> str:
        """The type with its schema version, as files and messages are named."""
        return f"{self.type}.{self.version}"

    @property
    def since(self) -> str:
        """The release of Daybook that published it first."""
        return str(self.value[SINCE])

    @property
    def meaning(self) -> str:
        """What it means that this happened."""
        return str(self.value.get("description", ""))


class _PlaintextSchema(GenerateJsonSchema):
    """The schema of a model, without titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401 - pydantic's
        """No field has a title."""
        return False


class _ValueSchema(_PlaintextSchema):
    """The schema of a stored value, where a member is there or not, and is never null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Describe what stands there if anything does."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Describe a default that can be written down; None only says that it may be absent."""
        described = super().default_schema(schema)
        if described.get("default", ...) is None:
            described.pop("default")
        return described


def contract_of(event: type[Event], since: str) -> EventContract:
    """Return the contract of an event class as it is now."""
    name, version = event.__name__, event.schema_version
    value = _described(event, _ValueSchema, f"urn:daybook:schema:{name}:{version}")
    value[SINCE] = since
    plaintext = plaintext_of(event)
    if plaintext is None:
        return EventContract(name, version, value, None)
    value["properties"]["personal"] = {
        "type": "string",
        "pattern": JWE_FORM,
        "contentMediaType": "application/jose",
        "description": ABOUT_PERSONAL,
        PLAINTEXT: f"{name}.{version}.personal.json",
    }
    _drop_unused_definitions(value)
    urn = f"urn:daybook:schema:{name}:{version}:personal"
    return EventContract(name, version, value, schema_of(plaintext, urn))


def plaintext_of(event: type[Event]) -> type[Personal] | None:
    """Return the class of an event's personal fields, or None if nothing in it is personal."""
    field = event.model_fields.get("personal")
    if field is None:
        return None
    options = (field.annotation, *get_args(field.annotation))
    return next(o for o in options if isinstance(o, type) and issubclass(o, Personal))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a contract: its dotted name (`[]` marks the items of a list), and its schema."""

    name: str
    schema: Schema
    is_required: bool


def fields_of(contract: EventContract) -> Iterator[Field]:
    """Yield every field of the value and, under `personal.`, every one of its plaintext."""
    yield from _fields(contract.value, contract.value, "")
    if contract.personal is not None:
        yield from _fields(contract.personal, contract.personal, "personal.")


def resolved(schema: Schema, root: Schema) -> Schema:
    """Return the schema that a local `$ref` stands for, with what is said beside the `$ref`."""
    while (ref := schema.get("$ref", "")).startswith("#/$defs/"):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = root["$defs"][ref.removeprefix("#/$defs/")] | beside
    return schema


def _fields(schema: Schema, root: Schema, prefix: str) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, described in sorted(schema.get("properties", {}).items()):
        field = resolved(described, root)
        yield Field(prefix + name, field, name in required)
        items = resolved(field.get("items", {}), root)
        yield from _fields(field, root, f"{prefix}{name}.")
        yield from _fields(items, root, f"{prefix}{name}[].")


def schema_of(model: type[BaseModel], urn: str) -> Schema:
    """Return the schema of any model, in the form of all our schemas."""
    return _described(model, _PlaintextSchema, urn)


def _described(model: type[BaseModel], generator: type[GenerateJsonSchema], urn: str) -> Schema:
    schema = model.model_json_schema(schema_generator=generator)
    _flow(schema)
    return {"$schema": DIALECT, "$id": urn} | schema


def _flow(schema: Schema) -> None:
    """Let descriptions flow: a line break in a docstring means nothing to its readers."""
    for node in _objects(schema):
        if isinstance(text := node.get("description"), str):
            node["description"] = "\n\n".join(" ".join(p.split()) for p in text.split("\n\n"))


def _drop_unused_definitions(schema: Schema) -> None:
    """Keep the definitions that something refers to: what is sealed is described elsewhere."""
    definitions: Schema = schema.pop("$defs", {})
    used: set[str] = set()
    found = set(_references(schema))
    while found - used:
        used |= found
        found = {ref for name in used for ref in _references(definitions[name])}
    if used:
        schema["$defs"] = {name: definitions[name] for name in sorted(used)}


def _references(schema: Schema) -> Iterator[str]:
    for node in _objects(schema):
        if isinstance(ref := node.get("$ref"), str):
            yield ref.removeprefix("#/$defs/")


def _objects(node: object) -> Iterator[Schema]:
    """Yield every JSON object in a document, the outer ones first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from _objects(inner)
