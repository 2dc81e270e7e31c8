"""What a client asks before anything else: what is supported, which types, which attributes."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from scim2_models import Context, ListResponse, Meta, Resource, ResourceType, Schema
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.scim.answers import scim_answer
from services.permissions.api.scim.places import Places
from services.permissions.api.scim.schema import CONFIG, PROVIDER
from services.permissions.api.scim.shelves import nothing_there
from shared.errors import NotPermittedError
from shared.web.callers import Caller


class Discovery:
    """The discovery addresses; their answers are made once."""

    def __init__(self, places: Places) -> None:
        self._config = _body(CONFIG, "ServiceProviderConfig", places.at("ServiceProviderConfig"))
        self._types = [
            _body(one, "ResourceType", places.at(f"ResourceTypes/{one.id}"))
            for one in PROVIDER.resource_types
        ]
        self._schemas = [
            _body(one, "Schema", places.at(f"Schemas/{one.id}")) for one in PROVIDER.schemas
        ]

    async def config(self, _request: Request, _caller: Caller) -> Response:
        """Tell what of SCIM is supported."""
        return scim_answer(self._config)

    async def types(self, request: Request, _caller: Caller) -> Response:
        """List the types of resources."""
        return _all(ResourceType, self._types, request)

    async def type(self, request: Request, _caller: Caller) -> Response:
        """Tell of one type of resources."""
        return _one(self._types, request)

    async def schemas(self, request: Request, _caller: Caller) -> Response:
        """List the schemas: which attributes there are."""
        return _all(Schema, self._schemas, request)

    async def schema(self, request: Request, _caller: Caller) -> Response:
        """Tell of one schema."""
        return _one(self._schemas, request)


def _all(kind: Any, bodies: Sequence[dict[str, Any]], request: Request) -> Response:  # noqa: ANN401
    if "filter" in request.query_params:
        # RFC 7644 §4: what is asked for with a filter here is refused, not ignored.
        raise NotPermittedError(
            "These lists are not filtered.",
            fix="Ask without filter; they are short.",
            who_can_help="nobody: it is the protocol that says so",
        )
    answer: ListResponse[Any] = ListResponse[kind](
        total_results=len(bodies), start_index=1, items_per_page=len(bodies), resources=[]
    )
    return scim_answer(answer.model_dump() | {"Resources": list(bodies)})


def _one(bodies: Sequence[dict[str, Any]], request: Request) -> Response:
    wanted = unquote(request.path_params["id"])
    for body in bodies:
        if body["id"] == wanted:
            return scim_answer(body)
    raise nothing_there()


def _body(resource: Resource[Any], kind: str, place: str) -> dict[str, Any]:
    told = resource.model_copy(update={"meta": Meta(resource_type=kind, location=place)})
    return told.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
