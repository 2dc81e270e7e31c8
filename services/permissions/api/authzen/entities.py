"""What a request of AuthZEN names is read as the standard says: unknown members are ignored.

Source: OpenID Authorization API 1.0, section 5 (information model). Everything that is wrong is a
bad request (400); nothing that the caller sent is repeated.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from services.permissions.application.questions import Action, Entity
from shared.errors import BadRequestError

Document = Mapping[str, Any]
LONGEST_ID: Final = 1_000


def document_of(raw: bytes) -> Document:
    """Return the JSON object that a body is."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadRequestError(
            "The body is not JSON.", field="body", fix="Send one JSON object."
        ) from None
    return object_of(body, "body")


def object_of(given: object, field: str) -> Document:
    """Return what must be a JSON object."""
    if isinstance(given, dict):
        return given
    raise BadRequestError(f"{field} is not an object.", field=field, fix="Send a JSON object.")


def subject_of(body: Document) -> Entity:
    """Return the subject that a request must name."""
    return entity_of(_needed(body, "subject"), "subject")


def resource_of(body: Document) -> Entity:
    """Return the resource that a request must name."""
    return entity_of(_needed(body, "resource"), "resource")


def action_of(body: Document) -> Action:
    """Return the action that a request must name."""
    action = object_of(_needed(body, "action"), "action")
    return Action(_text(action, "name", "action"), _properties(action, "action"))


def entity_of(given: object, field: str) -> Entity:
    """Return a subject or resource: type, id and perhaps properties."""
    entity = object_of(given, field)
    return Entity(
        _text(entity, "type", field), _text(entity, "id", field), _properties(entity, field)
    )


def type_of(body: Document, field: str) -> str:
    """Return the type of the subject or resource that is searched; an id is ignored."""
    return _text(object_of(_needed(body, field), field), "type", field)


def context_of(body: Document) -> Document:
    """Return the context of a request, which may be absent."""
    return object_of(body["context"], "context") if "context" in body else {}


def _needed(body: Document, field: str) -> object:
    if field in body:
        return body[field]
    raise BadRequestError(f"{field} is missing.", field=field, fix=f"Say {field}.")


def _text(entity: Document, name: str, field: str) -> str:
    text = entity.get(name)
    if isinstance(text, str) and 0 < len(text) <= LONGEST_ID:
        return text
    raise BadRequestError(
        f"{field}.{name} {_wrong_with(text, is_there=name in entity)}.",
        field=f"{field}.{name}",
        fix=f"Send a text of 1 to {LONGEST_ID} characters.",
    )


def _wrong_with(text: object, *, is_there: bool) -> str:
    if not is_there:
        return "is missing"
    if not isinstance(text, str):
        return "is not a text"
    return "is too long" if text else "is empty"


def _properties(entity: Document, field: str) -> Document:
    if "properties" not in entity:
        return {}
    return object_of(entity["properties"], f"{field}.properties")
