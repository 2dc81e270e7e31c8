"""Every refusal says what would change it, and that does; every allowance says by what."""

from random import Random
from typing import Any

import pytest

from shared.authorization.codes import Code
from shared.authorization.deciding import decide
from shared.authorization.explaining import Explanation, Fix, explain, who_reaches
from shared.authorization.questions import Circumstances, Record
from shared.authorization.reading import moment
from shared.authorization.reasons import words
from shared.authorization.scopes import Clearance, Scope
from tests.shared.authorization.random_worlds import PERMISSIONS, a_world, some_records
from tests.shared.authorization.story import (
    ANA,
    BEN,
    CAT,
    DAN,
    NOON,
    SECOND,
    Story,
    a_customer,
    a_story,
)

READ = "customer:read"
NOW = moment(NOON)
OPEN = {"attribute": "resource.status", "is": "eq", "value": "open"}


def explained(story: Story, record: Record | None = None, **more: Any) -> Explanation:  # noqa: ANN401
    about = a_customer(BEN, 1) if record is None else record
    return explain(story.world, ANA, READ, about, NOW, more.get("age", 0.0))


def test_an_allowance_says_each_way_and_what_it_misses() -> None:
    story = a_story().role("reader", customer_read="own/restricted team/internal")
    told = explained(story.give(ANA, "reader").give(ANA, "reader", until=NOON))
    assert told.answer[1] == "allowed"
    assert [(one.scope, one.clearance, one.code) for one in told.considered] == [
        ("own", "restricted", "out_of_scope"),
        ("team", "internal", None),
    ]
    assert told.fixes == ()


def test_a_refusal_names_the_roles_with_the_least_power_and_who_could_give_them() -> None:
    story = a_story().permission("grant:give", "high")
    story.role("much", level=60, customer_read="all/restricted", customer_write="all/restricted")
    story.role("enough", level=20, customer_read="team/internal")
    story.role("reader", level=20, customer_read="own/restricted all/public")
    story.role("heir", "much", level=10)
    story.role("chief", level=50, grant_give="all/restricted")
    story.role("boss", level=90, grant_give="all/restricted")
    story.role("clerk", level=10, grant_give="all/restricted")
    told = explained(story)
    assert told.answer[1] == "no_grant"
    assert told.fixes == (
        Fix("give_role", role="enough", level=20),
        Fix("give_role", role="heir", level=60),
        Fix("give_role", role="much", level=60),
        Fix("give_permission", scope=Scope.TEAM, clearance=Clearance.INTERNAL, level=20),
    )  # fmt: skip
    assert told.givers == ("chief", "boss")


@pytest.mark.parametrize(
    ("grant", "code", "step"),
    [
        ({"until": NOON}, "expired", "extend_grant"),
        ({"from_": NOON + SECOND}, "not_yet_valid", "wait"),
        ({"condition": OPEN}, "condition", "meet_condition"),
        ({"clearance": "public"}, "sensitivity", "give_role"),
        ({"scope": "own"}, "out_of_scope", "give_role"),
        ({"effect": "deny"}, "denied", "lift_denial"),
    ],
)
def test_the_nearest_miss_says_the_step_that_is_missing(
    grant: dict[str, Any], code: str, step: str
) -> None:
    story = a_story().role("reader", level=5, customer_read="all/internal")
    told = explained(story.give(ANA, "reader", **grant))
    assert (told.answer[1], told.fixes[0].step) == (code, step)
    if step == "wait":
        assert told.fixes[0].moment == moment(NOON + SECOND)
    if step == "meet_condition":
        assert len(told.fixes[0].conditions) == 1


def test_what_no_grant_would_change_says_what_would() -> None:
    story = a_story().role("reader", customer_read="all/internal").give(ANA, "reader")
    assert explained(story, age=999.0).fixes == (Fix("wait_for_replica"),)
    assert explained(story.of(ANA, "SubjectSuspended")).fixes == (Fix("reinstate_subject"),)
    unknown = explain(story.world, DAN, READ, a_customer(), NOW, 0.0)
    assert unknown.fixes == (Fix("register_subject"),)
    nothing = explain(story.world, BEN, "customer:fly", None, NOW, 0.0)
    assert nothing.fixes == (Fix("define_permission"),)


def test_who_can_reach_a_record_is_told_with_the_grant_of_each() -> None:
    story = a_story().role("reader", customer_read="team/public").give(ANA, "reader")
    story.give(CAT, "reader").give(BEN, permission=READ, scope="own", clearance="public")
    reached = who_reaches(story.world, READ, a_customer(BEN), NOW, 0.0)
    assert {name: answer[2].grant_id for name, answer in reached.items()} == {  # type: ignore[union-attr]
        ANA: "grant-1", BEN: "grant-3"
    }  # fmt: skip


def mended(story: Story, subject: str, permission: str, fix: Fix) -> bool:
    """Do what the fix says; say whether there was anything to do."""
    later = (NOON + SECOND).isoformat()
    match fix.step:
        case "give_role":
            story.of(subject, "GrantGiven", grant_id="mend", role=fix.role)
        case "give_permission":
            story.of(
                subject, "GrantGiven", grant_id="mend", permission=permission,
                scope=fix.scope, clearance=fix.clearance,
            )  # fmt: skip
        case "lift_denial":
            story.of(subject, "GrantRevoked", grant_id=fix.grant_id)
        case "extend_grant":
            story.of(subject, "GrantExtended", grant_id=fix.grant_id, until=later)
        case "reinstate_subject":
            story.of(subject, "SubjectReinstated")
        case _:
            return False
    return True


def test_doing_what_is_said_changes_a_refusal_for_the_better(dice: Random) -> None:
    steps = 0
    for _ in range(12):
        known = a_world(dice)
        around = Circumstances(deeds={})
        for subject in known.subjects:
            permission, record = dice.choice(PERMISSIONS), some_records(dice, known, 1)[0]
            for _ in range(8):
                told = explain(known.story.world, subject, permission, record, NOW, 0.0, around)
                before = told.answer[1]
                assert bool(told.fixes) == (before is not Code.ALLOWED)
                if not told.fixes or not mended(known.story, subject, permission, told.fixes[0]):
                    break
                steps += 1
                after = decide(known.story.world, subject, permission, record, NOW, 0.0, around)
                gives = told.fixes[0].step in {"give_role", "give_permission", "extend_grant"}
                assert after[1] is Code.ALLOWED or not gives
    assert steps > 50


@pytest.mark.parametrize("code", Code)
def test_every_reason_has_words_in_both_languages(code: Code) -> None:
    english, chinese = words(code), words(code, "zh")
    assert english.reason.endswith(".")
    assert chinese.reason.endswith("。")
    assert english.who_can_help
    assert chinese.who_can_help
