"""The routes of an app are walked: which there are, what each needs, and who gets in."""

import re
from collections.abc import Callable
from uuid import UUID

import httpx

from shared.authorization.permissions import Permission
from shared.web.app import Api
from shared.web.routes import ANONYMOUS_PATHS, DeclaredRoute
from tests.ground.work import MAY

LEFT = "wang"
"""Who left before the walk, so that each route is asked by somebody who may not."""
NOBODY = UUID("018f0000-0000-7000-8000-00000000dead")


def declared(app: Api) -> list[DeclaredRoute]:
    """Return every route that says what it needs."""
    return [route for route in app.router.routes if isinstance(route, DeclaredRoute)]


def needs(app: Api) -> dict[tuple[str, str], Permission | None]:
    """Return what each method and path needs; without the few that anybody may ask."""
    return {
        (method, route.path): route.permission
        for route in declared(app)
        for method in route.methods or ()
        if route.path not in ANONYMOUS_PATHS
    }


def filled(path: str) -> str:
    """Return a path with ids of nobody in it."""
    return re.sub(r"{\w+}", str(NOBODY), path)


async def assert_only_the_right_get_in(
    client_of: Callable[[str], httpx.AsyncClient], method: str, path: str, permission: Permission
) -> None:
    """Ask one route as everybody of the demo: whom the shipped policy permits gets in, no other.

    Whoever is right gets an answer about the request, be it that it is no good, and no error of
    the server; a watch, which does not end by itself, is asked only by whoever is wrong.
    """
    right = {name for name, may in MAY.items() if permission in may and name != LEFT}
    assert right, "nobody of the demo can use it"
    for name in MAY:
        if name in right and path == "/v1/watch":
            continue
        answer = await client_of(name).request(method, filled(path))
        if name in right:
            assert answer.status_code < 500, (name, answer.text)
            assert answer.status_code not in {401, 403}, (name, answer.text)
        else:
            assert answer.status_code == 403, (name, answer.text)
            assert permission in answer.text, (name, answer.text)
