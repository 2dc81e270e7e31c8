"""The public AuthZEN scenarios are answered over HTTP by a service that runs, trap by trap."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cli.local.ports import LOOPBACK
from tests.ground.servers import Servers
from tests.permissions.pdp import ADMIN, ALICE, ARCHIVED, ONE, RECORD, Pdp, a_pdp

pytestmark = pytest.mark.asyncio(loop_scope="module")

VECTORS = Path(__file__).parents[2] / "vectors/authzen/todo-decisions-1_0-02.json"
Json = dict[str, Any]
TODO = json.loads(VECTORS.read_text())
BOB = {"type": "user", "id": "bob"}
READ, WRITE = {"name": "read"}, {"name": "write"}
WHOLE: Json = {"subject": ALICE, "action": READ, "resource": RECORD}
MANY = "/access/v1/evaluations"
ENDPOINTS = [
    *("access_evaluation_endpoint", "access_evaluations_endpoint"),
    *(f"search_{kind}_endpoint" for kind in ("subject", "resource", "action")),
]
JSON = {"Content-Type": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pdp(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pdp]:
    async with a_pdp(servers, tmp_path_factory.mktemp("authzen")) as its:
        yield its


async def test_the_40_questions_and_3_batches_of_the_todo_scenario(pdp: Pdp) -> None:
    wrong = [
        case["request"]
        for case in TODO["evaluation"]
        if await pdp.decision(case["request"], pdp.plain) is not case["expected"]
    ]
    assert (wrong, len(TODO["evaluation"])) == ([], 40)
    for case in TODO["evaluations"]:
        answer = await pdp.plain.post(MANY, json=case["request"])
        told = [{"decision": one["decision"]} for one in answer.json()["evaluations"]]
        assert told == case["expected"]
    assert len(TODO["evaluations"]) == 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (WHOLE, True),
        ({**WHOLE, "action": WRITE}, True),
        ({**WHOLE, "subject": BOB}, True),
        ({**WHOLE, "subject": BOB, "action": WRITE}, False),
        ({**WHOLE, "action": WRITE, "resource": ARCHIVED}, False),
        ({**WHOLE, "action": WRITE, "resource": ARCHIVED, "subject": ADMIN}, True),
        ({**WHOLE, "action": {"name": "delete", "properties": {"soft": True}}}, True),
        ({**WHOLE, "action": {"name": "delete", "properties": {"soft": False}}}, False),
    ],
)
async def test_the_eight_decisions_of_the_certification(
    pdp: Pdp, body: Json, *, expected: bool
) -> None:
    assert await pdp.decision(body) is expected
    anywhere = {**body, "context": {"time": "2025-06-27T18:03-07:00", "ip": "10.0.0.1"}}
    assert await pdp.decision(anywhere) is expected, "whatever the context"


async def test_what_a_caller_says_of_subjects_counts_only_if_it_is_trusted(pdp: Pdp) -> None:
    asked = {**WHOLE, "action": WRITE, "resource": ARCHIVED, "subject": ADMIN}
    assert await pdp.decision(asked, pdp.trusted)
    assert not await pdp.decision(asked, pdp.plain)


async def test_our_own_records_are_what_they_are_whatever_a_caller_says(pdp: Pdp) -> None:
    alice = "00000000-0000-4000-8000-000000000001"
    mine = {"type": "customer", "id": "018f0000-0000-7000-8000-00000000dead"}
    asked = {"subject": ALICE, "action": READ, "resource": {**mine, "properties": {"owner": alice}}}
    answer = (await pdp.trusted.post(ONE, json=asked)).json()
    assert answer == {"decision": False, "context": {"reason_code": "out_of_scope"}}


@pytest.mark.parametrize(
    "body",
    [
        {**WHOLE, "subject": "alice"},
        {**WHOLE, "action": {"name": 1}},
        {**WHOLE, "subject": {"id": "alice"}},
        {**WHOLE, "subject": {"type": "user"}},
        {**WHOLE, "resource": {"type": "record"}},
        {**WHOLE, "action": {}},
        {**WHOLE, "context": "noon"},
        {name: WHOLE[name] for name in ("subject", "action")},
        [WHOLE],
        "alice",
    ],
)
async def test_what_is_missing_or_mistyped_is_400_and_keeps_its_request_id(
    pdp: Pdp, body: object
) -> None:
    for path in (ONE, MANY):
        answer = await pdp.trusted.post(path, json=body, headers={"X-Request-ID": "one-of-ours"})
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (400, "one-of-ours")
        assert answer.json()["detail"], "it says why"


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({**WHOLE, "subject": {"id": "alice"}}, "subject.type", "is missing"),
        ({**WHOLE, "resource": {"type": "record", "id": ""}}, "resource.id", "is empty"),
        ({**WHOLE, "action": {"name": 7}}, "action.name", "is not a text"),
        ({**WHOLE, "action": {"name": None}}, "action.name", "is not a text"),
        ({**WHOLE, "action": {"name": "x" * 1_001}}, "action.name", "is too long"),
    ],
)
async def test_what_is_wrong_with_a_name_is_said(
    pdp: Pdp, body: Json, field: str, problem: str
) -> None:
    told = (await pdp.trusted.post(ONE, json=body)).json()
    assert (told["field"], told["detail"]) == (field, f"{field} {problem}.")
    assert told["fix"] == "Send a text of 1 to 1000 characters."


async def test_more_results_than_a_page_has_are_asked_for_in_vain_and_it_is_said(pdp: Pdp) -> None:
    which: Json = {"subject": ALICE, "action": READ, "resource": {"type": "record"}}
    assert (await pdp.search("resource", {**which, "page": {"limit": 100_000}}))["results"]
    path = "/access/v1/search/resource"
    told = (await pdp.trusted.post(path, json={**which, "page": {"limit": -1}})).json()
    assert told["detail"] == "page.limit is not a number of results."
    assert "a page has at most 1000 results, whatever more is asked for" in told["fix"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"subject":'])
async def test_what_is_no_json_is_400(pdp: Pdp, content: bytes) -> None:
    answer = await pdp.trusted.post(ONE, content=content, headers=JSON)
    assert answer.status_code == 400


async def test_a_content_type_is_json_or_refused(pdp: Pdp) -> None:
    body = json.dumps(WHOLE)
    for given, status in (
        ("application/json; charset=utf-8", 200), ("text/plain", 400), ("application/xml", 400),
    ):  # fmt: skip
        answer = await pdp.trusted.post(ONE, content=body, headers={"Content-Type": given})
        assert answer.status_code == status
    answer = await pdp.trusted.post(ONE, json=WHOLE, headers={"X-Request-ID": "7"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["X-Request-ID"] == "7"
    assert "X-Request-ID" not in (await pdp.trusted.post(ONE, json=WHOLE)).headers


@pytest.mark.parametrize("path", [ONE, MANY, "/access/v1/search/subject"])
async def test_other_methods_are_405_and_no_token_is_401(pdp: Pdp, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert (await pdp.trusted.request(method, path)).status_code == 405
    refused = await pdp.nobody.post(path, json=WHOLE)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_batch_inherits_stops_and_tells_what_is_wrong_with_one(pdp: Pdp) -> None:
    write = {"subject": BOB, "action": WRITE}
    body: Json = {**WHOLE, "evaluations": [{}, write, {"resource": {"type": "record"}}]}
    answers = (await pdp.trusted.post(MANY, json=body)).json()
    assert set(answers) == {"evaluations"}
    assert [one["decision"] for one in answers["evaluations"]] == [True, False, False]
    assert answers["evaluations"][2]["context"]["error"]["status"] == 400
    for semantics, length in (
        ("execute_all", 3), ("deny_on_first_deny", 2), ("permit_on_first_permit", 1),
    ):  # fmt: skip
        asked = {**body, "options": {"evaluations_semantic": semantics, "else": 1}}
        answer = await pdp.trusted.post(MANY, json=asked)
        assert len(answer.json()["evaluations"]) == length
    unknown = {**body, "options": {"evaluations_semantic": "some"}}
    assert (await pdp.trusted.post(MANY, json=unknown)).status_code == 400
    for single in (WHOLE, {**WHOLE, "evaluations": []}):
        assert (await pdp.trusted.post(MANY, json=single)).json() == {"decision": True}
    alone = {"evaluations": [{"subject": ALICE, "action": READ}]}
    (one,) = (await pdp.trusted.post(MANY, json=alone)).json()["evaluations"]
    assert one["decision"] is False


async def test_searches_find_what_evaluations_allow_and_nothing_of_what_is_unknown(
    pdp: Pdp,
) -> None:
    who = {"subject": {"type": "user", "id": "ignored"}, "action": READ, "resource": RECORD}
    found = await pdp.search("subject", who)
    assert next(iter(found)) == "page"
    assert [one["id"] for one in found["results"]] == ["alice", "bob"]
    for one in found["results"]:
        assert await pdp.decision({**WHOLE, "subject": one})
    which = {"subject": BOB, "action": READ, "resource": {"type": "record"}}
    assert (await pdp.search("resource", which))["results"] == [
        {"type": "record", "id": name} for name in ("record-1", "record-2")
    ]
    assert (await pdp.search("resource", {**which, "action": WRITE}))["results"] == []
    what = {"subject": ALICE, "resource": RECORD, "action": {"name": "ignored"}}
    assert (await pdp.search("action", what))["results"] == [READ, WRITE]
    for kind, unknown in (
        ("subject", {**who, "subject": {"type": "robot"}}),
        ("subject", {**who, "resource": {"type": "moon", "id": "1"}}),
        ("resource", {**which, "resource": {"type": "moon"}}),
        ("resource", {**which, "subject": {"type": "user", "id": "eve"}}),
        ("action", {**what, "subject": {"type": "user", "id": "eve"}}),
        ("action", {**what, "resource": {"type": "moon", "id": "1"}}),
    ):
        assert (await pdp.search(kind, unknown))["results"] == []


async def test_a_page_goes_on_without_its_limit_and_belongs_to_its_question(pdp: Pdp) -> None:
    which: Json = {"subject": ALICE, "action": READ, "resource": {"type": "record"}}
    first = await pdp.search("resource", {**which, "page": {"limit": 1}})
    assert [one["id"] for one in first["results"]] == ["record-1"]
    token = first["page"]["next_token"]
    assert token
    rest = await pdp.search("resource", {**which, "page": {"token": token}})
    assert ([one["id"] for one in rest["results"]], rest["page"]["next_token"]) == (
        ["record-2"], "",
    )  # fmt: skip
    path = "/access/v1/search/resource"
    for body in (
        {**which, "subject": BOB, "page": {"token": token}},
        {**which, "page": {"token": "made up"}},
        {**which, "page": {"limit": -1}},
        {**which, "page": {"limit": "1"}},
    ):
        assert (await pdp.trusted.post(path, json=body)).status_code == 400


async def test_discovery_names_the_very_address_it_was_found_at(pdp: Pdp) -> None:
    found = (await pdp.nobody.get("/.well-known/authzen-configuration")).json()
    url = str(pdp.nobody.base_url).rstrip("/")
    assert url.startswith(f"http://{LOOPBACK}:")
    assert found["policy_decision_point"] == url
    assert found.keys() == {"policy_decision_point", *ENDPOINTS}
    for endpoint in (found[name] for name in ENDPOINTS):
        assert endpoint.startswith(f"{url}/access/v1/")
        assert (await pdp.trusted.post(endpoint, json={})).status_code == 400


async def test_a_person_is_told_on_the_command_line_what_programs_are_told(pdp: Pdp) -> None:
    said = await pdp.daybook(
        "permissions", "explain", "record:write", "record-1", "--who", "bob", "--as", "erin"
    )
    assert "may not record:write record-1" in said
    assert "give permission" in said, "no role would surely do: the writer's has a condition"
    assert "For example: Erin." in said
    assert "computed for" in said
    said = await pdp.daybook("permissions", "who", "record:write", "record-1", "--as", "erin")
    assert "fixture_writer (grant " in said
    early = ("--at", "2020-01-01T00:00:00")
    said = await pdp.daybook("permissions", "explain", "record:read", *early, "--as", "erin")
    assert "computed for 2020-01-01 00:00:00.000 UTC, from permissions up to change 0" in said
