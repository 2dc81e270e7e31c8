"""Acting as somebody else begins for a reason, for an hour at most, and never upwards."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.permissions.domain.book import SubjectFact
from services.permissions.domain.subject.commands import (
    BeginActing,
    EndActing,
    LetSubjectLeave,
    ReinstateSubject,
    SuspendSubject,
)
from services.permissions.domain.subject.events import SubjectErased
from services.permissions.domain.subject.state import Placement
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    HOUR,
    LEO,
    NOON,
    ROBOT,
    Story,
    a_company,
    a_role,
    give,
    join,
    on,
)

MINUTE = timedelta(minutes=1)
FIRST, SECOND = UUID(int=900), UUID(int=901)


def begin(target: UUID, acting_id: UUID = FIRST, lasts: timedelta = HOUR) -> BeginActing:
    return BeginActing(acting_id, target, NOON + lasts, "cannot find her customers")


def acting() -> Story:
    """Bob, of level 60, acts as Ada."""
    return a_company().asked_by(BOB).when(on(BOB, begin(ADA))).then("ActingBegun")


class TestBeginning:
    def test_who_acts_as_whom_and_why_is_on_record_until_it_ends(self) -> None:
        story = acting()
        its = story.subject(BOB).acting[FIRST]
        assert (its.target, its.since, its.until) == (ADA, NOON, NOON + HOUR)
        assert (its.reason, its.ended_by) == ("cannot find her customers", None)
        assert its.is_in_force(NOON + HOUR - MINUTE)
        assert not its.is_in_force(NOON + HOUR)
        assert story.told[-1].event.level == 60  # type: ignore[union-attr]

    @pytest.mark.parametrize("lasts", [HOUR + MINUTE, timedelta(0), -MINUTE])
    def test_it_lasts_an_hour_at_most_and_not_less_than_nothing(self, lasts: timedelta) -> None:
        asked = on(BOB, begin(ADA, lasts=lasts))
        refusal = a_company().asked_by(BOB).when(asked).then_refused("invalid-input")
        assert refusal.field == "until"

    def test_nobody_acts_as_themself_or_for_another_or_as_a_program(self) -> None:
        story = a_company().given(join(ROBOT, "robot", Placement(owner=BOB), is_service=True))
        story.asked_by(BOB).when(on(BOB, begin(BOB))).then_refused("acting-as-yourself")
        story.asked_by(BOB).when(on(BOB, begin(ROBOT))).then_refused("acting-as-yourself")
        story.asked_by(ERIN).when(on(ERIN, begin(ROBOT))).then_refused("acting-as-program")
        story.asked_by(ERIN).when(on(BOB, begin(ADA))).then_refused("acting-for-others")
        story.asked_by(ROBOT).when(on(ROBOT, begin(ADA))).then_refused("acting-for-others")

    def test_nobody_acts_as_somebody_of_a_higher_level(self) -> None:
        story = a_company().asked_by(BOB)
        refusal = story.when(on(BOB, begin(ERIN))).then_refused("acting-above-own-level")
        assert refusal.detail == "they are of level 100, and you are of level 60"
        story.asked_by(ERIN).when(on(ERIN, begin(BOB))).then("ActingBegun")
        held = story.asked_by(ERIN).given(give(LEO, 5, a_role("seller", until=NOON + DAY)))
        held.asked_by(ADA).when(on(ADA, begin(LEO))).then_refused("acting-above-own-level")
        later = on(ADA, replace(begin(LEO), until=NOON + DAY + HOUR))
        held.asked_by(ADA).later(DAY).when(later).then("ActingBegun")

    def test_both_are_there_and_active(self) -> None:
        story = a_company().given(on(LEO, SuspendSubject()))
        story.asked_by(BOB).when(on(BOB, begin(LEO))).then_refused("acting-as-inactive")
        story.asked_by(LEO).when(on(LEO, begin(ADA))).then_refused("inactive-subject")
        nobody = UUID(int=77)
        story.asked_by(BOB).when(on(BOB, begin(nobody))).then_refused("subject-not-found")

    def test_nobody_acts_as_two_or_as_somebody_who_acts(self) -> None:
        story = acting()
        story.when(on(BOB, begin(LEO, SECOND))).then_refused("acting-already")
        chained = story.asked_by(ERIN).when(on(ERIN, begin(BOB, SECOND)))
        chained.then_refused("acting-chain")
        later = on(BOB, replace(begin(LEO, SECOND), until=NOON + 2 * HOUR))
        assert set(story.later(HOUR).given(later).subject(BOB).acting) == {FIRST, SECOND}


class TestEnding:
    def test_it_is_ended_before_its_time_once(self) -> None:
        story = acting().later(MINUTE)
        ended = story.when(on(BOB, EndActing(FIRST))).then("ActingEnded")
        its = ended.subject(BOB).acting[FIRST]
        assert (its.until, its.ended_by) == (NOON + MINUTE, str(BOB))
        assert not its.is_in_force(NOON + MINUTE)
        ended.when(on(BOB, EndActing(FIRST))).then()
        ended.when(on(BOB, EndActing(SECOND))).then_refused("acting-not-found")
        ended.when(on(BOB, begin(LEO, SECOND))).then("ActingBegun")

    @pytest.mark.parametrize("who", [ADA, BOB])
    def test_it_ends_when_one_of_the_two_is_suspended_and_does_not_come_back(
        self, who: UUID
    ) -> None:
        story = acting().asked_by(ERIN).later(MINUTE)
        story = story.when(on(who, SuspendSubject())).then("SubjectSuspended", "ActingEnded")
        assert not story.subject(BOB).acting[FIRST].is_in_force(NOON + MINUTE)
        back = story.given(on(who, ReinstateSubject()))
        assert not back.subject(BOB).acting[FIRST].is_in_force(NOON + MINUTE)

    @pytest.mark.parametrize("who", [ADA, BOB])
    def test_it_ends_when_one_of_the_two_leaves_and_stays_on_the_list(self, who: UUID) -> None:
        story = acting().asked_by(ERIN).later(MINUTE)
        story = story.when(on(who, LetSubjectLeave())).then("SubjectLeft", "ActingEnded")
        story = story.given(join(who, "back"))
        assert story.subject(BOB).acting[FIRST].until == NOON + MINUTE

    def test_of_somebody_erased_the_reason_is_gone_and_the_rest_stays(self) -> None:
        book = acting().asked_by(ERIN).given(on(BOB, LetSubjectLeave())).book.copy()
        book.fold(SubjectFact(BOB, SubjectErased(kid="k")), str(ERIN))
        its = book.subject(BOB).acting[FIRST]
        assert (its.target, its.reason) == (ADA, None)

    def test_after_ninety_days_it_is_listed_no_more(self) -> None:
        story = acting().later(91 * DAY)
        at = NOON + 91 * DAY + HOUR
        story = story.given(on(BOB, replace(begin(LEO, SECOND), until=at)))
        assert set(story.subject(BOB).acting) == {SECOND}
