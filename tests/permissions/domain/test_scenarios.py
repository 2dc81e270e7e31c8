"""What a policy file says is what every process decides: the public scenarios, and any other."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from uuid import UUID

import jsonschema
import pytest
import yaml

from services.permissions.api.authzen.batches import batch_of, question_of
from services.permissions.application.questions import Action, Entity, Question
from services.permissions.domain.rights import Right, standing_of
from services.permissions.domain.subject.commands import (
    LetSubjectLeave,
    MoveSubject,
    ReinstateSubject,
)
from services.permissions.domain.subject.state import Placement
from shared.authorization.deciding import decide
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from shared.authorization.scopes import Clearance, Scope
from tests.permissions.domain.chance import EVERYBODY, PERMISSIONS, Chance, an_office
from tests.permissions.domain.files import (
    DEFAULT,
    FIXTURE,
    PEOPLE,
    PROJECT,
    TODO,
    Desk,
    demo,
    sitting_of,
    world_of,
)
from tests.permissions.domain.stories import NOON, Story, on

CASES = json.loads((PROJECT / "tests/vectors/authzen/todo-decisions-1_0-02.json").read_text())


def test_the_43_cases_of_the_todo_scenario_pass_after_its_file_was_applied() -> None:
    desk = demo()
    desk.apply(TODO)
    asks = sitting_of(desk)
    for case in CASES["evaluation"]:
        answer = asks.evaluate(question_of(case["request"]))
        assert answer.allowed is case["expected"], case["request"]
    for case in CASES["evaluations"]:
        batch = batch_of(case["request"])
        assert batch is not None
        answers = batch.answered(lambda one: {"decision": asks.evaluate(one).allowed})
        assert answers == case["expected"]
    assert len(CASES["evaluation"]) + len(CASES["evaluations"]) == 43


@pytest.mark.parametrize("desk", [Desk, demo], ids=["alone", "beside the people of the demo"])
def test_the_eight_decisions_of_the_certification_are_made_after_its_file_was_applied(
    desk: Callable[[], Desk],
) -> None:
    at = desk()
    at.apply(FIXTURE)
    asks = sitting_of(at, is_trusted=True)
    archived, admin = {"status": "archived"}, {"role": "admin"}
    for name, action, resource, subject, expected in (
        ("alice", Action("read"), {}, {}, True),
        ("alice", Action("write"), {}, {}, True),
        ("bob", Action("read"), {}, {}, True),
        ("bob", Action("write"), {}, {}, False),
        ("alice", Action("write"), archived, {}, False),
        ("alice", Action("write"), archived, admin, True),
        ("alice", Action("delete", {"soft": True}), {}, {}, True),
        ("alice", Action("delete", {"soft": False}), {}, {}, False),
    ):
        question = Question(
            Entity("user", name, subject), action, Entity("record", "record-1", resource)
        )
        assert asks.evaluate(question).allowed is expected, question


@pytest.mark.parametrize("seed", range(3))
def test_who_has_what_by_the_rules_has_it_in_every_replica(seed: int) -> None:
    chance, story = Chance(seed), an_office()
    for _ in range(300):
        story = story.asked_by(chance.who())
        outcome = story.when(chance.asked(story))
        if outcome.refusal is None:
            story = outcome.then_done()
    dice = Random(seed)  # noqa: S311 - no secret
    world = world_of(story.told)
    allowed = 0
    for _ in range(2_000):
        who, permission = dice.choice(EVERYBODY), dice.choice(PERMISSIONS)
        clearance = dice.choice(list(Clearance))
        record = Record("customer", "c-1", str(who), clearance.rank)
        answer = decide(world, str(who), permission, record, moment(NOON), 0.0)
        expected = may(story, who, permission, clearance)
        assert answer[0] is expected, (who, permission, clearance, answer)
        allowed += expected
    assert allowed > 0


def may(story: Story, who: UUID, permission: str, clearance: Clearance) -> bool:
    """Say by the rules alone whether somebody may do this with an own record."""
    standing = standing_of(story.book.policy, story.subject(who))
    if any(open_now(one) for one in standing.denied.get(permission, ())):
        return False
    return any(
        open_now(one) and one.clearance >= clearance and one.scope >= Scope.OWN
        for one in standing.allowed.get(permission, ())
    )


def open_now(right: Right) -> bool:
    return (right.starts is None or right.starts <= NOON) and (
        right.until is None or right.until > NOON
    )


def test_a_service_account_with_a_new_owner_works_again_after_the_old_one_left() -> None:
    desk = demo()
    billing = UUID("00000000-0000-4000-8000-000000000101")
    oscar, bob = (UUID(f"00000000-0000-4000-8000-00000000000{n}") for n in (8, 4))
    story = Story(desk.book, by="00000000-0000-4000-8000-000000000007")

    def may_read() -> bool:
        world = world_of([*desk.facts, *story.told])
        record = Record("feed", "1", None, Clearance.INTERNAL.rank)
        return decide(world, str(billing), "feed:read", record, moment(NOON), 0.0)[0]

    assert may_read()
    story = story.given(on(oscar, LetSubjectLeave()))
    assert not may_read()
    story = story.given(on(billing, MoveSubject(Placement(owner=bob))))
    story = story.given(on(billing, ReinstateSubject()))
    assert may_read()


@pytest.mark.parametrize("path", [DEFAULT, PEOPLE, TODO, FIXTURE], ids=lambda path: path.name)
def test_the_published_schema_knows_the_files_that_come_along(path: Path) -> None:
    schema = json.loads((PROJECT / "docs/contracts/policy/policy-file.1.json").read_text())
    known = jsonschema.Draft202012Validator(schema)
    content = yaml.safe_load(path.read_text())
    assert not list(known.iter_errors(content))
    assert list(known.iter_errors({**content, "rolls": {}}))
