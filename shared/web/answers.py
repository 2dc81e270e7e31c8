"""An answer is JSON made in one pass, straight from bytes, a model or plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response


class JsonAnswer(Response):
    """A JSON body; bytes are sent as they are, a model is serialised by pydantic-core."""

    media_type = "application/json"
    items: int | None = None
    """How many things a list shows; None of an answer that is no list."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - Starlette's own signature
        """Return the body's bytes."""
        match content:
            case bytes():
                return content
            case BaseModel():
                return content.__pydantic_serializer__.to_json(content)
            case {"items": list(items)} | {"results": list(items)}:
                self.items = len(items)
                return orjson.dumps(content)
            case _:
                return orjson.dumps(content)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers with one status: for the OpenAPI document."""

    description: str
    model: type[BaseModel] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    """What it is if it is no JSON, or may be instead where there is a model, too."""
