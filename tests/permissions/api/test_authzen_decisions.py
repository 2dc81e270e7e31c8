"""The public scenarios are decided by our own rules, and nobody lends themself rights."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.permissions.api.authzen.batches import batch_of, question_of
from services.permissions.application.evaluating import Evaluator
from services.permissions.application.questions import Action, Entity, Question
from shared.authorization.deciding import Code
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from tests.shared.authorization.story import ANA, BEN, NOON, Story

VECTORS = Path(__file__).parents[2] / "vectors/authzen/todo-decisions-1_0-02.json"
TODO = json.loads(VECTORS.read_text())
ACTIVE = {"attribute": "resource.status", "is": "ne", "value": "archived"}
NO_STATUS = {"attribute": "resource.status", "is": "absent"}
AN_ADMIN = {"attribute": "subject.role", "is": "eq", "value": "admin"}
MINE = {"attribute": "resource.ownerID", "is": "eq", "to": "subject.email"}
SOFTLY = {"attribute": "action.soft", "is": "eq", "value": True}
RECORDS = ("record-1", "record-2", "record-3")


class Names:
    """People by the names of a scenario; `emails` are what is personal."""

    def __init__(self, ids: dict[str, str], emails: dict[str, str] | None = None) -> None:
        self._ids = ids
        self._emails = emails or {}

    def id_of(self, name: str) -> str | None:
        return self._ids.get(name)

    def name_of(self, subject: str) -> str:
        return next(name for name, one in self._ids.items() if one == subject)

    def described(self, subject: str) -> dict[str, Any]:
        return {"email": self._emails[subject]} if subject in self._emails else {}


class Resources:
    """Records of others, and one customer of ours."""

    def is_owned(self, resource_type: str) -> bool:
        return resource_type == "customer"

    def find(self, resource_type: str, resource_id: str) -> Record | None:
        if (resource_type, resource_id) == ("customer", "c-1"):
            return Record("customer", "c-1", ANA, 0)
        return None

    def every(self, resource_type: str) -> Any:  # noqa: ANN401
        return iter(RECORDS if resource_type == "record" else ())


def evaluator(story: Story, names: Names) -> Evaluator:
    story.policy("DataClassSet", resource_type="record", field="*", data_class="public")
    story.policy("DataClassSet", resource_type="todo", field="*", data_class="public")
    story.policy("DataClassSet", resource_type="user", field="*", data_class="public")
    return Evaluator(lambda: (story.world, 0.0), names, Resources(), lambda: moment(NOON))


def a_role(story: Story, role: str, permission: str, condition: object = None) -> None:
    more = {} if condition is None else {"condition": condition}
    story.permission(permission)
    story.policy("RoleDefined", role=role, level=10, title={"en": role})
    story.allow(role, permission, "all/public", **more)


@pytest.fixture
def fixture() -> Evaluator:
    """Return the fixture of the certification: alice reads, writes, deletes; bob reads."""
    story = Story().person(ANA).person(BEN)
    a_role(story, "reader", "record:read")
    a_role(story, "writer", "record:write", {"any": [NO_STATUS, ACTIVE, AN_ADMIN]})
    a_role(story, "deleter", "record:delete", SOFTLY)
    for role in ("reader", "writer", "deleter"):
        story.give(ANA, role)
    story.give(BEN, "reader")
    return evaluator(story, Names({"alice": ANA, "bob": BEN}))


def asked(name: str, does: str, record: str = "record-1", /, **more: Any) -> Question:  # noqa: ANN401
    return Question(
        Entity("user", name, more.get("subject", {})),
        Action(does, more.get("action", {})),
        Entity("record", record, more.get("resource", {})),
        more.get("context", {}),
    )


@pytest.mark.parametrize(
    ("question", "decision"),
    [
        (asked("alice", "read"), True),
        (asked("alice", "write"), True),
        (asked("bob", "read"), True),
        (asked("bob", "write"), False),
        (asked("alice", "write", resource={"status": "archived"}), False),
        (asked("alice", "write", resource={"status": "archived"}, subject={"role": "admin"}), True),
        (asked("alice", "delete", action={"soft": True}), True),
        (asked("alice", "delete", action={"soft": False}), False),
    ],
)
def test_the_fixture_of_the_certification_is_decided(
    fixture: Evaluator, question: Question, *, decision: bool
) -> None:
    assert fixture.evaluate(question, is_trusted=True).allowed is decision
    anywhere = Question(
        question.subject, question.action, question.resource, {"time": "2025-06-27T18:03-07:00"}
    )
    assert fixture.evaluate(anywhere, is_trusted=True).allowed is decision, "whatever the context"


def test_what_a_caller_says_of_a_subject_counts_only_if_the_caller_is_trusted(
    fixture: Evaluator,
) -> None:
    question = asked("alice", "write", resource={"status": "archived"}, subject={"role": "admin"})
    assert fixture.evaluate(question, is_trusted=False).code is Code.CONDITION


def test_nobody_says_who_somebody_else_is_or_what_our_own_records_are() -> None:
    story = Story().person(ANA).person(BEN).permission("customer:read")
    story.role("reader", customer_read="own/public")
    story.give(BEN, "reader")
    asks = evaluator(story, Names({"bob": BEN}))
    question = Question(
        Entity("user", "bob", {"id": ANA}),
        Action("read"),
        Entity("customer", "c-1", {"owner": BEN}),
    )
    assert asks.evaluate(question, is_trusted=True).code is Code.OUT_OF_SCOPE


@pytest.mark.parametrize(
    "question",
    [
        asked("eve", "read"),
        asked("alice", "fly"),
        Question(Entity("robot", "alice"), Action("read"), Entity("record", "record-1")),
        Question(Entity("user", "alice"), Action("read"), Entity("moon", "record-1")),
    ],
)
def test_whoever_or_whatever_is_unknown_is_denied(fixture: Evaluator, question: Question) -> None:
    assert not fixture.evaluate(question, is_trusted=True).allowed


def test_every_result_of_a_search_asked_again_is_allowed_and_nothing_else_is(
    fixture: Evaluator,
) -> None:
    found = list(fixture.subjects("user", asked("-", "read"), "", is_trusted=True))
    assert found == [(ANA, "alice"), (BEN, "bob")]
    assert list(fixture.subjects("user", asked("-", "read"), ANA, is_trusted=True)) == found[1:]
    assert list(fixture.subjects("robot", asked("-", "read"), "", is_trusted=True)) == []
    write = asked("-", "write")
    assert [name for _, name in fixture.subjects("user", write, "", is_trusted=True)] == ["alice"]
    records = list(fixture.resources(asked("bob", "read"), "", is_trusted=True))
    assert records == list(RECORDS)
    after = fixture.resources(asked("bob", "read"), "record-1", is_trusted=True)
    assert list(after) == list(RECORDS[1:])
    assert list(fixture.resources(asked("bob", "write"), "", is_trusted=True)) == []
    assert list(fixture.actions(asked("alice", "-"), "", is_trusted=True)) == ["read", "write"]
    assert list(fixture.actions(asked("bob", "-"), "", is_trusted=True)) == ["read"]
    assert list(fixture.actions(asked("eve", "-"), "", is_trusted=True)) == []


USERS = {
    "CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": "rick@the-citadel.com",
    "CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": "morty@the-citadel.com",
    "CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": "summer@the-smiths.com",
    "CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": "beth@the-smiths.com",
    "CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs": "jerry@the-smiths.com",
}


def _todo_policy(story: Story) -> None:
    for action in ("read_todos", "create_todo", "update_todo", "delete_todo"):
        story.permission(f"todo:can_{action}")
    story.permission("user:can_read_user")
    for role in ("viewer", "editor", "admin", "evil_genius"):
        story.policy("RoleDefined", role=role, level=10, title={"en": role})
    for permission in ("user:can_read_user", "todo:can_read_todos"):
        story.allow("viewer", permission, "all/public")
    for role in ("editor", "admin"):
        story.policy("RoleParentAdded", role=role, parent="viewer")
        story.allow(role, "todo:can_create_todo", "all/public")
    for permission in ("todo:can_update_todo", "todo:can_delete_todo"):
        story.allow("editor", permission, "all/public", condition=MINE)
    story.allow("admin", "todo:can_delete_todo", "all/public")
    story.allow("evil_genius", "todo:can_update_todo", "all/public")


@pytest.fixture
def todo() -> Evaluator:
    """Return the public Todo scenario: Rick administers and is evil, Morty and Summer edit."""
    story = Story()
    ids = {one: f"00000000-0000-4000-8000-00000000000{at}" for at, one in enumerate(USERS)}
    _todo_policy(story)
    roles = (("admin", "evil_genius"), ("editor",), ("editor",), ("viewer",), ("viewer",))
    for subject, given in zip(ids.values(), roles, strict=True):
        story.person(subject)
        for role in given:
            story.give(subject, role)
    emails = {ids[one]: email for one, email in USERS.items()}
    return evaluator(story, Names(ids, emails))


def test_every_single_case_of_the_todo_scenario_is_decided(todo: Evaluator) -> None:
    wrong = [
        case["request"]
        for case in TODO["evaluation"]
        if todo.evaluate(question_of(case["request"]), is_trusted=False).allowed
        is not case["expected"]
    ]
    assert wrong == []
    assert len(TODO["evaluation"]) == 40


def test_every_batch_of_the_todo_scenario_is_decided(todo: Evaluator) -> None:
    for case in TODO["evaluations"]:
        batch = batch_of(case["request"])
        assert batch is not None
        answers = batch.answered(
            lambda one: {"decision": todo.evaluate(one, is_trusted=False).allowed}
        )
        assert answers == case["expected"]
    assert len(TODO["evaluations"]) == 3
