"""The routes of an app are walked: which there are, and what each needs."""

import re
from uuid import UUID

from shared.authorization.permissions import Permission
from shared.web.app import Api
from shared.web.routes import ANONYMOUS_PATHS, DeclaredRoute

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
