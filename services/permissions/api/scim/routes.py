"""The addresses of SCIM: each with its permission, and with errors as SCIM writes them."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from services.permissions.api.scim.collection import Collection, search
from services.permissions.api.scim.discovery import Discovery
from services.permissions.api.scim.places import GROUPS, ROOT, USERS, Places
from services.permissions.api.scim.ports import People, Teams
from services.permissions.api.scim.reading import TAKEN
from services.permissions.api.scim.refusals import SCIM_TYPE, answer_scim_failure
from services.permissions.api.scim.shelves import PeopleShelf, TeamShelf
from shared.authorization.permissions import Permission
from shared.web.answers import Answer
from shared.web.app import Api
from shared.web.callers import Caller
from shared.web.documents import Parameter
from shared.web.recording import Access
from shared.web.routes import Handler, Routes

_ID: Final = Parameter("id", "path", "The id that this service gave it.")
_ATTRIBUTES: Final = (
    Parameter("attributes", "query", "Only these attributes, by comma."),
    Parameter("excludedAttributes", "query", "All but these, by comma."),
)
_LIST: Final = (
    Parameter("filter", "query", 'Which ones, for example userName eq "alice".'),
    Parameter("sortBy", "query", "By which attribute."),
    Parameter("sortOrder", "query", "ascending or descending."),
    Parameter("startIndex", "query", "The first one to show, from 1 on.", int),
    Parameter("count", "query", "How many to show: at most 200.", int),
    *_ATTRIBUTES,
)
_IF_MATCH: Final = Parameter("If-Match", "header", "The ETag of what is to be changed.")
_IF_NONE_MATCH: Final = Parameter("If-None-Match", "header", "The ETag of what you have.")
_TAGGED: Final = {"ETag": "Its version."}


def add_scim(app: Api, routes: Routes, people: People, teams: Teams, public_url: str) -> None:
    """Add every address under /scim/v2; clients reach it at `public_url`."""
    places = Places(public_url)
    app.answer_failures(f"{ROOT}/", answer_scim_failure)
    _add_discovery(routes, places)
    shelves = (PeopleShelf(people, places), TeamShelf(teams, places))
    _add_collection(routes, "Users", Collection(shelves[0]))
    _add_collection(routes, "Groups", Collection(shelves[1]))

    async def search_all(request: Request, _caller: Caller) -> Response:
        """List users and groups alike, with the query in the body."""
        return await search(shelves, request)

    _add_search(routes, f"{ROOT}/.search", "search", search_all)


def _add_collection(routes: Routes, name: str, collection: Collection[Any]) -> None:
    every, one = f"{ROOT}/{name}", f"{ROOT}/{name}/{{id}}"
    noun = name.lower()
    _add_search(routes, f"{every}/.search", f"search_{noun}", collection.search)
    _add(routes, "GET", every, f"list_{noun}", collection.list, _LIST, {200: "A page."})
    _add(routes, "POST", every, f"create_{noun}", collection.create, _ATTRIBUTES, {201: "Created."})
    _add(
        routes, "GET", one, f"read_{noun}", collection.read,
        (_ID, _IF_NONE_MATCH, *_ATTRIBUTES), {200: "As it is.", 304: "You have it."},
    )  # fmt: skip
    changing = (_ID, _IF_MATCH, *_ATTRIBUTES)
    after = {200: "As it is now."}
    _add(routes, "PUT", one, f"replace_{noun}", collection.replace, changing, after)
    _add(routes, "PATCH", one, f"change_{noun}", collection.change, changing, after)
    gone = {204: "It is gone."}
    _add(routes, "DELETE", one, f"remove_{noun}", collection.remove, (_ID, _IF_MATCH), gone)


def _add_discovery(routes: Routes, places: Places) -> None:
    discovery = Discovery(places)
    told = {200: "What there is."}
    for path, name, handler in (
        ("ServiceProviderConfig", "config", discovery.config),
        ("ResourceTypes", "types", discovery.types),
        ("ResourceTypes/{id}", "type", discovery.type),
        ("Schemas", "schemas", discovery.schemas),
        ("Schemas/{id}", "schema", discovery.schema),
    ):
        parameters = (_ID,) if "{" in path else ()
        _add(routes, "GET", f"{ROOT}/{path}", f"read_{name}", handler, parameters, told)


def _add_search(routes: Routes, path: str, name: str, handler: Handler) -> None:
    # It reads, although it is a POST.
    _add(routes, "POST", path, name, handler, (), {200: "A page."}, is_read=True)


def _add(
    routes: Routes,
    method: str,
    path: str,
    name: str,
    handler: Handler,
    parameters: tuple[Parameter, ...],
    answers: Mapping[int, str],
    *,
    is_read: bool = False,
) -> None:
    routes.add(
        method,
        path,
        f"scim_{name}",
        # SCIM knows no part of a directory: whoever may read by it sees everybody.
        Permission.PEOPLE_PROVISION,
        handler,
        takes=TAKEN if method in {"POST", "PUT", "PATCH"} else (),
        parameters=parameters,
        # Whoever is shown people is on record; what is supported is nobody's secret.
        access=_access(path) if method == "GET" or is_read else None,
        answers={
            status: Answer(said, None, _TAGGED, None if status in {204, 304} else SCIM_TYPE)
            for status, said in answers.items()
        },
        everywhere=True,
    )


def _access(path: str) -> Access | None:
    if path.endswith("/{id}") and path.startswith((USERS, GROUPS)):
        return Access(target="id")
    return Access() if path.startswith((USERS, GROUPS)) or path.endswith("/.search") else None
