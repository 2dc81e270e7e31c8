"""One collection of SCIM over HTTP: list, search, create, read, replace, change, remove."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final, Generic, TypeVar

from scim2_models import Context, SearchRequest
from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.scim.answers import (
    NOT_MODIFIED,
    is_known_to,
    is_wanted_by,
    list_answer,
    resource_answer,
)
from services.permissions.api.scim.picking import listed, pick
from services.permissions.api.scim.reading import (
    bounded,
    given,
    given_patch,
    resource_id,
    searched,
    shown,
)
from services.permissions.api.scim.refusals import scim_refusals
from services.permissions.api.scim.schema import TOLERANT
from services.permissions.api.scim.shelves import R, Shelf, nothing_there
from shared.errors import VersionConflictError
from shared.web.callers import Caller

T = TypeVar("T")
_TRIES: Final = 5
"""How often a change is made anew because somebody was faster, before it is refused."""


class NotTheOneMeantError(VersionConflictError):
    """If-Match names another version: trying again changes nothing."""


class Collection(Generic[R]):
    """The handlers of one resource type."""

    def __init__(self, shelf: Shelf[R]) -> None:
        self._shelf = shelf
        self._model: Any = shelf.model

    async def list(self, request: Request, _caller: Caller) -> Response:
        """List the resources that match a filter, a page at a time."""
        wanted = searched(request, self._model)
        total, page = await pick([self._shelf], wanted)
        answer = listed(self._model, wanted, total, page)
        return list_answer(answer, wanted, Context.RESOURCE_QUERY_RESPONSE)

    async def search(self, request: Request, _caller: Caller) -> Response:
        """List as GET does, with the query in the body, so that no name is in an address."""
        return await search([self._shelf], request)

    async def create(self, request: Request, caller: Caller) -> Response:
        """Create a resource."""
        parameters = shown(request, self._model)
        wanted = await given(request, self._model, Context.RESOURCE_CREATION_REQUEST)
        created = await self._shelf.create(self._shelf.complete(wanted, None), caller.subject)
        return resource_answer(created, parameters, Context.RESOURCE_CREATION_RESPONSE, 201)

    async def read(self, request: Request, _caller: Caller) -> Response:
        """Read one resource; 304 if the caller has this version already."""
        parameters = shown(request, self._model)
        found = await self._found(request)
        version = found.meta.version if found.meta and found.meta.version else ""
        if is_known_to(request, version):
            return Response(status_code=NOT_MODIFIED, headers={"ETag": version})
        return resource_answer(found, parameters, Context.RESOURCE_QUERY_RESPONSE)

    async def replace(self, request: Request, caller: Caller) -> Response:
        """Let the resource be as the body says; If-Match keeps what somebody else changed."""
        parameters = shown(request, self._model)
        body = await given(request, self._model, Context.RESOURCE_REPLACEMENT_REQUEST)

        async def attempt() -> R:
            now = await self._wanted(request)
            wanted = self._shelf.complete(body.model_copy(deep=True), now)
            with scim_refusals():
                is_changed = wanted.replace(now)
            return await self._kept(now, wanted, caller) if is_changed else now

        after = await _again_if_somebody_was_faster(attempt)
        return resource_answer(after, parameters, Context.RESOURCE_REPLACEMENT_RESPONSE)

    async def change(self, request: Request, caller: Caller) -> Response:
        """Change parts of the resource: add, replace, remove; all of it or nothing."""
        parameters = shown(request, self._model)
        patch = await given_patch(request, self._model)

        async def attempt() -> R:
            now = await self._wanted(request)
            wanted = now.model_copy(deep=True)
            with scim_refusals():
                # A team can have thousands of members: others are served meanwhile.
                is_changed = await asyncio.to_thread(patch.patch, wanted, TOLERANT)
            return await self._kept(now, wanted, caller) if is_changed else now

        after = await _again_if_somebody_was_faster(attempt)
        return resource_answer(after, parameters, Context.RESOURCE_PATCH_RESPONSE)

    async def remove(self, request: Request, caller: Caller) -> Response:
        """Remove the resource: a person leaves for good, a team is dissolved."""

        async def attempt() -> None:
            await self._shelf.remove(await self._wanted(request), caller.subject)

        await _again_if_somebody_was_faster(attempt)
        return Response(status_code=204)

    async def _found(self, request: Request) -> R:
        found = await self._shelf.find(resource_id(request))
        if found is None:
            raise nothing_there()
        return found

    async def _wanted(self, request: Request) -> R:
        """Return the resource as it is, if it is the one that the caller means to change."""
        now = await self._found(request)
        if now.meta is None or not is_wanted_by(request, now.meta.version or ""):
            raise NotTheOneMeantError(
                "The resource is not the one that If-Match names any more.",
                fix="Read it again and send the change with its new ETag.",
            )
        return now

    async def _kept(self, now: R, wanted: R, caller: Caller) -> R:
        return await self._shelf.replace(now, wanted, caller.subject)


async def search(shelves: Sequence[Shelf[Any]], request: Request) -> Response:
    """Return the resources of all these types that the query in the body means."""
    models: Any = reduce(or_, [shelf.model for shelf in shelves])
    kind: Any = SearchRequest[models]
    wanted = bounded(await given(request, kind, Context.SEARCH_REQUEST))
    total, page = await pick(shelves, wanted)
    return list_answer(listed(models, wanted, total, page), wanted, Context.SEARCH_RESPONSE)


async def _again_if_somebody_was_faster(attempt: Callable[[], Awaitable[T]]) -> T:
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except NotTheOneMeantError:
            raise
        except VersionConflictError:
            continue
    return await attempt()
