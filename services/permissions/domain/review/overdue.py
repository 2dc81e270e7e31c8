"""A review past its due moment that is not signed off is overdue: something is lacking."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from services.permissions.domain.book import Book
from services.permissions.domain.review.rules import open_items

Lack = Literal["decisions", "sign_off"]
NOTHING: Final[Mapping[Lack, float]] = {"decisions": 0.0, "sign_off": 0.0}


def overdue_seconds(book: Book, at: datetime) -> Mapping[Lack, float]:
    """Return how long ago the oldest review was due that lacks this, in seconds; 0: none does.

    Where somebody still has to decide, decisions are lacking; else only the sign-off is.
    """
    oldest = dict(NOTHING)
    for review in book.reviews.values():
        started = review.started
        if started is None or review.is_signed_off or at <= started.due:
            continue
        lack: Lack = "decisions" if open_items(book, review, at) else "sign_off"
        oldest[lack] = max(oldest[lack], (at - started.due).total_seconds())
    return oldest
