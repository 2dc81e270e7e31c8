"""A body is read once, never past its limit, and becomes a model or a list of what to mend."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from shared.errors import EventTooLargeError, InvalidInputError, SeveralFieldsError
from shared.web.field_problems import in_plain_words

LARGEST_BODY_BYTES = 256 * 1024
JSON = "application/json"

Model = TypeVar("Model", bound=BaseModel)


class BodyTooLargeError(EventTooLargeError):
    """A body that no route would take; refused before it was read to its end."""

    code = "body-too-large"
    title = "This body is too large"


class WrongContentTypeError(InvalidInputError):
    """A body that does not say that it is JSON."""

    code = "wrong-content-type"
    title = "This body is not said to be JSON"


async def read_body(request: Request, *, kinds: Sequence[str] = (JSON,)) -> bytes:
    """Return the bytes of a body of one of these media types, all of them JSON.

    Raises before reading more than 256 KiB.
    """
    _check_headers(request, kinds)
    message = await request.receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return _whole(message["type"], body)
    chunks = [body]
    size = len(body)
    while message.get("more_body"):
        message = await request.receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY_BYTES:
            raise _too_large()
        chunks.append(chunk)
    return _whole(message["type"], b"".join(chunks))


async def read_body_if_any(request: Request) -> bytes:
    """Return the bytes of a JSON body where one may be left out; empty if it is."""
    told = request.headers
    is_left_out = told.get("content-length", "0") == "0" and "transfer-encoding" not in told
    return b"" if is_left_out else await read_body(request)


def parse(model: type[Model], raw: bytes) -> Model:
    """Return the model that these bytes are, in one pass; raises with every field to mend."""
    if not raw:
        raise InvalidInputError(
            "The body is empty.", field="body", fix="Send a JSON object; see /openapi.json."
        )
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        # Not chained: pydantic's error holds what the caller sent.
        found = error.errors(include_url=False, include_input=False)
    raise SeveralFieldsError([in_plain_words(one, model) for one in found])


def _check_headers(request: Request, kinds: Sequence[str]) -> None:
    content_type = ""
    for name, value in request.scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > LARGEST_BODY_BYTES:
            raise _too_large()
        if name == b"content-type":
            content_type = value.decode("latin-1")
    if content_type.partition(";")[0].strip().lower() not in kinds:
        raise WrongContentTypeError(
            "The body must be JSON and say so.",
            field="Content-Type",
            fix=f"Send the header `Content-Type: {kinds[0]}`.",
        )


def _whole(message_type: str, body: bytes) -> bytes:
    if message_type == "http.disconnect":
        raise ClientDisconnect
    if len(body) > LARGEST_BODY_BYTES:
        raise _too_large()
    return body


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The body is larger than {LARGEST_BODY_BYTES // 1024} KiB.",
        field="body",
        fix="Send less at once; many customers go in by `daybook import`, one request each.",
    )
