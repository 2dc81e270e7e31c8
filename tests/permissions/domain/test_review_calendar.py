"""The calendar opens a review once in each period, whoever looks and however often."""

from datetime import UTC, datetime

import pytest

from services.permissions.domain.policy.commands import RemoveReviewSchedule, SetReviewSchedule
from services.permissions.domain.review import calendar, starting
from services.permissions.domain.review.calendar import period_of, review_id_of
from services.permissions.domain.review.events import Chosen, Every
from services.permissions.domain.review.schedule import ReviewSchedule
from services.permissions.domain.subject.commands import BreakGlass
from shared.authorization.scopes import Risk
from tests.permissions.domain.reviewing import a_reviewed_company, time_passes
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    HOUR,
    NOON,
    Story,
    a_role,
    grant_id,
    on,
    policy,
)

SELLERS = ReviewSchedule(
    title="Sellers", every="month", chosen=Chosen(roles=("seller",)), days=7, silence="keep"
)


def scheduled(its: ReviewSchedule = SELLERS) -> Story:
    return a_reviewed_company().given(policy(SetReviewSchedule("sellers", its)))


def opened(story: Story) -> dict[str | None, int]:
    """Return the period of each review, and how many grants it looks at."""
    return {
        review.started.period: len(review.items)
        for review in story.book.reviews.values()
        if review.started is not None
    }


@pytest.mark.parametrize(
    ("every", "month", "period"),
    [("month", 3, "2026-03"), ("quarter", 3, "2026-Q1"), ("quarter", 10, "2026-Q4"),
     ("half_year", 6, "2026-H1"), ("half_year", 7, "2026-H2"), ("year", 12, "2026")],
)  # fmt: skip
def test_a_moment_lies_in_one_period(every: Every, month: int, period: str) -> None:
    assert period_of(every, datetime(2026, month, 1, tzinfo=UTC)) == period


def test_a_review_opens_once_in_each_period_with_an_id_that_follows_from_it() -> None:
    story = time_passes(time_passes(scheduled(), HOUR), HOUR)
    assert opened(story) == {"2026-11": 2}
    assert list(story.book.reviews) == [review_id_of("sellers", "2026-11")]
    later = time_passes(story, 30 * DAY)
    assert opened(later) == {"2026-11": 2, "2026-12": 2}
    gone = later.given(policy(RemoveReviewSchedule("sellers")))
    assert opened(time_passes(gone, 60 * DAY)) == opened(later)


def test_where_there_is_nothing_to_look_at_nothing_opens() -> None:
    none = SELLERS.model_copy(update={"chosen": Chosen(roles=("exporter",))})
    assert opened(time_passes(scheduled(none), HOUR)) == {}


def test_a_review_that_would_be_too_large_has_parts_and_no_grant_is_in_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (calendar, starting):
        monkeypatch.setattr(module, "MOST_ITEMS", 1)
    story = time_passes(scheduled(), HOUR)
    grants = [
        item.frozen.grant_id
        for review in story.book.reviews.values()
        for item in review.items.values()
    ]
    assert grants == [grant_id(11), grant_id(12)]


def test_an_emergency_is_reviewed_at_once_after_it_ended_and_silence_never_judges_it() -> None:
    after = ReviewSchedule(title="Emergency", every="after_emergency", days=3, silence="keep")
    taken = BreakGlass(grant_id(60), a_role("boss", until=NOON + HOUR), "server room")
    story = scheduled(after).asked_by(ADA).given(on(ADA, taken)).asked_by(ERIN)
    assert opened(time_passes(story, HOUR / 2)) == {}
    story = time_passes(time_passes(story, HOUR), HOUR)
    assert opened(story) == {str(grant_id(60)): 1}
    (review,) = story.book.reviews.values()
    assert review.items[1].reviewer == BOB
    story = time_passes(time_passes(story, 3 * DAY), DAY)
    (review,) = story.book.reviews.values()
    assert review.is_halted
    assert story.subject(ADA).to_review == (grant_id(60),)


def test_a_schedule_says_what_can_be() -> None:
    story = a_reviewed_company()
    for wrong in ({"days": 0}, {"days": 61}):
        its = SELLERS.model_copy(update=wrong)
        story.when(policy(SetReviewSchedule("sellers", its))).then_refused("invalid-input")
    nobody = SELLERS.model_copy(update={"chosen": Chosen(roles=("nobody",), risk=Risk.LOW)})
    story.when(policy(SetReviewSchedule("sellers", nobody))).then_refused("role-not-found")
    story.when(policy(RemoveReviewSchedule("sellers"))).then_refused("review-schedule-not-found")
    again = scheduled().when(policy(SetReviewSchedule("sellers", SELLERS)))
    assert again.then_done().book.policy.review_schedules == {"sellers": SELLERS}
    assert not again.facts
