"""A SCIM answer: its media type, its ETag, its place, and only the attributes asked for."""

from typing import Any

from scim2_models import Context, ListResponse, Resource, ResponseParameters
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.scim.refusals import SCIM_TYPE
from shared.web.answers import JsonAnswer

NOT_MODIFIED = 304


class ScimAnswer(JsonAnswer):
    """A body of SCIM; `items` is how many resources it shows."""

    media_type = SCIM_TYPE


def scim_answer(body: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """Return a body that is made already."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return ScimAnswer(body, status, sent)


def resource_answer(
    resource: Resource[Any],
    shown: "ResponseParameters[Any]",
    context: Context,
    status: int = 200,
) -> Response:
    """Return one resource with its ETag and where it is."""
    headers: dict[str, str] = {}
    if resource.meta is not None and resource.meta.version and resource.meta.location:
        headers = {"ETag": resource.meta.version, "Content_Location": resource.meta.location}
        if context is Context.RESOURCE_CREATION_RESPONSE:
            headers["Location"] = resource.meta.location
    body = resource.model_dump(scim_ctx=context, response_parameters=shown)
    return scim_answer(body, status, **headers)


def list_answer(
    listed: "ListResponse[Any]", shown: "ResponseParameters[Any]", context: Context
) -> Response:
    """Return a page of resources."""
    answer = ScimAnswer(listed.model_dump(scim_ctx=context, response_parameters=shown))
    answer.items = listed.items_per_page
    return answer


def is_known_to(request: Request, version: str) -> bool:
    """Say whether the caller has this version already (If-None-Match), so that 304 is enough."""
    return _opaque(version) in _tags(request, "if-none-match")


def is_wanted_by(request: Request, version: str) -> bool:
    """Say whether If-Match, if there is one, allows a change of this version.

    ETags are weak (RFC 7644 §3.14), so they are compared without their W/.
    """
    tags = _tags(request, "if-match")
    return not tags or "*" in tags or _opaque(version) in tags


def _tags(request: Request, name: str) -> set[str]:
    given = ",".join(request.headers.getlist(name))
    return {_opaque(tag.strip()) for tag in given.split(",") if tag.strip()}


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")
