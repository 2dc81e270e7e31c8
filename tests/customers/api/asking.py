"""What the tests of the api say again and again: register, change, expect a problem."""

import re
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx

from shared.web.problems import PROBLEM_TYPE

Json = dict[str, Any]

ONLY_ON_PAGES = {"registered_at", "changed_at", "matched"}
NOBODY = UUID("018f0000-0000-7000-8000-00000000dead")
ADA: Json = {"kind": "person", "name": "Ada Lovelace", "emails": ["ada@work.example"]}


async def register(client: httpx.AsyncClient, name: str = "Ada Lovelace", *emails: str) -> Json:
    """Register a person and return the answer's body."""
    body = {"kind": "person", "name": name, "emails": list(emails)}
    answer = await client.post("/v1/customers", json=body)
    assert answer.status_code == 201, answer.text
    return read(answer)


async def rename(client: httpx.AsyncClient, customer: Json, name: str) -> Json:
    """Rename a customer as it was read and return the answer's body."""
    answer = await client.post(
        f"/v1/customers/{customer['id']}/rename",
        json={"name": name},
        headers=if_match(customer["version"]),
    )
    assert answer.status_code == 200, answer.text
    return read(answer)


def if_match(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def read(answer: httpx.Response) -> Json:
    """Return the body of an answer that is JSON."""
    assert answer.headers["content-type"] == "application/json"
    body: Json = answer.json()
    return body


class Listed(dict[str, Any]):
    """A customer that equals itself on a page, whatever only pages say of it."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict):
            return NotImplemented
        said = {name: value for name, value in other.items() if name not in ONLY_ON_PAGES}
        return said == dict(self)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None


def row_of(customer: Json) -> Json:
    """Return what a page shows of a customer."""
    return Listed(customer)


def names_of(answer: httpx.Response) -> list[str | None]:
    """Return the names on a page, in its order."""
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in read(answer)["items"]]


def assert_problem(
    answer: httpx.Response, status: int, code: str, *, field: str | None = None
) -> Json:
    """Expect a problem that says what happened, which field, what to do and how to trace it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM_TYPE
    assert answer.headers["cache-control"] == "no-store"
    problem: Json = answer.json()
    assert problem["type"] == f"/problems/{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == unquote(answer.request.url.raw_path.decode().partition("?")[0])
    assert re.fullmatch("[0-9a-f]{32}", problem["trace_id"])
    assert problem["trace_id"] in answer.headers["traceparent"]
    assert problem.get("field") == field
    assert problem["fix"]
    assert status not in (403, 409, 410) or problem["who_can_help"]
    return problem


def assert_not_signed_in(answer: httpx.Response) -> None:
    """Expect that nobody gets further without saying who they are."""
    assert_problem(answer, 401, "not-signed-in", field="Authorization")
    assert answer.headers["www-authenticate"] == "Bearer"


def assert_not_permitted(answer: httpx.Response) -> None:
    """Expect a refusal that names who can help."""
    problem = assert_problem(answer, 403, "not-permitted")
    assert problem["who_can_help"]
    assert problem.get("permission", "") in problem["detail"]
