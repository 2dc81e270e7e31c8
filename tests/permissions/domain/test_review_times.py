"""Time alone reminds, asks somebody else, and lets silence count within its limits."""

import pytest

from services.permissions.domain.book import ReviewFact
from services.permissions.domain.review.commands import (
    SettleSilence,
    SignOffReview,
)
from services.permissions.domain.review.events import (
    ItemsHandedOver,
)
from services.permissions.domain.subject.commands import (
    FinishSubjectErasure,
    LetSubjectLeave,
)
from tests.permissions.domain.reviewing import (
    REVIEW,
    a_reviewed_company,
    asked,
    decides,
    outcomes,
    reviewers,
    start,
    time_passes,
    told,
)
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    HOUR,
    grant_id,
    on,
)


class TestTime:
    def test_reviewers_are_reminded_twice_then_somebody_above_them_is_asked(self) -> None:
        story = a_reviewed_company().given(start(silence="revoke"))
        assert told(time_passes(story, 3 * DAY)) == told(story)
        half = time_passes(story, 4 * DAY)
        late = time_passes(half, 3 * DAY)
        assert told(late)[2:] == ["ReviewersReminded", "ReviewersReminded"]
        due = time_passes(late, DAY)
        assert told(due)[4:] == ["SilenceAnnounced", "ItemsHandedOver"]
        assert reviewers(due) == [ERIN, ERIN]
        assert told(time_passes(due, HOUR)) == told(due)

    def test_a_reviewer_who_leaves_is_replaced_and_what_they_decided_stands(self) -> None:
        story = a_reviewed_company().given(start()).asked_by(BOB).given(decides(1, "revoke"))
        story = time_passes(story.asked_by(ERIN).given(on(BOB, LetSubjectLeave())), HOUR)
        assert reviewers(story) == [BOB, ERIN]
        (handed,) = [
            fact.event for fact in story.told
            if isinstance(fact, ReviewFact) and isinstance(fact.event, ItemsHandedOver)
        ]  # fmt: skip
        assert handed.because == "reviewer_gone"
        story = story.asked_by(ERIN).given(decides(2, "keep")).given(asked(SignOffReview()))
        assert outcomes(time_passes(story, HOUR))[1] == ("revoked", None)

    def test_silence_does_what_was_announced_and_only_at_the_end(self) -> None:
        story = a_reviewed_company().given(start(silence="revoke"))
        story = story.asked_by(BOB).given(decides(2, "keep"))
        story = time_passes(time_passes(story, 8 * DAY), DAY)
        assert story.book.review(REVIEW).announced is not None
        assert "SilenceSettled" not in told(story)
        story = time_passes(story, DAY)
        assert story.book.review(REVIEW).items[1].decision == "revoke"
        assert story.book.review(REVIEW).items[2].decision == "keep"
        assert grant_id(11) in story.subject(ADA).grants  # Somebody has to sign it off.

    @pytest.mark.parametrize(("percent", "grants"), [(50, 50), (100, 1)])
    def test_over_its_cap_silence_takes_nothing_and_asks(self, percent: int, grants: int) -> None:
        story = a_reviewed_company().given(start(silence="revoke", percent=percent, grants=grants))
        story.when(asked(SettleSilence("revoke", 2))).then_refused("review-not-halted")
        story = time_passes(time_passes(story, 8 * DAY), 3 * DAY)
        assert told(story)[-1] == "ReviewHalted"
        assert all(item.decision is None for item in story.book.review(REVIEW).items.values())
        story.when(asked(SettleSilence("revoke", 1))).then_refused("other-silence")
        story = story.given(asked(SettleSilence("revoke", 2)))
        story = time_passes(story.given(asked(SignOffReview())), HOUR)
        assert outcomes(story) == {1: ("revoked", None), 2: ("revoked", None)}

    def test_without_a_meaning_silence_decides_nothing(self) -> None:
        story = time_passes(time_passes(a_reviewed_company().given(start()), 8 * DAY), 3 * DAY)
        assert told(story)[-1] == "ReviewHalted"

    def test_who_is_erased_takes_nothing_along_but_the_names(self) -> None:
        story = a_reviewed_company().given(start()).asked_by(BOB).given(decides(1, "revoke"))
        story = story.asked_by(ERIN).given(on(ADA, LetSubjectLeave()))
        story = story.given(on(ADA, FinishSubjectErasure("kid")))
        story = story.asked_by(BOB).given(decides(2, "keep")).asked_by(ERIN)
        story = time_passes(story.given(asked(SignOffReview())), HOUR)
        assert outcomes(story) == {1: ("already_gone", None), 2: ("kept", None)}
