"""A route cannot be written without the permission that it needs.

Sign-in and permission are checked before the handler runs, and nothing else stands between the
server and the handler: no dependency injection, no body model, no response model. Those live in
the OpenAPI document, which FastAPI makes from what `Routes.add` is told.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import UnionType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from shared.authorization.acting import IN_THE_OWN_NAME
from shared.authorization.permissions import Permission
from shared.authorization.rights import Basis
from shared.web.answers import Answer
from shared.web.callers import Caller, Guard
from shared.web.documents import (
    ACTING_AS,
    Parameter,
    documented_answers,
    documented_endpoint,
)
from shared.web.recording import Access, Place, Recorder

Handler = Callable[[Request, Caller], Awaitable[Response]]
AnonymousHandler = Callable[[Request], Awaitable[Response]]

A_SECOND: Final = 1_000_000
"""Microseconds: a grant may have ended by the clock meanwhile."""
ANONYMOUS_PATHS: Final = frozenset(
    {"/livez", "/readyz", "/openapi.json", "/.well-known/authzen-configuration"}
)
"""The only addresses that answer somebody who is not signed in."""


_CALLER: Final = "daybook.caller"


class UnguardedRouteError(Exception):
    """A route that anybody could use; the process must not start."""


class DeclaredRoute(APIRoute):
    """A route made by `Routes`; `permission` is None for the anonymous few."""

    permission: Permission | None = None
    everywhere: bool = False
    """Whether its caller needs the permission for every record."""
    answer: Callable[[Scope, Receive, Send], Awaitable[Response]]
    ended: Callable[[Caller], Awaitable[None]]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match by path, then by method; without the mounts and converters that we do not use."""
        found = self.path_regex.match(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            return Match.NONE, {}
        child: Scope = {"path_params": found.groupdict(), "route": self}
        is_full = self.methods is None or scope["method"] in self.methods
        return (Match.FULL if is_full else Match.PARTIAL), child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request; every error goes up to RequestTracing."""
        if self.methods is not None and scope["method"] not in self.methods:
            raise HTTPException(405, headers={"Allow": _allowed_methods(scope)})
        response = await self.answer(scope, receive, send)
        try:
            await response(scope, receive, send)
        finally:
            if _CALLER in scope:
                await self.ended(scope[_CALLER])


class Routes:
    """Adds routes to an app; each with the permission that its caller must have."""

    def __init__(self, app: FastAPI, guard: Guard, recorder: Recorder) -> None:
        self._app = app
        self._guard = guard
        self._recorder = recorder

    def add(
        self,
        method: str,
        path: str,
        name: str,
        permission: Permission,
        handler: Handler,
        *,
        body: type[BaseModel] | UnionType | None = None,
        takes: Sequence[str] = (),
        parameters: Sequence[Parameter] = (),
        answers: Mapping[int, Answer],
        about: str | None = None,
        access: Access | None = None,
        everywhere: bool = False,
    ) -> None:
        """Add a route; the handler gets the request and a caller who has the permission.

        The handler's docstring is the route's description. `body` (or `takes`, the media types of
        a file), `parameters` and `answers` are for the OpenAPI document only: the handler reads
        the request itself; a body `Model | None` may be left out. `about` is the
        path parameter with the id of the customer concerned, `access` says that what the route
        shows is written down; refusals and errors always are. `everywhere`: what it shows is of the
        whole store, so its caller needs the permission for every record.
        """
        if not isinstance(permission, Permission):
            raise UnguardedRouteError(f"{method} {path} names no permission")
        guard, recorder = self._guard, self._recorder
        queries = frozenset(one.name for one in parameters if one.where == "query")
        place = Place(name, path, permission, about, access, queries)

        async def answer(scope: Scope, receive: Receive, send: Send) -> Response:
            caller: Caller | None = None
            try:
                caller = scope[_CALLER] = await guard.identify(scope)
                caller = scope[_CALLER] = guard.acting(scope, caller)
                before = guard.decisions.basis()
                guard.require(caller, permission, everywhere=everywhere)
                asked_again = _asked_again(receive, guard, caller, permission, everywhere)
                response = await handler(Request(scope, asked_again, send), caller)
                if method == "GET" and _may_differ(before, guard.decisions.basis()):
                    # Whoever waited meanwhile, and may not any more, is shown nothing.
                    guard.require(caller, permission, everywhere=everywhere)
            except Exception as error:
                await recorder.failed(place, scope, caller, error)
                raise
            await recorder.shown(place, scope, caller, response)
            return response

        own_name_only = str(permission) in IN_THE_OWN_NAME
        told = parameters if own_name_only else (*parameters, ACTING_AS)
        route = _route(method, path, name, handler, body=body, parameters=told, answers=answers)
        route.permission, route.everywhere = permission, everywhere
        route.openapi_extra = {"security": [{"bearer": []}], **_file_taken(takes)}
        route.answer, route.ended = answer, recorder.ended
        self._app.router.routes.append(route)

    def add_anonymous(
        self, path: str, name: str, handler: AnonymousHandler, *, answers: Mapping[int, Answer]
    ) -> None:
        """Add a GET that needs no sign-in; only for the closed list of such addresses."""
        if path not in ANONYMOUS_PATHS:
            raise UnguardedRouteError(f"GET {path} is not on the list of anonymous addresses")

        async def answer(scope: Scope, receive: Receive, send: Send) -> Response:
            return await handler(Request(scope, receive, send))

        route = _route("GET", path, name, handler, answers=answers)
        route.answer = answer
        self._app.router.routes.append(route)


def _may_differ(before: Basis, now: Basis) -> bool:
    return now.world is not before.world or now.now - before.now > A_SECOND


def _asked_again(
    receive: Receive, guard: Guard, caller: Caller, permission: Permission, everywhere: bool
) -> Receive:
    """Return what receives the body, and asks once more when all of it came: it may take hours."""
    before = guard.decisions.basis()

    async def receive_and_ask() -> Message:
        message = await receive()
        is_whole = message["type"] == "http.request" and not message.get("more_body", False)
        if is_whole and _may_differ(before, guard.decisions.basis()):
            guard.require(caller, permission, everywhere=everywhere)
        return message

    return receive_and_ask


def assert_every_route_is_guarded(app: FastAPI) -> None:
    """Raise UnguardedRouteError unless every route declares its permission or is on the list."""
    open_to_all = [
        repr(route)
        for route in app.router.routes
        if not isinstance(route, DeclaredRoute)
        or (route.permission is None and route.path not in ANONYMOUS_PATHS)
    ]
    if open_to_all:
        raise UnguardedRouteError(f"not declared by Routes: {', '.join(open_to_all)}")


def _route(
    method: str,
    path: str,
    name: str,
    handler: Callable[..., Any],
    *,
    body: type[BaseModel] | UnionType | None = None,
    parameters: Sequence[Parameter] = (),
    answers: Mapping[int, Answer],
) -> DeclaredRoute:
    return DeclaredRoute(
        path,
        documented_endpoint(handler, path, body, parameters),
        methods=[method],
        name=name,
        operation_id=name,
        status_code=next(iter(answers)),
        response_class=Response,
        response_model=None,
        responses=documented_answers(answers),
    )


def _file_taken(media_types: Sequence[str]) -> dict[str, Any]:
    if not media_types:
        return {}
    file = {"schema": {"type": "string", "format": "binary"}}
    content = dict.fromkeys(media_types, file)
    return {"requestBody": {"required": True, "content": content}}


def _allowed_methods(scope: Scope) -> str:
    """Return the methods of every route at this path, not only of the first."""
    allowed: set[str] = set()
    for route in scope["app"].router.routes:
        if isinstance(route, DeclaredRoute) and route.path_regex.match(scope["path"]):
            allowed |= route.methods or set()
    return ", ".join(sorted(allowed))
