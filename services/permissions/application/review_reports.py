"""What came of a review is told from its events, with who, when and why, as far as keys exist."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from services.permissions.domain.review.events import (
    ItemApplied,
    ItemDecided,
    ItemDelegated,
    ReviewSignedOff,
    SilenceSettled,
)
from services.permissions.domain.review.state import Item, Review
from services.permissions.storage.codec import CODEC
from shared.events import Event, RecordedEvent
from shared.eventstore.store import EventStore
from shared.security.subject_keys import SubjectKeys

FORMAT: Final = "daybook access review 1"
Told = tuple[RecordedEvent, Event]


class ReviewReports:
    """Reads the events of a review and tells what came of it."""

    def __init__(self, store: EventStore, keys: SubjectKeys) -> None:
        self._store = store
        self._keys = keys

    async def of(self, review_id: UUID, review: Review) -> dict[str, Any]:
        """Return the report: the same one every time, once everything was carried out.

        Reasons about somebody who was erased since are gone from it.

        Raises:
            UnavailableError: the store or the key database does not answer.
        """
        recorded = await self._store.load(f"review-{review_id}")
        events = await CODEC.decode(recorded, self._keys)
        told = [(its, event) for its, event in zip(recorded, events, strict=True) if event]
        return {"format": FORMAT, "review": str(review_id), **_report(review, told)}

    async def reasons(self, review_id: UUID) -> Mapping[int, str]:
        """Return why each item was decided so, by its number; only of those that can be read."""
        recorded = await self._store.load(f"review-{review_id}")
        events = await CODEC.decode(recorded, self._keys)
        return {
            event.number: event.personal.reason
            for event in events
            if isinstance(event, ItemDecided) and event.personal is not None
        }


def _report(review: Review, told: Sequence[Told]) -> dict[str, Any]:
    started = review.started
    decided = {e.number: (its, e) for its, e in told if isinstance(e, ItemDecided)}
    applied = {e.number: (its, e) for its, e in told if isinstance(e, ItemApplied)}
    signed = next((its for its, e in told if isinstance(e, ReviewSignedOff)), None)
    silence = {n: its for its, e in told if isinstance(e, SilenceSettled) for n in e.numbers}
    items = [
        {
            **item.frozen.model_dump(mode="json", exclude_none=True),
            "decision": item.decision,
            **_decision(decided.get(number), silence.get(number)),
            **_outcome(item, applied.get(number), signed),
        }
        for number, item in review.items.items()
    ]
    return {
        "state": state_of(review),
        **({} if started is None else started.model_dump(mode="json", exclude_none=True)),
        "items": items,
        "delegated": [_delegation(its, e) for its, e in told if isinstance(e, ItemDelegated)],
        "outcomes": dict(Counter(item.outcome or "open" for item in review.items.values())),
        "signed_off_by": None if signed is None else signed.origin.actor,
        "signed_off_at": _at(signed),
        "closed_at": _at(told[-1][0]) if review.is_closed else None,
        "events": len(told),
        "events_sha256": _digest(told),
    }


def state_of(review: Review) -> str:
    """Return in one word how far a review is."""
    if review.is_closed:
        return "closed"
    if review.is_signed_off:
        return "signed_off"
    return "halted" if review.is_halted else "open"


def _decision(told: Told | None, silence: RecordedEvent | None) -> dict[str, Any]:
    if silence is not None:
        return {"by_silence": True, "decided_by": None, "decided_at": _at(silence)}
    if told is None:
        return {"by_silence": False, "decided_by": None, "decided_at": None}
    its, event = told
    personal = getattr(event, "personal", None)
    return {
        "by_silence": False,
        "decided_by": its.origin.actor,
        "decided_at": _at(its),
        "reason": None if personal is None else personal.reason,
        "reduced_to": _reduced(event),
    }


def _reduced(event: Event) -> dict[str, Any] | None:
    told = event.model_dump(mode="json", include={"scope", "clearance", "until"})
    return {name: value for name, value in told.items() if value is not None} or None


def _outcome(item: Item, told: Told | None, signed: RecordedEvent | None) -> dict[str, Any]:
    if told is None:
        return {"outcome": None}
    its = told[0]
    waited = None if signed is None else _milliseconds(signed.recorded_at, its.recorded_at)
    return {
        "outcome": item.outcome,
        "problem": item.problem,
        "applied_at": _at(its),
        "milliseconds_from_sign_off": waited,
    }


def _delegation(its: RecordedEvent, event: ItemDelegated) -> dict[str, Any]:
    return {
        "number": event.number,
        "by": its.origin.actor,
        "to": str(event.to),
        "at": _at(its),
        "reason": None if event.personal is None else event.personal.reason,
    }


def _digest(told: Sequence[Told]) -> str:
    """Return the SHA-256 over each event's id and stored value, as the feed's digests are made."""
    whole = sha256()
    for its, _ in told:
        whole.update(its.event_id.bytes)
        whole.update(sha256(its.data).digest())
    return whole.hexdigest()


def _at(its: RecordedEvent | None) -> str | None:
    return None if its is None else its.recorded_at.isoformat()


def _milliseconds(since: datetime, until: datetime) -> float:
    return round((until - since).total_seconds() * 1_000, 1)
