"""One access review as its events made it, and what each fact does to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from services.permissions.domain.review.events import (
    Decision,
    FrozenItem,
    ItemApplied,
    ItemDecided,
    ItemDelegated,
    ItemsFrozen,
    ItemsHandedOver,
    Outcome,
    ReviewClosed,
    ReviewerIs,
    ReviewersReminded,
    ReviewEvent,
    ReviewHalted,
    ReviewSignedOff,
    ReviewStarted,
    SilenceAnnounced,
    SilenceSettled,
)
from services.permissions.domain.subject.commands import ReduceGrant


@dataclass(frozen=True, slots=True)
class Item:
    """One grant that is looked at."""

    frozen: FrozenItem
    reviewer: UUID | None
    reviewer_is: ReviewerIs | None
    decision: Decision | None = None
    less: ReduceGrant | None = None
    """What it is reduced to."""
    decided_by: str | None = None
    """Who decided; None: nobody did, or silence."""
    outcome: Outcome | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """One review; not started means that there is none."""

    started: ReviewStarted | None = None
    items: Mapping[int, Item] = field(default_factory=dict)
    reminded: int = 0
    """The part of the time, in percent, at which reviewers were reminded last."""
    announced: SilenceAnnounced | None = None
    is_halted: bool = False
    is_signed_off: bool = False
    is_closed: bool = False

    @property
    def is_open(self) -> bool:
        """Say whether decisions are still taken."""
        return self.started is not None and not self.is_signed_off

    def undecided(self) -> Iterator[Item]:
        """Yield what nobody decided, gone or not."""
        return (item for item in self.items.values() if item.decision is None)


NO_REVIEW = Review()


def evolve_review(review: Review, event: ReviewEvent, *, by: str) -> Review:
    """Return the review after one more event of this actor."""
    return _EVOLVE[type(event)](review, event, by)


def _started(_review: Review, event: ReviewStarted, _by: str) -> Review:
    return Review(started=event)


def _frozen(review: Review, event: ItemsFrozen, _by: str) -> Review:
    new = {one.number: Item(one, one.reviewer, one.reviewer_is) for one in event.items}
    return replace(review, items={**review.items, **new})


def _decided(review: Review, event: ItemDecided, by: str) -> Review:
    frozen = review.items[event.number].frozen
    less = ReduceGrant(frozen.grant_id, event.scope, event.clearance, event.until)
    return _with(
        review, event.number, decision=event.decision, decided_by=by,
        less=less if event.decision == "reduce" else None,
    )  # fmt: skip


def _delegated(review: Review, event: ItemDelegated, _by: str) -> Review:
    return _with(review, event.number, reviewer=event.to, reviewer_is="delegate")


def _handed_over(review: Review, event: ItemsHandedOver, _by: str) -> Review:
    new = {
        one.number: replace(
            review.items[one.number], reviewer=one.reviewer, reviewer_is=one.reviewer_is
        )
        for one in event.items
    }
    return replace(review, items={**review.items, **new})


def _reminded(review: Review, event: ReviewersReminded, _by: str) -> Review:
    return replace(review, reminded=event.part)


def _announced(review: Review, event: SilenceAnnounced, _by: str) -> Review:
    return replace(review, announced=event)


def _halted(review: Review, _event: ReviewHalted, _by: str) -> Review:
    return replace(review, is_halted=True)


def _settled(review: Review, event: SilenceSettled, _by: str) -> Review:
    new = {
        number: replace(review.items[number], decision=event.decision) for number in event.numbers
    }
    return replace(review, items={**review.items, **new})


def _signed_off(review: Review, _event: ReviewSignedOff, _by: str) -> Review:
    return replace(review, is_signed_off=True)


def _applied(review: Review, event: ItemApplied, _by: str) -> Review:
    return _with(review, event.number, outcome=event.outcome, problem=event.problem)


def _closed(review: Review, _event: ReviewClosed, _by: str) -> Review:
    return replace(review, is_closed=True)


def _with(review: Review, number: int, **new: Any) -> Review:  # noqa: ANN401
    changed = replace(review.items[number], **new)
    return replace(review, items={**review.items, number: changed})


_EVOLVE: Final[Mapping[type, Callable[[Review, Any, str], Review]]] = {
    ReviewStarted: _started,
    ItemsFrozen: _frozen,
    ItemDecided: _decided,
    ItemDelegated: _delegated,
    ItemsHandedOver: _handed_over,
    ReviewersReminded: _reminded,
    SilenceAnnounced: _announced,
    ReviewHalted: _halted,
    SilenceSettled: _settled,
    ReviewSignedOff: _signed_off,
    ItemApplied: _applied,
    ReviewClosed: _closed,
}
