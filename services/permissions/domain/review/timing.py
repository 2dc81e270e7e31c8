"""What time alone brings to access reviews follows from the book and the time, and nothing else.

So any process may do it, at any moment, and only the first one does.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.permissions.domain.book import (
    Asking,
    Book,
    ByReview,
    Fact,
    OnReview,
    OnSubject,
    ReviewFact,
    SubjectFact,
)
from services.permissions.domain.deciding import decide
from services.permissions.domain.review.calendar import wanted
from services.permissions.domain.review.events import (
    HandedOver,
    HandedOverBecause,
    ItemApplied,
    ItemsHandedOver,
    Outcome,
    Reminded,
    ReviewClosed,
    ReviewersReminded,
    ReviewEvent,
    ReviewHalted,
    ReviewStarted,
    SilenceAnnounced,
    SilenceSettled,
)
from services.permissions.domain.review.reviewers import DECIDING, Reviewer, Reviewers
from services.permissions.domain.review.rules import gone, most_by_silence, open_items
from services.permissions.domain.review.state import Item, Review
from services.permissions.domain.subject.commands import (
    ReduceGrant,
    ReviewGrant,
    RevokeGrant,
    SubjectCommand,
)
from services.permissions.domain.subject.grant_events import GrantKept
from services.permissions.domain.usage import NOT_KNOWN, Uses
from shared.errors import DaybookError

REMINDED_AT_PERCENT: Final = (50, 80)
HANDED_OVER_AN_EVENT: Final = 200
CARRIED_OUT_AT_ONCE: Final = 20
"""Decisions in one transaction."""
REMINDED_AN_EVENT: Final = 500
_OUTCOMES: Final[Mapping[type, Outcome]] = {RevokeGrant: "revoked", ReduceGrant: "reduced"}


def waiting(book: Book, at: datetime, besides: Collection[UUID] = ()) -> UUID | None:
    """Return a review that is to be opened or gone on with now, not one of these; None: none is."""
    for review_id, _ in wanted(book, at):
        if review_id not in besides:
            return review_id
    for review_id, review in book.reviews.items():
        is_open = not review.is_closed and review_id not in besides
        if is_open and work_on(book, review_id, at):
            return review_id
    return None


def work_on(book: Book, review_id: UUID, at: datetime, uses: Uses = NOT_KNOWN) -> list[Fact]:
    """Return the next thing to be done in a review; none if it waits for people or for time.

    One that is to be opened freezes `uses` with its items.
    """
    review = book.review(review_id)
    if review.is_closed:
        return []
    if review.started is None:
        return _opened(book, review_id, at, uses)
    if review.is_signed_off:
        return _carry_out(book, review_id, review, at)
    return [ReviewFact(review_id, event) for event in _by_time(book, review, review.started, at)]


def _opened(book: Book, review_id: UUID, at: datetime, uses: Uses) -> list[Fact]:
    command = dict(wanted(book, at)).get(review_id)
    if command is None:
        return []
    opening = OnReview(review_id, replace(command, uses=uses))
    return decide(book, [opening], Asking(f"review-{review_id}", at))


def _by_time(book: Book, review: Review, started: ReviewStarted, at: datetime) -> list[ReviewEvent]:
    silent = open_items(book, review, at)
    reviewers = Reviewers(book, at)
    lost = [item for item in silent if _is_lost(item, reviewers)]
    if handed := _handed_over(lost, reviewers, "reviewer_gone"):
        return handed
    if not silent or review.is_halted:
        return []
    if at < started.due:
        return _reminders(review, started, silent, at)
    most = most_by_silence(started)
    if review.announced is None:
        announced = SilenceAnnounced(silent=len(silent), most=most, ends=started.ends)
        return [announced, *_handed_over(silent, reviewers, "silent")]
    if at < started.ends:
        return []
    takes = len(silent) if started.silence == "revoke" else 0
    if started.silence is None or takes > most:
        return [ReviewHalted(silent=len(silent), most=most)]
    numbers = tuple(item.frozen.number for item in silent)
    return [SilenceSettled(decision=started.silence, numbers=numbers)]


def _is_lost(item: Item, reviewers: Reviewers) -> bool:
    return item.reviewer is not None and not reviewers.may(item.reviewer, DECIDING)


def _handed_over(
    items: list[Item], reviewers: Reviewers, because: HandedOverBecause
) -> list[ReviewEvent]:
    new = [
        HandedOver(number=item.frozen.number, reviewer=to.subject_id, reviewer_is=to.is_the)
        for item, to in ((one, _next(one, reviewers, because)) for one in items)
        if to.subject_id != item.reviewer and (to.subject_id is not None or because != "silent")
    ]
    return [
        ItemsHandedOver(because=because, items=tuple(new[first : first + HANDED_OVER_AN_EVENT]))
        for first in range(0, len(new), HANDED_OVER_AN_EVENT)
    ]


def _next(item: Item, reviewers: Reviewers, because: HandedOverBecause) -> Reviewer:
    if because == "silent":
        return reviewers.above(item.reviewer, item.frozen.subject)
    return reviewers.of(item.frozen.subject, None, besides=item.reviewer)


def _reminders(
    review: Review, started: ReviewStarted, silent: list[Item], at: datetime
) -> list[ReviewEvent]:
    gone_by = (at - started.begins) / (started.due - started.begins) * 100
    part = max((one for one in REMINDED_AT_PERCENT if one <= gone_by), default=0)
    if part <= review.reminded:
        return []
    waiting_for: dict[UUID, int] = {}
    for item in silent:
        if item.reviewer is not None:
            waiting_for[item.reviewer] = waiting_for.get(item.reviewer, 0) + 1
    told = [Reminded(reviewer=one, undecided=many) for one, many in waiting_for.items()]
    return [
        ReviewersReminded(reviewers=tuple(told[first : first + REMINDED_AN_EVENT]), part=part)
        for first in range(0, max(len(told), 1), REMINDED_AN_EVENT)
    ]


def _carry_out(book: Book, review_id: UUID, review: Review, at: datetime) -> list[Fact]:
    """Return what the next decisions change, and that they were carried out; at last that all were.

    Each is decided on what the ones before it left.
    """
    waiting_now = [item for item in review.items.values() if item.outcome is None]
    after, facts = book.copy(), list[Fact]()
    for item in waiting_now[:CARRIED_OUT_AT_ONCE]:
        new = list(_applied(after, review_id, review, item, at))
        for fact in new:
            after.fold(fact, f"review-{review_id}")
        facts += new
    return facts or [ReviewFact(review_id, ReviewClosed())]


def _applied(
    book: Book, review_id: UUID, review: Review, item: Item, at: datetime
) -> Iterator[Fact]:
    command, problem = _command(review, item, at), None
    outcome: Outcome = _OUTCOMES.get(type(command), "kept")
    if item.decision is None or gone(book, review, item, at):
        outcome = "already_gone"
    else:
        asking = Asking(f"review-{review_id}", at, by_review=ByReview(review_id, item.decided_by))
        try:
            if command is None:
                yield SubjectFact(item.frozen.subject, _kept(review_id, item))
            else:
                yield from decide(book, [OnSubject(item.frozen.subject, command)], asking)
        except DaybookError as error:
            # One that a rule forbids does not keep the others: it is told, and stays as it is.
            outcome, problem = "refused", error.problem_code
    yield ReviewFact(
        review_id,
        ItemApplied(
            number=item.frozen.number,
            subject=item.frozen.subject,
            grant_id=item.frozen.grant_id,
            outcome=outcome,
            problem=problem,
        ),
    )


def _command(review: Review, item: Item, at: datetime) -> SubjectCommand | None:
    """Return the command that carries a decision out; None: the grant stays."""
    grant_id = item.frozen.grant_id
    if review.started is not None and review.started.chosen.emergency is not None:
        is_justified = item.decision == "keep"
        return ReviewGrant(grant_id, "justified" if is_justified else "not_justified")
    if item.decision == "keep":
        return None
    less = item.less
    if less is None or (less.until is not None and less.until <= at):
        return RevokeGrant(grant_id)  # Its new end has come while the others decided.
    return less


def _kept(review_id: UUID, item: Item) -> GrantKept:
    by = ByReview(review_id, item.decided_by)
    return GrantKept(grant_id=item.frozen.grant_id, review=review_id, decided_by=by.person)
