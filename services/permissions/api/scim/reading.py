"""What a SCIM request says: the body, the query, and the id in the path."""

from typing import Any, Final, TypeVar
from uuid import UUID

import orjson
from scim2_models import BaseModel as ScimModel
from scim2_models import Context, PatchOp, ResponseParameters, SearchRequest
from starlette.requests import Request

from services.permissions.api.scim.refusals import SCIM_TYPE, ScimRefusalError, scim_refusals
from services.permissions.api.scim.schema import TOLERANT
from services.permissions.api.scim.shelves import nothing_there
from shared.errors import NotFoundError
from shared.web.bodies import read_body
from shared.web.queries import path_id

TAKEN: Final = (SCIM_TYPE, "application/json")
"""The media types of a body; what is answered is always the first."""
MOST_OPERATIONS: Final = 100
_LONGEST_FILTER: Final = 4_000
_SHOWN: Final = ("attributes", "excludedAttributes")
_SEARCHED: Final = (*_SHOWN, "filter", "sortBy", "sortOrder", "startIndex", "count")

M = TypeVar("M", bound=ScimModel)


async def given(request: Request, model: type[M], context: Context) -> M:
    """Return the body as this model.

    Raises:
        ScimRefusalError: it is not what this request takes.
        BodyTooLargeError: it is larger than any body may be.
        WrongContentTypeError: it does not say that it is SCIM or JSON.
    """
    raw = await read_body(request, kinds=TAKEN)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ScimRefusalError("invalidSyntax") from None
    if not isinstance(body, dict):
        raise ScimRefusalError("invalidSyntax")
    with scim_refusals():
        return model.model_validate(body, scim_ctx=context, scim_policy=TOLERANT)


async def given_patch(request: Request, model: Any) -> "PatchOp[Any]":  # noqa: ANN401 - a class
    """Return the operations of a PATCH of this model.

    Raises:
        ScimRefusalError: as with `given`; or there are more than are worked off at once.
    """
    kind: Any = PatchOp[model]
    patch: PatchOp[Any] = await given(request, kind, Context.RESOURCE_PATCH_REQUEST)
    if len(patch.operations or []) > MOST_OPERATIONS:
        raise ScimRefusalError("tooMany")
    return patch


def shown(request: Request, model: Any) -> "ResponseParameters[Any]":  # noqa: ANN401 - a class
    """Return which attributes the answer is to have."""
    kind: Any = ResponseParameters[model]
    with scim_refusals():
        parameters: ResponseParameters[Any] = kind.model_validate(_queried(request, _SHOWN))
    return parameters


def searched(request: Request, model: Any) -> "SearchRequest[Any]":  # noqa: ANN401 - a class
    """Return what the query of a list asks for."""
    kind: Any = SearchRequest[model]
    queried = _queried(request, _SEARCHED)
    with scim_refusals():
        wanted: SearchRequest[Any] = kind.model_validate(queried, scim_policy=TOLERANT)
    return bounded(wanted)


def bounded(wanted: "SearchRequest[Any]") -> "SearchRequest[Any]":
    """Return the search, unless its filter is longer than anybody needs."""
    if wanted.filter is not None and len(wanted.filter) > _LONGEST_FILTER:
        raise ScimRefusalError("tooMany")
    return wanted


def resource_id(request: Request) -> UUID:
    """Return the id in the path; what is no id names nothing."""
    try:
        return path_id(request, "id")
    except NotFoundError:
        raise nothing_there() from None


def _queried(request: Request, names: tuple[str, ...]) -> dict[str, str]:
    # Names of parameters are written as RFC 7644 does; an empty one says nothing.
    return {name: request.query_params[name] for name in names if request.query_params.get(name)}
