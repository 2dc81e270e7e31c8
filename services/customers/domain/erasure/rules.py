"""An erasure: each holder answers once, and it is complete when all of them have."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from services.customers.domain.erasure.events import (
    ErasureCompleted,
    ErasureEvent,
    ErasureOpened,
    ErasureReason,
    PersonalDataErased,
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure, folded from its events."""

    kid: str
    reason: ErasureReason | None = None
    answered: frozenset[str] = frozenset()
    is_complete: bool = False


def note_answers(
    erasure: Erasure, holders: Iterable[str], answering: Iterable[str]
) -> list[ErasureEvent]:
    """Return what follows when these of the `holders` have nothing left; none if nothing is new."""
    if erasure.is_complete:
        return []
    new = sorted(set(answering) - erasure.answered)
    events: list[ErasureEvent] = [PersonalDataErased(holder=holder) for holder in new]
    if set(holders) <= erasure.answered.union(new):
        events.append(ErasureCompleted())
    return events


def evolve(erasure: Erasure, event: ErasureEvent) -> Erasure:
    """Return the erasure after one more event."""
    match event:
        case ErasureOpened():
            return Erasure(event.kid, event.reason)
        case PersonalDataErased():
            return replace(erasure, answered=erasure.answered | {event.holder})
        case ErasureCompleted():
            return replace(erasure, is_complete=True)
        case _:
            assert_never(event)
