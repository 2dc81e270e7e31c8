"""Made-up requests reach what is there: ids and versions in them become real ones."""

import asyncio
import re
from collections.abc import Coroutine, Iterator
from typing import Any, TypeAlias, TypeVar

import httpx
import requests
from schemathesis import Case
from schemathesis.schemas import APIOperation

from tests.customers.api.asking import NOBODY, Json

Result = TypeVar("Result")
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
AnyCase: TypeAlias = Case[Any]

BASE = "http://daybook"
ANSWER_WITHIN_SECONDS = 120.0
REFUSED = (401, 403)
PARAMETER = re.compile("{([a-z_]+)}")


class Asker:
    """Sends requests as one person, from a thread beside the event loop of the house."""

    def __init__(self, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop
        self._turn = 0

    def is_refused(self, operation: Operation) -> bool:
        """Say whether this person may not do this at all."""
        path = PARAMETER.sub(str(NOBODY), operation.path)
        asking = self._client.request(operation.method.upper(), path)
        return self._wait(asking).status_code in REFUSED

    def make_real(self, case: AnyCase) -> None:
        """Put ids of what is there into the path, and its version into If-Match; mostly.

        Then it is also done in the own name: by a made-up acting all else is out of reach.
        One in four stays made up. One is plain: it has nothing that may be left out, and where the
        document has an example, that.
        """
        self._turn += 1
        if self._turn % 4 == 0:
            return
        if case.headers:
            case.headers.pop("Daybook-Acting-As", None)
        if self._turn % 4 == 1:
            case.query = {}
            case.headers.clear()
            case.headers["If-Match"] = '"1"'
            for body in case.operation.body:
                made_up = case.body if isinstance(case.body, dict) else {}
                case.body = _plain(made_up, body.definition["schema"])
        path = ""
        thing: httpx.Response | None = None
        for before, name in _parameters(case.path):
            path += before
            found = _ids_in(thing, name) if thing is not None else self._listed(path, name)
            if not found:
                return
            case.path_parameters[name] = found[self._turn % len(found)]
            path += case.path_parameters[name]
            thing = self._get(path) if thing is None else thing
        if thing is not None and case.headers and "If-Match" in case.headers:
            case.headers["If-Match"] = thing.headers.get("ETag", '"1"')

    def send(self, case: AnyCase) -> httpx.Response:
        """Return the answer to a made-up request."""
        told = case.as_transport_kwargs(base_url=BASE)
        prepared = requests.Request(
            told["method"],
            told["url"],
            headers=told.get("headers"),
            params=told.get("params"),
            data=told.get("data"),
            json=told.get("json"),
            files=told.get("files"),
        ).prepare()
        headers = [
            (name.encode("latin-1"), value if isinstance(value, bytes) else value.encode("latin-1"))
            for name, value in prepared.headers.items()
        ]
        signed_in = self._client.headers["Authorization"].encode()
        request = httpx.Request(
            str(prepared.method),
            str(prepared.url),
            headers=[*headers, (b"Authorization", signed_in)],
            content=_bytes(prepared.body),
        )
        return self._wait(self._client.send(request))

    def _listed(self, path: str, name: str) -> list[str]:
        # Archived ones are there, too.
        listed = self._get(path.rstrip("/") + "?archived=any" * (name == "customer_id"))
        return [] if listed is None else _ids_in(listed, name)

    def _get(self, path: str) -> httpx.Response | None:
        answer = self._wait(self._client.get(path))
        return answer if answer.is_success else None

    def _wait(self, asking: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(asking, self._loop).result(ANSWER_WITHIN_SECONDS)


def _plain(body: Json, schema: Json) -> Json:
    """Return what a body must have; an example where there is one."""
    plain = {}
    for name in schema.get("required", []):
        examples = schema["properties"][name].get("examples")
        if examples:
            plain[name] = examples[0]
        elif name in body:
            plain[name] = body[name]
    return plain


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    assert isinstance(body, str | bytes), type(body)
    return body.encode() if isinstance(body, str) else body


def _parameters(path: str) -> Iterator[tuple[str, str]]:
    """Yield each parameter of a path, and what stands before it."""
    at = 0
    for found in PARAMETER.finditer(path):
        yield path[at : found.start()], found[1]
        at = found.end()


def _ids_in(answer: httpx.Response, name: str) -> list[str]:
    """Return the ids of what an answer lists under `items`, or, of a thing, as `<name>s`."""
    body: Json = answer.json()
    stem = name.removesuffix("_id")
    listed = [body.get("items") or [], *(v for k, v in body.items() if k.startswith(stem))]
    things = [each for items in listed if isinstance(items, list) for each in items]
    return [str(each[key]) for each in things for key in (name, "id") if key in each]
