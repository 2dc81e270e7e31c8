"""Whoever sends whatever to any route gets an answer that is documented, and never a 5xx.

What is sent is made up from the OpenAPI document, as it asks for and not, by schemathesis: the same
in every run for each person (DAYBOOK_TEST_SEED changes it). Most of the time ids and versions are
real ones, because made up ones would hardly ever reach what lies behind them.
"""

import asyncio

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import openapi
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.authorization.people import DEMO_PEOPLE
from tests.conftest import SEED
from tests.customers.api.asking import Json, if_match, read, rename
from tests.customers.api.made_up import AnyCase, Asker, Operation
from tests.ground.house import House

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
# Its answer has no end, and this client waits for that; see test_watch.py.
ENDLESS = {"watch_customers"}
EXAMPLES, EXAMPLES_OF_A_REFUSAL = 12, 1


async def something_to_ask_for(house: House) -> None:
    """Let there be a custom field, a view, and customers with all that one can have."""
    alice, erin = house.client("alice"), house.client("erin")
    # What was made up before may ask for more than is given here.
    for field in read(await erin.get("/v1/fields"))["items"]:
        if field["required"] and not field["retired"]:
            path = f"/v1/fields/{field['name']}/retire"
            answer = await erin.post(path, headers=if_match(field["version"]))
            assert answer.status_code == 200, answer.text
    company = {"kind": "organisation", "name": "海望贸易有限公司"}
    works_at = read(await alice.post("/v1/customers", json=company))
    body = {
        "kind": "person",
        "name": "Jürgen Groß",
        "emails": [{"address": "j@work.example", "type": "work"}],
        "phones": ["+49 30 123456"],
        "addresses": [{"city": "Bremen", "country": "DE"}],
        "tags": ["vip"],
        "owner": DEMO_PEOPLE["alice"].subject,
    }
    answer = await alice.post("/v1/customers", json=body)
    assert answer.status_code == 201, answer.text
    customer = await rename(alice, read(answer), "Jürgen Groß 2")
    for version, (what, more) in enumerate(
        [("links", {"organisation_id": works_at["id"], "role": "buyer"}), ("notes", {"text": "x"})],
        start=customer["version"],
    ):
        path = f"/v1/customers/{customer['id']}/{what}"
        answer = await alice.post(path, json=more, headers=if_match(version))
        assert answer.status_code == 200, answer.text
    view = {"name": "All", "query": {"stage": "lead"}, "shared": True}
    assert (await alice.post("/v1/views", json=view)).status_code == 201
    label = {"en": "Size", "zh": "尺码"}
    field = {"name": "size", "label": label, "type": "choices", "choices": ["small", "large"]}
    answer = await erin.post("/v1/fields", json=field)
    assert answer.status_code in {201, 409}, answer.text
    await house.caught_up()


def as_strict_as_it_gets(document: Json) -> Json:
    """Let no member of an answer be one that the document does not name."""
    del document["components"]["securitySchemes"]  # Or it makes up tokens, too.
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


# The relay and the projector work on while something is made up, and use chance themselves.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("person", sorted(DEMO_PEOPLE))
async def test_every_answer_is_documented_and_none_is_our_failure(
    house: House, person: str
) -> None:
    print(f"DAYBOOK_TEST_SEED={SEED}")  # noqa: T201 - pytest shows it when the test fails
    await something_to_ask_for(house)
    document = as_strict_as_it_gets(read(await house.anonymous().get("/openapi.json")))
    asker = Asker(house.client(person), asyncio.get_running_loop())
    asked = 0
    for made in openapi.from_dict(document).get_all_operations():
        assert isinstance(made, Ok), made
        operation: Operation = made.ok()
        if operation.definition.raw["operationId"] not in ENDLESS:
            await asyncio.to_thread(ask, asker, operation, f"{SEED} {person}")
            asked += 1
    assert asked == sum(map(len, document["paths"].values())) - len(ENDLESS)


def ask(asker: Asker, operation: Operation, whose: str) -> None:
    """Make up requests for one operation, send them, and check the answers."""
    examples = EXAMPLES_OF_A_REFUSAL if asker.is_refused(operation) else EXAMPLES
    made_up = [operation.as_strategy(mode) for mode in GenerationMode]

    @seed(whose)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=st.one_of(made_up))
    def send(case: AnyCase) -> None:
        asker.make_real(case)
        case.validate_response(asker.send(case), checks=CHECKS)

    send()
