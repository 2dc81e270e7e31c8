"""What AuthZEN's words mean is read as the standard and its certification say, trap by trap."""

from typing import Any

import orjson
import pytest

from services.permissions.api.authzen.batches import Batch, batch_of, question_of
from services.permissions.api.authzen.entities import document_of, type_of
from services.permissions.api.authzen.searches import LARGEST_LIMIT, SearchPages, fingerprint
from services.permissions.application.questions import Action, Entity, Question
from shared.errors import BadRequestError
from shared.web.pages import PageTokens

ALICE = {"type": "user", "id": "alice"}
BOB = {"type": "user", "id": "bob"}
READ, WRITE = {"name": "read"}, {"name": "write"}
RECORD = {"type": "record", "id": "record-1"}
THE_RECORD = Entity("record", "record-1")
WHOLE: dict[str, Any] = {"subject": ALICE, "action": READ, "resource": RECORD}
PAGES = SearchPages(PageTokens(b"k" * 32))


def without(*parts: str) -> dict[str, Any]:
    return {name: value for name, value in WHOLE.items() if name not in parts}


def asked(body: object) -> Question:
    return question_of(document_of(orjson.dumps(body)))


def batch(body: dict[str, Any]) -> Batch:
    found = batch_of(body)
    assert found is not None
    return found


def test_unknown_members_at_any_level_are_ignored() -> None:
    body = {
        "subject": {**ALICE, "colour": "red", "properties": {"role": "admin"}},
        "action": {**READ, "mood": 1},
        "resource": {**RECORD, "shape": []},
        "context": {"time": "noon"},
        "surprise": {},
    }
    assert asked(body) == Question(
        Entity("user", "alice", {"role": "admin"}),
        Action("read"),
        Entity("record", "record-1"),
        {"time": "noon"},
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (without("subject"), "subject"),
        (without("action"), "action"),
        (without("resource"), "resource"),
        ({**WHOLE, "subject": "alice"}, "subject"),
        ({**WHOLE, "subject": None}, "subject"),
        ({**WHOLE, "subject": {"id": "alice"}}, "subject.type"),
        ({**WHOLE, "subject": {"type": "user"}}, "subject.id"),
        ({**WHOLE, "subject": {"type": "user", "id": 7}}, "subject.id"),
        ({**WHOLE, "subject": {"type": "user", "id": ""}}, "subject.id"),
        ({**WHOLE, "resource": []}, "resource"),
        ({**WHOLE, "resource": {"type": "record"}}, "resource.id"),
        ({**WHOLE, "action": "read"}, "action"),
        ({**WHOLE, "action": {}}, "action.name"),
        ({**WHOLE, "action": {"name": 1}}, "action.name"),
        ({**WHOLE, "subject": {**ALICE, "properties": "admin"}}, "subject.properties"),
        ({**WHOLE, "context": "noon"}, "context"),
        ([], "body"),
        ("alice", "body"),
        (None, "body"),
    ],
)
def test_what_is_missing_or_of_another_type_is_a_bad_request(body: object, field: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        asked(body)
    assert (refused.value.status, refused.value.field) == (400, field)
    assert "alice" not in refused.value.detail


def test_a_body_that_is_no_json_is_a_bad_request() -> None:
    for raw in (b"", b"{", b"\xff"):
        with pytest.raises(BadRequestError):
            document_of(raw)


def test_a_default_is_replaced_as_a_whole_and_an_empty_item_inherits_everything() -> None:
    trusted = {**ALICE, "properties": {"role": "admin"}}
    questions = batch(
        {**WHOLE, "subject": trusted, "evaluations": [{}, {"subject": BOB}, {"action": WRITE}]}
    ).questions
    assert questions == [
        Question(Entity("user", "alice", {"role": "admin"}), Action("read"), THE_RECORD),
        Question(Entity("user", "bob"), Action("read"), THE_RECORD),
        Question(Entity("user", "alice", {"role": "admin"}), Action("write"), THE_RECORD),
    ]


def test_without_items_a_batch_is_one_question() -> None:
    assert batch_of(WHOLE) is None
    assert batch_of({**WHOLE, "evaluations": []}) is None


def test_an_item_that_lacks_something_is_refused_in_its_place_and_the_others_are_answered() -> None:
    answers = batch(
        {
            "subject": ALICE,
            "action": READ,
            "evaluations": [{}, {"resource": RECORD}, {"resource": 1}],
        }
    ).answered(lambda _: {"decision": True})
    assert [one["decision"] for one in answers] == [False, True, False]
    assert answers[0]["context"]["error"]["status"] == 400
    only = batch({"evaluations": [{"subject": ALICE}]}).answered(lambda _: {"decision": True})
    assert [one["decision"] for one in only] == [False]


@pytest.mark.parametrize(
    ("semantics", "answered"),
    [
        ({}, [True, False, True, False]),
        ({"options": {}}, [True, False, True, False]),
        ({"options": {"evaluations_semantic": "execute_all"}}, [True, False, True, False]),
        ({"options": {"evaluations_semantic": "deny_on_first_deny"}}, [True, False]),
        ({"options": {"evaluations_semantic": "permit_on_first_permit"}}, [True]),
    ],
)
def test_a_batch_ends_right_behind_what_ends_it(
    semantics: dict[str, Any], answered: list[bool]
) -> None:
    items = [{"action": {"name": name}} for name in ("yes", "no", "yes", "no")]
    found = batch({**WHOLE, **semantics, "evaluations": items}).answered(
        lambda question: {"decision": question.action.name == "yes"}
    )
    assert [one["decision"] for one in found] == answered


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": {"evaluations_semantic": "first_come"}},
        {"options": {"evaluations_semantic": ["execute_all"]}},
        {"options": "execute_all"},
        {"evaluations": {}},
        {"evaluations": ["record-1"]},
        {"subject": "alice", "evaluations": [{"subject": BOB}]},
        {"evaluations": [{}] * 1_001},
    ],
)
def test_a_batch_that_cannot_be_read_as_a_whole_is_a_bad_request(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        batch_of({**WHOLE, "evaluations": [{}], **wrong})


def test_a_search_needs_a_type_and_ignores_an_id() -> None:
    assert type_of({"subject": {"type": "user", "id": 7}}, "subject") == "user"
    with pytest.raises(BadRequestError) as refused:
        type_of({"subject": {"id": "alice"}}, "subject")
    assert refused.value.field == "subject.type"


def test_pages_are_walked_by_a_token_that_is_bound_to_the_question_and_not_to_the_limit() -> None:
    body: dict[str, Any] = {**WHOLE, "page": {"limit": 2}}
    question = fingerprint("subject", body)
    first = PAGES.wanted(body, question)
    assert (first.after, first.limit) == ("", 2)
    told = PAGES.answer(question, first, ["a", "b", "c"], [1, 2])
    assert list(told) == ["page", "results"], "the page comes first"
    token = told["page"]["next_token"]
    then = {**WHOLE, "page": {"token": token}}
    assert PAGES.wanted(then, fingerprint("subject", then)).after == "b"
    last = PAGES.answer(question, first, ["c"], [3])
    assert last == {"page": {"next_token": "", "count": 1}, "results": [3]}
    other = {**WHOLE, "subject": BOB, "page": {"token": token}}
    with pytest.raises(BadRequestError):
        PAGES.wanted(other, fingerprint("subject", other))
    with pytest.raises(BadRequestError):
        PAGES.wanted(then, fingerprint("resource", then))


def test_a_page_of_nothing_says_that_there_is_more() -> None:
    body = {**WHOLE, "page": {"limit": 0}}
    page = PAGES.wanted(body, fingerprint("subject", body))
    told = PAGES.answer(fingerprint("subject", body), page, ["a"], [])
    assert told["results"] == []
    assert told["page"]["next_token"]


@pytest.mark.parametrize(
    "page", [[], {"limit": -1}, {"limit": True}, {"limit": "2"}, {"token": 1}, {"token": "x"}]
)
def test_a_page_that_cannot_be_read_is_a_bad_request(page: object) -> None:
    with pytest.raises(BadRequestError):
        PAGES.wanted({"page": page}, "authzen subject: {}")


def test_a_limit_beyond_the_largest_is_the_largest() -> None:
    assert PAGES.wanted({"page": {"limit": 10**9}}, "x").limit == LARGEST_LIMIT
