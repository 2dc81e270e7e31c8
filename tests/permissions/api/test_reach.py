"""Whom somebody may not see, in a list of a team or of findings, refuses them nothing."""

from uuid import UUID

from services.permissions.api.reach import Reached
from shared.authorization.fields import Outcome
from shared.authorization.permissions import Permission
from shared.authorization.reading import moment
from shared.authorization.rights import Basis, Noted, Rights
from tests.shared.authorization.story import ANA, BEN, NOON, a_story


def test_a_look_at_whom_one_may_not_see_is_not_on_record_and_a_question_is() -> None:
    story = a_story().role("rep", subject_read="own/restricted").give(ANA, "rep")
    noted: list[Noted] = []
    rights = Rights(Basis(story.world, 1, moment(NOON), 0.0), ANA, noted=noted.append)
    reached, read = Reached(rights), Permission.PEOPLE_READ
    assert reached.view(read, UUID(BEN)).outcome("teams") is not Outcome.SHOW
    assert noted == []
    assert not reached.sees(read, UUID(BEN))
    assert [one[3][0] for one in noted] == [False]
