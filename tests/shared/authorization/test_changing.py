"""A change is allowed before and after, and each of several has an answer of its own."""

from shared.authorization.changing import Change, decide_change, decide_changes
from shared.authorization.deciding import Answer
from shared.authorization.questions import Record
from tests.shared.authorization.story import ANA, BEN, CAT, Story, a_customer, a_story

WRITE = "customer:write"
OURS, BENS, THEIRS = a_customer(ANA), a_customer(BEN), a_customer(CAT)


def writer() -> Story:
    return a_story().role("writer", customer_write="team/public").give(ANA, "writer")


def code(change: Change) -> str:
    return decide_change(ask, change)[1].value


def ask(record: Record | None) -> Answer:
    return writer().ask(ANA, WRITE, record)


def test_a_record_is_neither_taken_from_out_of_reach_nor_put_there() -> None:
    assert code((OURS, BENS)) == "allowed"
    assert code((THEIRS, OURS)) == "out_of_scope"
    assert code((OURS, THEIRS)) == "out_of_scope"
    assert code((OURS, a_customer(ANA, 2))) == "sensitivity"
    assert code((a_customer(ANA, 2), OURS)) == "sensitivity"


def test_what_is_made_or_deleted_is_looked_at_on_the_side_that_there_is() -> None:
    assert code((None, OURS)) == code((OURS, None)) == "allowed"
    assert code((None, THEIRS)) == code((THEIRS, None)) == "out_of_scope"
    assert code((None, None)) == "allowed"


def test_of_several_changes_each_is_answered_by_itself() -> None:
    changes: list[Change] = [(OURS, BENS), (OURS, THEIRS), (None, BENS)]
    answers = decide_changes(ask, changes)
    assert [answer[1] for answer in answers] == ["allowed", "out_of_scope", "allowed"]
    assert not all(answer[0] for answer in answers)
