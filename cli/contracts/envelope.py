"""What surrounds every event has schemas, too: headers, the JWE's, registrations."""

from typing import Any

from cli.contracts.schemas import DIALECT, Schema, schema_of
from shared.messaging.consumers import RegisteredConsumer

UUID_FORM = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
COUNT_FORM = "^[1-9][0-9]*$"
DERIVED_HEADERS = (
    "content-type", "ce_specversion", "ce_source", "ce_id", "ce_type", "ce_subject", "ce_time",
    "ce_dataschema",
)  # fmt: skip
OPTIONAL_HEADERS = frozenset({"ce_causationid", "ce_origin", "traceparent"})


def headers_schema() -> Schema:
    """Return the schema of the Kafka headers: CloudEvents 1.0 in binary mode, all UTF-8 text."""
    properties = _headers()
    return {
        "$schema": DIALECT,
        "$id": "urn:daybook:schema:envelope:headers",
        "title": "The headers of an event on Kafka",
        "description": "CloudEvents 1.0, binary mode. Every value is text in UTF-8; ignore headers"
        " that you do not know.",
        "type": "object",
        "properties": properties,
        "required": sorted(properties.keys() - OPTIONAL_HEADERS),
    }


def derived_headers_schema() -> Schema:
    """Return the schema of the headers of what is derived: it has no place in a store's log."""
    described = _headers()
    properties = {name: described[name] for name in DERIVED_HEADERS}
    properties["ce_subject"] = _text("^.+$", "What it is about; also the record's key.")
    properties["ce_time"] |= {"description": "When it was made; RFC 3339, UTC."}
    return {
        "$schema": DIALECT,
        "$id": "urn:daybook:schema:envelope:derived-headers",
        "title": "The headers of a derived event on Kafka",
        "description": "CloudEvents 1.0, binary mode. It was made of other events and is in no"
        " store: it has no epoch and no feed position. Ignore headers that you do not know.",
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }


def jwe_header_schema() -> Schema:
    """Return the schema of the protected header of every JWE in `personal`."""
    return {
        "$schema": DIALECT,
        "$id": "urn:daybook:schema:envelope:jwe-header",
        "title": "The protected header of the JWE in `personal`",
        "description": "Base64url-decoded, the first of the JWE's five parts.",
        "type": "object",
        "properties": {
            "alg": {"const": "dir", "description": "The subject's key is used as it is."},
            "enc": {"const": "A256GCM", "description": "AES-256 in Galois/Counter mode."},
            "kid": {
                "type": "string",
                "description": "Whose key: ask for it at GET /v1/subject-keys/{kid}.",
            },
            "eid": {
                "type": "string",
                "pattern": UUID_FORM,
                "description": "The id of the event. Refuse the JWE if the event's ce_id is"
                " another: somebody moved it.",
            },
        },
        "required": ["alg", "eid", "enc", "kid"],
    }


def consumer_schema() -> Schema:
    """Return the schema of the file by which a consumer is registered."""
    return schema_of(RegisteredConsumer, "urn:daybook:schema:envelope:consumer")


def _headers() -> dict[str, Any]:
    return {
        "content-type": _constant("application/json", "The value is JSON."),
        "ce_specversion": _constant("1.0", "The version of CloudEvents."),
        "ce_id": _text(UUID_FORM, "The event's id."),
        "ce_type": _text("^[A-Z][A-Za-z]+$", "What happened: the event type."),
        "ce_source": _text("^/daybook/[a-z]+$", "The service that tells it."),
        "ce_subject": _text("^.+$", "The stream, for example one customer's life."),
        "ce_time": _text(
            r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$", "When it was recorded; RFC 3339, UTC."
        ),
        "ce_sequence": _text(
            COUNT_FORM,
            "The version that the stream reached: 1, 2, 3 … (on daybook.access.v1 a number that is"
            " only unique).",
        ),
        "ce_epoch": _text(
            COUNT_FORM, "The life of the source's store; higher after it was restored."
        ),
        "ce_feedposition": _text(
            COUNT_FORM,
            "The event's number within source, topic, partition and epoch: 1, 2, 3 … no gap.",
        ),
        "ce_storeposition": _text(
            r"^[0-9]+:[0-9]+$", "Transaction id and position: the event's place in the store's log."
        ),
        "ce_dataschema": _text(
            "^urn:daybook:schema:[A-Z][A-Za-z]+:[1-9][0-9]*$",
            "The schema of the value; the last part is the schema version.",
        ),
        "ce_actor": _text("^.+$", "Who did it: an opaque id."),
        "ce_correlationid": _text(UUID_FORM, "The conversation that this is part of."),
        "ce_causationid": _text(UUID_FORM, "The event that led to this one."),
        "ce_origin": _text("^.+$", "The connection by which it came, if it came by one."),
        "traceparent": _text(
            "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", "W3C Trace Context."
        ),
    }


def _constant(value: str, description: str) -> Schema:
    return {"type": "string", "const": value, "description": description}


def _text(pattern: str, description: str) -> Schema:
    return {"type": "string", "pattern": pattern, "description": description}
