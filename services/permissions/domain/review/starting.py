"""A review starts with all that it looks at; nothing comes to it later."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.permissions.domain.book import Asking, Book
from services.permissions.domain.policy.known import role_in_force
from services.permissions.domain.review.choosing import MOST_ITEMS, freeze
from services.permissions.domain.review.commands import StartReview
from services.permissions.domain.review.events import (
    Chosen,
    FrozenItem,
    ItemsFrozen,
    ReviewEvent,
    ReviewStarted,
)
from services.permissions.domain.review.hints import last_use
from services.permissions.domain.subject.state import Terms
from services.permissions.domain.usage import Uses
from shared.errors import YOURSELF, InvalidInputError, RuleBrokenError

ITEMS_AN_EVENT: Final = 100


def start(book: Book, review_id: UUID, command: StartReview, asking: Asking) -> list[ReviewEvent]:
    """Return that it is open, and what it looks at (raises as decide_review)."""
    if book.review(review_id).started is not None:
        raise RuleBrokenError(
            "this review was started already",
            code="review-already-started",
            field="review_id",
            fix="read it with GET /v1/reviews/{review_id}",
            who_can_help=YOURSELF,
        )
    if command.due <= asking.at:
        raise InvalidInputError(
            "nobody could decide until then", field="due", fix="give a time that is later than now"
        )
    for role in command.chosen.roles:
        role_in_force(book.policy, role, "roles")
    items = freeze(book, command.chosen, asking.at, command.besides)
    if command.schedule is not None:
        items = items[:MOST_ITEMS]  # What is left has a review of its own, of the same period.
    if not 1 <= len(items) <= MOST_ITEMS:
        raise InvalidInputError(
            "no grant that there is now is chosen by this"
            if not items
            else f"{len(items):,} grants are chosen by this, which is too much for one review",
            field=_chosen_by(command.chosen),
            fix=f"choose 1 to {MOST_ITEMS:,} grants, by roles, department or risk;"
            " GET /v1/grants and GET /v1/subjects show what there is",
        )
    used = [_with_last_use(book, command.uses, item) for item in items]
    return [_started(command, asking.at, len(items)), *_in_parts(used)]


def _with_last_use(book: Book, uses: Uses, item: FrozenItem) -> FrozenItem:
    terms = Terms(role=item.role, permission=item.permission)
    used = last_use(book.policy, uses, item.subject, terms)
    return item if used is None else item.model_copy(update={"last_used": used})


def _chosen_by(chosen: Chosen) -> str:
    """Return the field to look at first: what is said of the department, else of the roles."""
    return "department" if chosen.department is not None else "roles"


def _started(command: StartReview, at: datetime, items: int) -> ReviewStarted:
    return ReviewStarted(
        title=command.title,
        chosen=command.chosen,
        items=items,
        begins=at,
        due=command.due,
        # Whoever was asked instead of a silent reviewer has a quarter of the time.
        ends=command.due + (command.due - at) / 4,
        silence=command.silence,
        most_percent=command.most_percent,
        most_grants=command.most_grants,
        schedule=command.schedule,
        period=command.period,
        uses_known_since=command.uses.known_since,
    )


def _in_parts(items: list[FrozenItem]) -> list[ItemsFrozen]:
    return [
        ItemsFrozen(items=tuple(items[first : first + ITEMS_AN_EVENT]))
        for first in range(0, len(items), ITEMS_AN_EVENT)
    ]
