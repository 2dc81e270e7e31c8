"""Stories about access reviews begin here: who sells, who decides, who runs the reviews."""

from datetime import timedelta
from uuid import UUID

from services.permissions.domain.book import OnReview, ReviewFact
from services.permissions.domain.review.commands import (
    DecideItem,
    ReviewCommand,
    StartReview,
)
from services.permissions.domain.review.events import (
    Chosen,
    Decision,
    FrozenItem,
    ItemApplied,
    SilentDecision,
)
from services.permissions.domain.review.timing import waiting, work_on
from services.permissions.domain.subject.commands import (
    MoveSubject,
)
from services.permissions.domain.subject.state import Placement
from shared.authorization.scopes import Risk, Scope
from tests.permissions.domain.stories import (
    ADA,
    BOB,
    DAY,
    ERIN,
    LEO,
    NOON,
    Outcome,
    Story,
    a_company,
    a_role,
    give,
    join,
    on,
    permission,
    role,
)

REVIEW = UUID(int=9_000)
CLARA = UUID(int=20)
"""Another administrator of reviews."""


def a_reviewed_company() -> Story:
    """Ada and Leo sell and report to Bob, who decides in reviews; Erin and Clara run them."""
    story = a_company().given(
        permission("review:decide", Risk.HIGH),
        permission("review:start", Risk.HIGH),
        *role("reviewer", 30, review__decide="department/internal"),
        *role("director", 70, review__decide="all/restricted", review__start="all/restricted"),
        join(CLARA, "clara"),
        on(ADA, MoveSubject(Placement(manager=BOB, department="sales/north"))),
        on(LEO, MoveSubject(Placement(manager=BOB, department="sales/south"))),
        give(ADA, 11, a_role("seller")),
        give(LEO, 12, a_role("seller")),
    )
    by_installation = Story(story.book, is_installation=False, by=str(ERIN))
    return by_installation.given(give(BOB, 13, a_role("reader"))).installed(
        give(BOB, 14, a_role("reviewer")),
        give(ERIN, 15, a_role("director")),
        give(CLARA, 16, a_role("director")),
    )


def asked(command: ReviewCommand, review: UUID = REVIEW) -> OnReview:
    return OnReview(review, command)


def start(
    chosen: Chosen | None = None, *, silence: SilentDecision | None = None, percent: int = 100,
    grants: int = 50, days: int = 8,
) -> OnReview:  # fmt: skip
    """Start a review of the sellers, of which Ada's grant is item 1 and Leo's is item 2."""
    return asked(
        StartReview(
            "Sellers",
            chosen or Chosen(roles=("seller",)),
            NOON + days * DAY,
            silence,
            percent,
            grants,
        )
    )


def decides(number: int, decision: Decision, scope: Scope | None = None) -> OnReview:
    return asked(DecideItem(number, decision, "as looked at", scope))


def items_of(story: Story) -> list[FrozenItem]:
    return [item.frozen for item in story.book.review(REVIEW).items.values()]


def time_passes(story: Story, by: timedelta) -> Story:
    """Let the worker do everything that is due then."""
    story = story.later(by)
    while (review_id := waiting(story.book, story.at)) is not None:
        facts = work_on(story.book, review_id, story.at)
        story = Outcome(story, facts).then_done()
    return story


def told(story: Story) -> list[str]:
    """Return what happened in the review, besides people's decisions."""
    return [type(fact.event).__name__ for fact in story.told if isinstance(fact, ReviewFact)]


def outcomes(story: Story) -> dict[int, tuple[str, str | None]]:
    return {
        fact.event.number: (fact.event.outcome, fact.event.problem)
        for fact in story.told
        if isinstance(fact, ReviewFact) and isinstance(fact.event, ItemApplied)
    }


def reviewers(story: Story) -> list[UUID | None]:
    return [item.reviewer for item in story.book.review(REVIEW).items.values()]
