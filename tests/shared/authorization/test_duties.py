"""Duties that a dynamic rule keeps apart never meet in one pair of hands on one record."""

import pytest

from shared.authorization.questions import Circumstances
from tests.shared.authorization.story import (
    ANA,
    BEN,
    CAT,
    NOON,
    SECOND,
    Story,
    a_customer,
    a_story,
    may_act,
)

CREATE, APPROVE = "order:create", "order:approve"
RECORD = a_customer(ANA)


def duties(first: str = CREATE, second: str = APPROVE, kind: str = "dynamic") -> Story:
    story = a_story().permission(CREATE).permission(APPROVE)
    story.role("maker", order_create="all/public").role("checker", order_approve="all/public")
    story.policy("SodRuleDefined", rule="two hands", kind=kind, first=[first], second=[second])
    return story.give(ANA, "maker").give(ANA, "checker").give(BEN, "checker")


def done(permission: str, *by: str, actor: str | None = None) -> Circumstances:
    return Circumstances(deeds={permission: by}, actor=actor)


@pytest.mark.parametrize("members", [(CREATE, APPROVE), ("maker", APPROVE), ("maker", "checker")])
def test_whoever_created_a_record_does_not_approve_it_nor_the_other_way_round(
    members: tuple[str, str],
) -> None:
    story = duties(*members)
    allowed, code, source, *_ = story.ask(ANA, APPROVE, RECORD, around=done(CREATE, ANA))
    assert (allowed, code, source) == (False, "separation_of_duties", "two hands")
    assert story.code(ANA, CREATE, RECORD, around=done(APPROVE, ANA)) == "separation_of_duties"
    assert story.code(BEN, APPROVE, RECORD, around=done(CREATE, ANA)) == "allowed"
    assert story.code(ANA, APPROVE, RECORD, around=done(CREATE, BEN)) == "allowed"
    assert story.code(ANA, APPROVE, RECORD, around=done(APPROVE, ANA)) == "allowed"


def test_acting_as_somebody_else_is_no_other_pair_of_hands() -> None:
    story = may_act(duties(), ANA).acts(ANA, BEN, NOON + SECOND)
    around = done(CREATE, ANA, actor=ANA)
    assert story.code(BEN, APPROVE, RECORD, around=around) == "separation_of_duties"
    around = done(CREATE, CAT, actor=ANA)
    assert story.code(BEN, APPROVE, RECORD, around=around) == "allowed"


def test_what_was_done_on_the_record_must_be_known() -> None:
    story = duties()
    assert story.code(BEN, APPROVE, RECORD) == "separation_of_duties"
    assert story.code(BEN, APPROVE, None) == "allowed"


def test_an_exception_lifts_the_rule_until_it_ends_or_is_withdrawn() -> None:
    story, around = duties(), done(CREATE, ANA)
    until = (NOON + SECOND).isoformat()
    story.of(ANA, "SodExceptionGiven", rule="two hands", until=until)
    assert story.code(ANA, APPROVE, RECORD, around=around) == "allowed"
    late = story.code(ANA, APPROVE, RECORD, around=around, now=NOON + SECOND)
    assert late == "separation_of_duties"
    story.of(ANA, "SodExceptionWithdrawn", rule="two hands")
    assert story.code(ANA, APPROVE, RECORD, around=around) == "separation_of_duties"


def test_a_retired_rule_and_a_static_one_bind_no_single_use() -> None:
    story = duties()
    assert story.code(ANA, APPROVE, RECORD) == "separation_of_duties"
    story.policy("SodRuleRetired", rule="two hands")
    assert story.code(ANA, APPROVE, RECORD) == "allowed"
    assert duties(kind="static").code(ANA, APPROVE, RECORD) == "allowed"


def test_whoever_has_no_grant_hears_of_that_first() -> None:
    assert duties().code(BEN, CREATE, RECORD, around=done(APPROVE, BEN)) == "no_grant"
