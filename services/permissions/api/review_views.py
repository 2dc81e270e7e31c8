"""What answers show of reviews: how far one is, and what a reviewer needs to decide on an item."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.permissions.application.review_reports import state_of
from services.permissions.domain.book import Book
from services.permissions.domain.review.commands import StartReview
from services.permissions.domain.review.events import (
    Chosen,
    Decision,
    FrozenItem,
    SilentDecision,
)
from services.permissions.domain.review.hints import (
    PeerCounts,
    Peers,
    last_use,
    target_of,
)
from services.permissions.domain.review.reviewers import Reviewers
from services.permissions.domain.review.rules import gone, most_by_silence, open_items
from services.permissions.domain.review.state import Item, Review
from services.permissions.domain.subject.state import Terms
from services.permissions.domain.usage import Uses
from shared.authorization.scopes import Clearance, Risk, Scope
from shared.given import Given, Line, Lines

MOST_AT_ONCE = 20
"""Items of a page, and decisions of a request: as many as somebody really looks at."""
Title = Annotated[Line, Field(min_length=1, max_length=200)]
Reason = Annotated[Lines, Field(min_length=1, max_length=1_000)]
Number = Annotated[int, Field(ge=1)]


class StartBody(Given):
    """Which grants are looked at, until when, and what silence means."""

    title: Title = Field(description="It is kept in clear text: it says nothing of people.")
    roles: Annotated[list[str], Field(max_length=50)] = Field(default_factory=list)
    department: str | None = Field(default=None, max_length=400)
    risk: Risk | None = Field(default=None, description="Of this risk or higher.")
    kept_after_a_move: bool = False
    due: AwareDatetime
    silence: SilentDecision | None = Field(
        default=None, description="What counts when nobody decides; left out: nothing does."
    )
    most_percent: int = Field(default=10, ge=0, le=100)
    most_grants: int = Field(default=50, ge=0)

    def command(self) -> StartReview:
        """Return what it asks for."""
        chosen = Chosen(
            roles=tuple(self.roles),
            department=self.department,
            risk=self.risk,
            kept_after_a_move=self.kept_after_a_move,
        )
        return StartReview(
            self.title, chosen, self.due, self.silence, self.most_percent, self.most_grants
        )


class DecisionBody(Given):
    """What becomes of one item; scope, clearance and until say to what it is reduced."""

    number: Number
    decision: Decision
    reason: Reason
    scope: Scope | None = None
    clearance: Clearance | None = None
    until: AwareDatetime | None = None


class DecisionsBody(Given):
    """Decisions on some items: all of them hold, or none."""

    items: Annotated[list[DecisionBody], Field(min_length=1, max_length=MOST_AT_ONCE)]


class DelegationBody(Given):
    """Somebody else is to decide on these items."""

    items: Annotated[list[Number], Field(min_length=1, max_length=MOST_AT_ONCE)]
    to: UUID
    reason: Reason


class SilenceBody(Given):
    """What silence means, for exactly as many items as the dry run counted."""

    decision: SilentDecision
    silent: int = Field(ge=1)


class StartedView(BaseModel):
    """The new review."""

    id: UUID
    version: int


class ReviewView(BaseModel):
    """A review, and how far it is; `mine` are the items that wait for whoever asks."""

    id: UUID
    title: str
    state: str
    chosen: dict[str, Any]
    schedule: str | None
    period: str | None
    begins: datetime
    due: datetime
    ends: datetime
    silence: SilentDecision | None
    items: int
    undecided: int
    mine: int
    decisions: dict[str, int]
    outcomes: dict[str, int]
    announced: dict[str, Any] | None
    version: int


class ReviewPage(BaseModel):
    """A page of reviews, the latest first; next_page_token is null on the last one."""

    items: list[ReviewView]
    next_page_token: str | None


class ItemView(BaseModel):
    """One grant to decide on, as it was at the start, with hints.

    `can_take_over`: to whom it can be delegated, of one without a reviewer.
    """

    number: int
    subject: dict[str, Any]
    grant: dict[str, Any]
    reviewer: UUID | None
    reviewer_is: str | None
    can_take_over: list[UUID] = []
    is_gone: bool
    decision: str | None
    decided_by: str | None
    reason: str | None
    outcome: str | None
    problem: str | None
    hints: dict[str, Any]


class ItemPage(BaseModel):
    """A small page of items; next_page_token is null on the last one."""

    items: list[ItemView]
    next_page_token: str | None


class DryRunView(BaseModel):
    """What silence would do now, and how much of it is allowed to happen by itself."""

    silent: int
    items: int
    silence: SilentDecision | None
    would_revoke: int
    most: int
    is_over_the_cap: bool
    ends: datetime
    is_halted: bool


def review_view(
    book: Book, review_id: UUID, who: UUID | None, at: datetime, version: int
) -> dict[str, Any]:
    """Return a review that was started."""
    review = book.review(review_id)
    waiting = open_items(book, review, at)
    mine = sum(item.reviewer == who for item in waiting)
    decisions = Counter(item.decision for item in review.items.values() if item.decision)
    outcomes = Counter(item.outcome for item in review.items.values() if item.outcome)
    started = {} if review.started is None else review.started.model_dump(mode="json")
    told = review.announced
    return {
        "id": str(review_id),
        "state": state_of(review),
        **{name: started.get(name) for name in _TOLD},
        "undecided": len(waiting),
        "mine": mine,
        "decisions": dict(decisions),
        "outcomes": dict(outcomes),
        "announced": None if told is None else told.model_dump(mode="json"),
        "version": version,
    }


_TOLD = (
    "title", "chosen", "schedule", "period", "begins", "due", "ends", "silence", "items",
)  # fmt: skip


def dry_run(book: Book, review: Review, at: datetime) -> dict[str, Any]:
    """Return what silence would do now in a review that was started."""
    silent, started = len(open_items(book, review, at)), review.started
    if started is None:
        return {}
    takes = silent if started.silence == "revoke" else 0
    most = most_by_silence(started)
    return {
        "silent": silent,
        "items": started.items,
        "silence": started.silence,
        "would_revoke": takes,
        "most": most,
        "is_over_the_cap": takes > most,
        "ends": started.ends,
        "is_halted": review.is_halted,
    }


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reviewer's items are shown with."""

    book: Book
    peers: PeerCounts
    uses: Uses
    reasons: Mapping[int, str]
    at: datetime
    reviewers: Reviewers


def item_view(seen: Seen, review: Review, item: Item) -> dict[str, Any]:
    """Return what a reviewer needs to decide."""
    its, book, at = item.frozen, seen.book, seen.at
    subject = book.subject(its.subject)
    grant = its.model_dump(
        mode="json", include={"grant_id", "role", "permission", "scope", "clearance", "until"},
        exclude_none=True,
    )  # fmt: skip
    return {
        "number": its.number,
        "subject": {
            "id": str(its.subject),
            "display_name": subject.display_name,
            "user_name": subject.user_name,
            "department": subject.place.department,
            "life": subject.life,
        },
        "grant": grant,
        "reviewer": item.reviewer,
        "reviewer_is": item.reviewer_is,
        "can_take_over": [] if item.reviewer else seen.reviewers.takers(its.subject),
        "is_gone": gone(book, review, item, at),
        "decision": item.decision,
        "decided_by": item.decided_by,
        "reason": seen.reasons.get(its.number),
        "outcome": item.outcome,
        "problem": item.problem,
        "hints": _hints(seen, its),
    }


def _hints(seen: Seen, its: FrozenItem) -> dict[str, Any]:
    """Return what others have, and when it was last used."""
    terms = Terms(role=its.role, permission=its.permission)
    grant = seen.book.subject(its.subject).grants.get(its.grant_id)
    used = last_use(seen.book.policy, seen.uses, its.subject, terms)
    return {
        "same_department": peers_view(seen.peers.in_department(its.subject, target_of(terms))),
        "is_from_before_a_move": grant is not None and grant.is_from_before_move,
        **use_view(used, seen.uses),
    }


def use_view(used: datetime | None, uses: Uses) -> dict[str, Any]:
    """Return when something was last used, and in words what is known of it."""
    since = None if uses.known_since is None else uses.known_since.isoformat()
    if used is not None:
        told = "the last use of any permission that it gives, also by another grant"
    elif since is not None:
        told = f"not used since {since}, from when on uses are known"
    else:
        told = "not known: no service has told of uses yet, or they cannot be read now"
    return {
        "last_use": None if used is None else used.isoformat(),
        "last_use_is": told,
        "uses_known_since": since,
    }


def peers_view(peers: Peers) -> dict[str, Any]:
    """Return how many of how many have the same."""
    return {"others": peers.others, "have_it": peers.holders, "percent": peers.percent}
