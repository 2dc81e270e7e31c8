"""What nobody is to decide on in a review does not stand for ever: it is told who can take it."""

from services.permissions.domain.review.commands import DelegateItem, SignOffReview
from services.permissions.domain.review.events import Chosen
from services.permissions.domain.review.reviewers import Reviewers
from services.permissions.domain.subject.commands import RevokeGrant, SuspendSubject
from tests.permissions.domain.reviewing import (
    CLARA,
    REVIEW,
    a_reviewed_company,
    asked,
    decides,
    items_of,
    start,
)
from tests.permissions.domain.stories import ADA, BOB, ERIN, NOON, Story, grant_id, on


def of_the_only_director() -> Story:
    """Return a review of Erin's own role, with nobody above her who decides in reviews."""
    story = a_reviewed_company().given(on(CLARA, SuspendSubject()))
    return story.asked_by(ERIN).given(start(Chosen(roles=("director",))))


def test_the_refused_sign_off_names_whoever_can_take_the_item_and_then_it_ends() -> None:
    story = of_the_only_director()
    numbers = {one.subject: one.number for one in items_of(story)}
    by_whom = {one.subject: one.reviewer for one in items_of(story)}
    assert by_whom == {ERIN: None, CLARA: ERIN}
    fix = said(story.given(decides(numbers[CLARA], "keep")))
    assert f"item {numbers[ERIN]} has no reviewer" in fix
    assert str(BOB) in fix
    assert str(ERIN) not in fix
    assert str(ADA) not in fix, "she decides nothing in reviews"
    handed = story.given(
        decides(numbers[CLARA], "keep"), asked(DelegateItem(numbers[ERIN], BOB, "nobody else is"))
    )
    decided = handed.asked_by(BOB).given(decides(numbers[ERIN], "keep"))
    assert decided.asked_by(ERIN).given(asked(SignOffReview())).book.review(REVIEW).is_signed_off


def said(story: Story) -> str:
    """Return what the refused sign-off says to do."""
    return story.when(asked(SignOffReview())).then_refused("review-undecided").fix or ""


def test_where_nobody_may_decide_it_is_said_what_to_give() -> None:
    story = of_the_only_director().installed(on(BOB, RevokeGrant(grant_id(14))))
    assert Reviewers(story.book, NOON).takers(ERIN) == []
    fix = said(story.asked_by(ERIN))
    assert "nobody may decide on item" in fix
    assert "review:decide" in fix
