"""Which reviews the calendar wants now: each has an id that follows from its schedule and period.

So whoever opens it, and however often somebody tries, it is one review.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.permissions.domain.book import Book
from services.permissions.domain.review.choosing import MOST_ITEMS, freeze, is_over_emergency
from services.permissions.domain.review.commands import StartReview
from services.permissions.domain.review.events import Chosen, Every
from services.permissions.domain.review.schedule import ReviewSchedule

_IDS: Final = UUID("0f6a3c52-9d0c-5c1e-8b5e-2f7f1f0b9a44")
_MONTHS_IN: Final = {"quarter": 3, "half_year": 6}


def wanted(book: Book, at: datetime) -> Iterator[tuple[UUID, StartReview]]:
    """Yield what is to be opened now, and is not open yet; never one with nothing to look at."""
    for name, schedule in book.policy.review_schedules.items():
        if schedule.every == "after_emergency":
            yield from _after_emergencies(book, name, schedule, at)
        else:
            yield from _of_period(book, name, schedule, at)


def review_id_of(schedule: str, period: str, part: int = 1) -> UUID:
    """Return the id of the review of a schedule for a period; a very large one has parts."""
    return uuid5(_IDS, f"{schedule}/{period}/{part}")


def period_of(every: Every, at: datetime) -> str:
    """Return the period (in UTC) that a moment lies in, for example 2026-Q4."""
    now = at.astimezone(UTC)
    match every:
        case "month":
            return f"{now.year}-{now.month:02d}"
        case "quarter" | "half_year":
            letter = "Q" if every == "quarter" else "H"
            return f"{now.year}-{letter}{(now.month - 1) // _MONTHS_IN[every] + 1}"
        case _:
            return f"{now.year}"


def _of_period(
    book: Book, name: str, schedule: ReviewSchedule, at: datetime
) -> Iterator[tuple[UUID, StartReview]]:
    period, besides = period_of(schedule.every, at), set[UUID]()
    for part in range(1, 1_000):
        review_id = review_id_of(name, period, part)
        there = book.review(review_id)
        if there.started is None:
            command = _command(name, schedule, period, at, schedule.chosen, frozenset(besides))
            if freeze(book, command.chosen, at, command.besides):
                yield review_id, command
            return
        if len(there.items) < MOST_ITEMS:
            return
        besides |= {item.frozen.grant_id for item in there.items.values()}


def _after_emergencies(
    book: Book, name: str, schedule: ReviewSchedule, at: datetime
) -> Iterator[tuple[UUID, StartReview]]:
    for subject in book.subjects.values():
        for grant_id in subject.to_review:
            review_id = review_id_of(name, str(grant_id))
            is_new = book.review(review_id).started is None
            if is_new and is_over_emergency(subject, grant_id, at):
                chosen = Chosen(emergency=grant_id)
                yield review_id, _command(name, schedule, str(grant_id), at, chosen)


def _command(
    name: str,
    schedule: ReviewSchedule,
    period: str,
    at: datetime,
    chosen: Chosen,
    besides: frozenset[UUID] = frozenset(),
) -> StartReview:
    return StartReview(
        schedule.title,
        chosen,
        at + timedelta(days=schedule.days),
        # An emergency is never found justified, or not, because nobody looked.
        None if chosen.emergency is not None else schedule.silence,
        schedule.most_percent,
        schedule.most_grants,
        name,
        period,
        besides,
    )
