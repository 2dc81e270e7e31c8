"""What is told of a record that the asker may not see holds whatever the record is."""

from itertools import product
from random import Random
from typing import Any

import pytest

from shared.authorization.codes import Code
from shared.authorization.deciding import decide
from shared.authorization.questions import Record
from shared.authorization.reading import moment
from shared.authorization.scopes import Clearance
from shared.authorization.unseen import decide_unseen, explain_unseen
from tests.shared.authorization.random_worlds import PERMISSIONS, a_world, some_records
from tests.shared.authorization.story import ANA, BEN, NOON, SECOND, a_story

READ = "customer:read"
NOW = moment(NOON)
OPEN = {"attribute": "resource.status", "is": "eq", "value": "open"}
SALES = {"attribute": "subject.office", "is": "eq", "value": "north"}
IT = Record("customer", "c-1", None, Clearance.INTERNAL.rank)


@pytest.mark.parametrize(
    ("grants", "code"),
    [
        ([{}], Code.ALLOWED),
        ([{"scope": "own"}], Code.WITHHELD),
        ([{"scope": "own"}, {"until": NOON}], Code.WITHHELD),
        ([{"until": NOON}], Code.EXPIRED),
        ([{"from_": NOON + SECOND}], Code.NOT_YET_VALID),
        ([{"clearance": "public"}], Code.SENSITIVITY),
        ([{"records": ["c-2"]}], Code.OUT_OF_SCOPE),
        ([{"records": ["c-1"]}], Code.ALLOWED),
        ([{"condition": OPEN}], Code.WITHHELD),
        ([{"condition": SALES}], Code.CONDITION),
        ([{}, {"effect": "deny"}], Code.DENIED),
        ([{}, {"effect": "deny", "records": ["c-2"]}], Code.ALLOWED),
        ([{}, {"effect": "deny", "records": ["c-1"]}], Code.DENIED),
        ([{}, {"effect": "deny", "until": NOON}], Code.ALLOWED),
        ([{}, {"effect": "deny", "condition": OPEN}], Code.WITHHELD),
        ([], Code.NO_GRANT),
    ],
)
def test_each_thing_that_decides_is_looked_at_but_for_the_record(
    grants: list[dict[str, Any]], code: Code
) -> None:
    story = a_story()
    for one in grants:
        story.give(ANA, permission=READ, **one)
    told = explain_unseen(story.world, ANA, READ, IT, NOW, 0.0)
    assert told.answer[1] is code
    if code is Code.WITHHELD:
        assert [one.step for one in told.fixes] == ["ask_who_may_see_it"]
    elif code is not Code.ALLOWED:
        assert told.fixes


def test_whose_it_is_changes_nothing() -> None:
    story = a_story().give(ANA, permission=READ, scope="own", clearance="restricted")
    answers = {
        decide_unseen(
            story.world,
            ANA,
            READ,
            Record("customer", "c-1", owner, 1, {"status": "open"}),
            NOW,
            0.0,
        )
        for owner in (None, ANA, BEN)
    }
    assert {one[1] for one in answers} == {Code.WITHHELD}


def test_what_is_said_is_what_is_decided_of_every_record() -> None:
    told = 0
    for seed in range(10):
        dice = Random(seed)  # noqa: S311 - a test repeats itself
        known = a_world(dice)
        for record in some_records(dice, known, 20):
            blank = Record(record.type, record.id, None, record.sensitivity)
            for subject, permission in product(known.subjects, PERMISSIONS):
                said = decide_unseen(known.world, subject, permission, blank, NOW, 0.0)
                if said[1] is not Code.WITHHELD:
                    is_so = decide(known.world, subject, permission, record, NOW, 0.0)
                    assert said[0] == is_so[0], (seed, subject, permission, record)
                    told += said[0]
    assert told, "some are allowed whatever the record is"
