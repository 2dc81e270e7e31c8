"""Every api of Daybook behaves alike: health, description, headers of every answer."""

from typing import Any

import pytest

from tests.shared.web.stage import SOMEBODY, Stage


async def test_a_process_that_answers_is_alive(stage: Stage) -> None:
    for _ in range(2):
        answer = await stage.ask(None, "GET", "/livez")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_process_is_ready_when_all_that_it_needs_is_there(stage: Stage) -> None:
    answer = await stage.ask(None, "GET", "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "role": "all",
        "checks": {"truth": "ok"},
        "canary": {
            "age_seconds": 3.2,
            "is_old": False,
            "stands_at": None,
            "trip_ms": 38.0,
            "way": "",
            "event_id": SOMEBODY,
        },
        "relay": None,
        "disk": None,
        "permissions": None,
        "behind": [],
        "work": [],
    }


async def test_a_process_that_misses_something_says_what(stage: Stage) -> None:
    stage.checks["views"] = "does not answer"
    answer = await stage.ask(None, "GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not-ready"
    assert answer.json()["checks"]["views"] == "does not answer"


@pytest.mark.parametrize("person", ["alice", "dave", None])
@pytest.mark.parametrize("path", ["/v1/customers", "/nowhere", "/livez"])
async def test_no_answer_is_kept_by_a_cache_or_guessed_at(
    stage: Stage, person: str | None, path: str
) -> None:
    answer = await stage.ask(person, "GET", path)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


async def document(stage: Stage) -> dict[str, Any]:
    answer = await stage.ask(None, "GET", "/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json()
    return described


async def test_the_description_says_what_a_route_takes_and_answers(stage: Stage) -> None:
    described = await document(stage)
    rename = described["paths"]["/v1/customers/{customer_id}/rename"]["post"]
    assert rename["operationId"] == "rename_customer"
    assert rename["description"] == "Give a customer another name."
    assert rename["security"] == [{"bearer": []}]
    parameters = {(one["in"], one["name"], one["required"]) for one in rename["parameters"]}
    assert parameters == {
        ("path", "customer_id", True),
        ("header", "If-Match", True),
        ("header", "Daybook-Acting-As", False),
    }
    body = rename["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Rename"}
    answer = rename["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Customer")
    assert "ETag" in answer["headers"]
    problem = rename["responses"]["4XX"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert "422" not in rename["responses"], "FastAPI's own would be wrong"


async def test_every_reference_of_the_description_leads_somewhere(stage: Stage) -> None:
    described = await document(stage)
    schemas = described["components"]["schemas"]
    assert {"Problem", "FieldProblem", "Register", "Customer", "Readiness"} <= schemas.keys()
    for reference in references(described):
        assert reference.removeprefix("#/components/schemas/") in schemas
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_only_health_and_the_description_need_no_sign_in(stage: Stage) -> None:
    described = await document(stage)
    anonymous = {
        path
        for path, operations in described["paths"].items()
        for operation in operations.values()
        if "security" not in operation
    }
    assert anonymous == {"/livez", "/readyz", "/openapi.json"}


def references(node: object) -> list[str]:
    match node:
        case {"$ref": str(reference)}:
            return [reference]
        case dict():
            return [one for value in node.values() for one in references(value)]
        case list():
            return [one for value in node for one in references(value)]
        case _:
            return []
