"""What people may ask of an access review, and what follows."""

from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from services.permissions.domain.book import Asking, Book
from services.permissions.domain.by_hand import ByHand
from services.permissions.domain.review.choosing import is_gone
from services.permissions.domain.review.commands import (
    DecideItem,
    DelegateItem,
    ReviewCommand,
    SettleSilence,
    SignOffReview,
    StartReview,
)
from services.permissions.domain.review.events import (
    DecisionReason,
    FrozenItem,
    ItemDecided,
    ItemDelegated,
    ReviewEvent,
    ReviewSignedOff,
    ReviewStarted,
    SilenceSettled,
)
from services.permissions.domain.review.reviewers import DECIDING, Reviewers
from services.permissions.domain.review.starting import start
from services.permissions.domain.review.state import Item, Review
from services.permissions.domain.subject.terms import no_longer_than
from shared.authorization.permissions import Permission
from shared.errors import (
    YOURSELF,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    RuleBrokenError,
)

REVIEWERS: Final = "the reviewers; see GET /v1/reviews/{review_id}/items?open=true"
DIRECTORS: Final = "whoever has the permission review:start for everybody"


def decide_review(
    book: Book, review_id: UUID, command: ReviewCommand, asking: Asking
) -> list[ReviewEvent]:
    """Return what follows for this review; nothing where nothing changes.

    Raises:
        NotFoundError: there is no such review, item, role or person.
        InvalidInputError: something that cannot be.
        RuleBrokenError: the review is over, the grant is gone, or others still decide.
        NotPermittedError: this is somebody else's to decide.
    """
    if isinstance(command, StartReview):
        return start(book, review_id, command, asking)
    review = book.review(review_id)
    if review.started is None:
        raise no_such_review()
    if review.is_signed_off:
        raise RuleBrokenError(
            "this review was signed off: its decisions stand and are carried out",
            code="review-signed-off",
            fix="give or revoke the grant itself, or start another review",
            who_can_help=DIRECTORS,
        )
    match command:
        case DecideItem():
            return _decide(book, review, command, asking)
        case DelegateItem():
            return _delegate(book, review, command, asking)
        case SettleSilence():
            return _settle(book, review, command, asking)
        case SignOffReview():
            return [_signed_off(book, review, asking.at)]
        case _:
            assert_never(command)


def no_such_review() -> NotFoundError:
    """Return the refusal of a review that is not there, or not for whoever asks."""
    return NotFoundError(
        "there is no such review",
        code="review-not-found",
        field="review_id",
        fix="see which there are with GET /v1/reviews",
    )


def open_items(book: Book, review: Review, at: datetime) -> list[Item]:
    """Return what somebody still has to decide."""
    return [item for item in review.undecided() if not gone(book, review, item, at)]


def gone(book: Book, review: Review, item: Item, at: datetime) -> bool:
    """Say whether the grant of an item has ended by itself, or otherwise than by this review."""
    is_emergency = review.started is not None and review.started.chosen.emergency is not None
    return is_gone(book, item.frozen, at, is_emergency=is_emergency)


def most_by_silence(started: ReviewStarted) -> int:
    """Return how many grants silence may take away at most."""
    return min(started.most_grants, started.items * started.most_percent // 100)


def _decide(book: Book, review: Review, command: DecideItem, asking: Asking) -> list[ReviewEvent]:
    item = _known_item(review, command.number)
    if str(item.reviewer) != asking.by:
        raise NotPermittedError(
            f"somebody else is to decide on item {command.number}",
            code="not-your-item",
            field="number",
            fix="ask the reviewer to decide, or to delegate it to you",
            who_can_help=DIRECTORS,
        )
    _refuse_gainer(book, item, UUID(asking.by), asking.at)
    _refuse_gone(book, review, item, asking.at)
    _check_less(book, item.frozen, command, asking.at)
    return [
        ItemDecided(
            number=command.number,
            subject=item.frozen.subject,
            decision=command.decision,
            scope=command.scope,
            clearance=command.clearance,
            until=command.until,
            personal=DecisionReason(reason=command.reason),
        )
    ]


def _check_less(book: Book, frozen: FrozenItem, command: DecideItem, at: datetime) -> None:
    said = (command.scope, command.clearance, command.until)
    is_reduced = command.decision == "reduce"
    if is_reduced is (said == (None, None, None)):
        raise InvalidInputError(
            f"item {command.number}: reduce says to what, and nothing else does",
            field="decision",
            fix="give scope, clearance or until with reduce, and with nothing else",
        )
    if not is_reduced:
        return
    grant = book.subject(frozen.subject).grants.get(frozen.grant_id)
    if grant is None or grant.is_break_glass or not no_longer_than(grant.terms, *said, at):
        raise InvalidInputError(
            f"item {command.number}: there is nothing of this to reduce",
            field="decision",
            fix="keep it, or say what is less than now; of an emergency say keep or revoke",
        )


def _delegate(
    book: Book, review: Review, command: DelegateItem, asking: Asking
) -> list[ReviewEvent]:
    item = _known_item(review, command.number)
    own, reviewers = ByHand(book, asking.by, asking.at), Reviewers(book, asking.at)
    if str(item.reviewer) != asking.by and not own.may_everywhere(Permission.REVIEWS_START):
        raise NotPermittedError(
            f"somebody else is to decide on item {command.number}",
            code="not-your-item",
            field="number",
            fix="ask the reviewer to delegate it",
            who_can_help=DIRECTORS,
        )
    _refuse_gainer(book, item, command.to, asking.at)
    _refuse_gone(book, review, item, asking.at)
    if not reviewers.may(command.to, DECIDING):
        raise RuleBrokenError(
            "this person could not decide",
            code="delegate-not-able",
            field="to",
            fix="name somebody who is active and has the permission review:decide",
            who_can_help="whoever has the permission grant:give",
        )
    if item.reviewer == command.to:
        return []
    return [
        ItemDelegated(
            number=command.number,
            subject=item.frozen.subject,
            to=command.to,
            personal=DecisionReason(reason=command.reason),
        )
    ]


def _settle(
    book: Book, review: Review, command: SettleSilence, asking: Asking
) -> list[ReviewEvent]:
    silent = open_items(book, review, asking.at)
    if not review.is_halted:
        raise RuleBrokenError(
            "the reviewers still have time",
            code="review-not-halted",
            fix="wait until the review stops by itself, or remind the reviewers",
            who_can_help=REVIEWERS,
        )
    if len(silent) != command.silent:
        raise RuleBrokenError(
            f"{len(silent)} items are undecided now, not {command.silent}",
            code="other-silence",
            field="silent",
            fix="look again at what it would do, and send that number",
            who_can_help=YOURSELF,
        )
    mine = [one for one in silent if _id(asking.by) in _behind(book, one, asking.at)]
    if mine and command.decision == "keep":
        raise NotPermittedError(
            "among them is a grant of your own",
            code="not-for-yourself",
            fix="let somebody else settle it, or delegate that item",
            who_can_help=DIRECTORS,
        )
    if not silent:
        return []
    numbers = tuple(item.frozen.number for item in silent)
    return [SilenceSettled(decision=command.decision, numbers=numbers)]


def _signed_off(book: Book, review: Review, at: datetime) -> ReviewSignedOff:
    waiting = open_items(book, review, at)
    if waiting:
        raise RuleBrokenError(
            f"{len(waiting)} items are not decided yet",
            code="review-undecided",
            fix=_how_decided(book, waiting, at),
            who_can_help=REVIEWERS,
        )
    decisions = [item.decision for item in review.items.values()]
    return ReviewSignedOff(
        keep=decisions.count("keep"),
        reduce=decisions.count("reduce"),
        revoke=decisions.count("revoke"),
        gone=decisions.count(None),
    )


def _how_decided(book: Book, waiting: list[Item], at: datetime) -> str:
    """Return what brings the missing decisions, and who takes over what nobody is to decide on."""
    alone = next((item for item in waiting if item.reviewer is None), None)
    if alone is None:
        return "wait for the reviewers, or delegate what they do not decide"
    number, takers = alone.frozen.number, Reviewers(book, at).takers(alone.frozen.subject)
    if not takers:
        return (
            f"nobody may decide on item {number}: give review:decide to somebody else than who"
            " gains by it, and delegate the item to them"
        )
    return (
        f"item {number} has no reviewer: delegate it (POST /v1/reviews/{{review_id}}/delegations)"
        f" to {' or '.join(map(str, takers))}"
    )


def _known_item(review: Review, number: int) -> Item:
    item = review.items.get(number)
    if item is None:
        raise NotFoundError(
            f"the review has no item {number}",
            code="item-not-found",
            field="number",
            fix="see them with GET /v1/reviews/{review_id}/items",
        )
    return item


def _refuse_gone(book: Book, review: Review, item: Item, at: datetime) -> None:
    if gone(book, review, item, at):
        raise RuleBrokenError(
            f"the grant of item {item.frozen.number} has ended meanwhile: nothing is to decide",
            code="grant-already-gone",
            field="number",
            fix="go on with the next one",
            who_can_help=YOURSELF,
        )


def _refuse_gainer(book: Book, item: Item, reviewer: UUID, at: datetime) -> None:
    if reviewer in _behind(book, item, at):
        raise NotPermittedError(
            f"item {item.frozen.number} is about the own grants, or those of an own account:"
            " nobody decides on those",
            code="not-for-yourself",
            field="to",
            fix="let somebody else decide",
            who_can_help=DIRECTORS,
        )


def _behind(book: Book, item: Item, at: datetime) -> tuple[UUID, ...]:
    return Reviewers(book, at).behind(item.frozen.subject)


def _id(by: str) -> UUID | None:
    try:
        return UUID(by)
    except ValueError:
        return None
