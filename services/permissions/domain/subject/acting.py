"""Acting as somebody else: who may begin, as whom, for how long; and what ends it early."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, assert_never
from uuid import UUID

from services.permissions.domain.authority import level_of_subject
from services.permissions.domain.book import Asking, Book
from services.permissions.domain.meaning import policy_of, subject_of
from services.permissions.domain.subject.acting_events import (
    ActingBegun,
    ActingEnded,
    ActingEvent,
    ActingReason,
)
from services.permissions.domain.subject.commands import ActingCommand, BeginActing, EndActing
from services.permissions.domain.subject.life import no_such_subject
from services.permissions.domain.subject.state import Subject
from shared.authorization.acting import level_reached
from shared.authorization.reading import moment
from shared.errors import (
    YOURSELF,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    RuleBrokenError,
)

LONGEST_ACTING: Final = timedelta(hours=1)


def decide_acting(
    book: Book, subject_id: UUID, command: ActingCommand, asking: Asking
) -> list[ActingEvent]:
    """Return what follows for the subject who acts; nothing where it is over already.

    Raises:
        NotFoundError: there is nobody to act as, or nothing to end.
        InvalidInputError: it would last too long, or is over.
        RuleBrokenError: one of the two acts as somebody already, or is not there.
        NotPermittedError: as oneself, for somebody else, by or as a program, or as somebody above.
    """
    match command:
        case BeginActing():
            return _begin(book, subject_id, command, asking)
        case EndActing(acting_id=acting_id):
            its = book.subject(subject_id).acting.get(acting_id)
            if its is None:
                raise no_such_acting()
            is_over = not its.is_in_force(asking.at)
            return [] if is_over else [ActingEnded(acting_id=acting_id, at=asking.at)]
        case _:
            assert_never(command)


def no_such_acting() -> NotFoundError:
    """Return the error for an id by which nobody acts, or ever did as far as is known."""
    return NotFoundError(
        "nobody acts as somebody else by this id",
        code="acting-not-found",
        field="acting_id",
        fix="see who acts as whom with GET /v1/acting",
    )


def ended_with(book: Book, subject_id: UUID, at: datetime) -> Iterator[tuple[UUID, ActingEnded]]:
    """Yield who acts as somebody, and what ends, when a subject is not active any more.

    It does where the subject acts, and where somebody acts as the subject.
    """
    for actor_id, actor in book.subjects.items():
        for acting_id, its in actor.acting.items():
            if subject_id in (actor_id, its.target) and its.is_in_force(at):
                yield actor_id, ActingEnded(acting_id=acting_id, at=at)


def _begin(book: Book, subject_id: UUID, command: BeginActing, asking: Asking) -> list[ActingEvent]:
    actor, target = book.subject(subject_id), book.subject(command.target)
    _refuse_unfit(book, subject_id, actor, command, asking)
    _refuse_absent(target)
    _refuse_second(actor, target, asking)
    latest = asking.at + LONGEST_ACTING
    if not asking.at < command.until <= latest:
        raise InvalidInputError(
            f"acting as somebody else lasts at most {LONGEST_ACTING.seconds // 60} minutes",
            field="until",
            fix=f"say when it ends, {latest.isoformat(timespec='seconds')} at the latest",
        )
    level = level_of_subject(book.policy, actor, asking.at)
    needed = level_reached(policy_of(book.policy), subject_of(target), moment(asking.at))
    if needed > level:
        raise NotPermittedError(
            f"they are of level {needed}, and you are of level {level}",
            code="acting-above-own-level",
            field="subject_id",
            fix="let them do it themselves, or somebody act as them who is of that level",
            who_can_help="whoever has the permission subject:act_as, of that level",
        )
    begun = ActingBegun(
        acting_id=command.acting_id,
        target=command.target,
        level=level,
        since=asking.at,
        until=command.until,
        personal=ActingReason(reason=command.reason),
    )
    return [begun]


def _refuse_unfit(
    book: Book, subject_id: UUID, actor: Subject, command: BeginActing, asking: Asking
) -> None:
    if str(subject_id) != asking.by or actor.kind != "person" or not actor.is_active:
        raise NotPermittedError(
            "only people act as somebody else, and only for themselves",
            code="acting-for-others",
            field="subject_id",
            fix="sign in as the person who will act",
            who_can_help="the person who will act, who needs the permission subject:act_as",
        )
    if book.behind(command.target) == subject_id:
        raise NotPermittedError(
            "nobody acts as themself, nor as a service account of their own",
            code="acting-as-yourself",
            field="subject_id",
            fix="do it in your own name",
            who_can_help="nobody: in your own name no help is needed",
        )


def _refuse_absent(target: Subject) -> None:
    if target.life is None:
        raise no_such_subject()
    if target.kind != "person":
        raise NotPermittedError(
            "nobody acts as a program",
            code="acting-as-program",
            field="subject_id",
            fix="ask whoever answers for the service account, or act as that person",
            who_can_help="the owner of the service account",
        )
    if not target.is_active:
        raise RuleBrokenError(
            "nobody acts as somebody who is suspended or has left",
            code="acting-as-inactive",
            field="subject_id",
            fix="do it in your own name, or let them be reinstated first",
            who_can_help="whoever has the permission subject:change",
        )


def _refuse_second(actor: Subject, target: Subject, asking: Asking) -> None:
    if any(one.is_in_force(asking.at) for one in actor.acting.values()):
        raise RuleBrokenError(
            "you act as somebody already",
            code="acting-already",
            field="subject_id",
            fix="end it first (POST /v1/acting/end)",
            who_can_help=YOURSELF,
        )
    if any(one.is_in_force(asking.at) for one in target.acting.values()):
        raise RuleBrokenError(
            "they act as somebody else themselves",
            code="acting-chain",
            field="subject_id",
            fix="wait until that is over, or act as that other person",
            who_can_help="the person you want to act as, who can end it",
        )
