"""What happens in an access review; its stream is `review-<uuid>`.

Reasons are personal: each is sealed with the key of the subject whose grant it is about.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.authorization.scopes import Clearance, Risk, Scope
from shared.events import Event, Personal

Decision = Literal["keep", "reduce", "revoke"]
Every = Literal["month", "quarter", "half_year", "year", "after_emergency"]
SilentDecision = Literal["keep", "revoke"]
ReviewerIs = Literal["manager", "approver", "administrator", "delegate"]
HandedOverBecause = Literal["silent", "reviewer_gone"]
Outcome = Literal["kept", "reduced", "revoked", "already_gone", "refused"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Chosen(_Part):
    """Which grants are looked at: those to which all of it applies."""

    roles: tuple[str, ...] = ()
    """Grants of these roles; none: of every role, and of single permissions."""
    department: str | None = None
    """Of people in this department or below it."""
    risk: Risk | None = None
    """Those that bring a permission of this risk or a higher one."""
    kept_after_a_move: bool = False
    """Only those that somebody had before moving to another department or other teams."""
    emergency: UUID | None = None
    """Only this one grant, which was taken in an emergency that is over."""


class FrozenItem(_Part):
    """One grant as it was when the review started, and who is to look at it."""

    number: int
    """Its number in the review, from 1."""
    subject: UUID
    """Whose grant it is."""
    grant_id: UUID
    """Which grant."""
    role: str | None = None
    """The role, where it is one."""
    permission: str | None = None
    """The single permission, where it is one."""
    scope: Scope | None = None
    """At most so far; absent: as far as the role reaches."""
    clearance: Clearance | None = None
    """At most so secret; absent: as much as the role reaches."""
    until: datetime | None = None
    """Its end, exclusive; absent: until it is revoked."""
    reviewer: UUID | None = None
    """Who is to decide; absent: nobody could be found, somebody must be named."""
    reviewer_is: ReviewerIs | None = None
    """Why this person: manager of the subject, approver of the grant, or an administrator."""
    last_used: datetime | None = None
    """When any permission that the grant gives was last used, by this grant or by another that
    gives it too; absent: not since `uses_known_since` of the review."""


class HandedOver(_Part):
    """One item that somebody else is to decide."""

    number: int
    """Which item."""
    reviewer: UUID | None = None
    """Who is to decide now; absent: nobody could be found."""
    reviewer_is: ReviewerIs | None = None
    """Why this person."""


class Reminded(_Part):
    """Somebody who has not decided yet."""

    reviewer: UUID
    """Who."""
    undecided: int
    """How many items wait for this person."""


class DecisionReason(Personal):
    """Why somebody decided so."""

    reason: str
    """The reason, in the words of who decided."""


class ReviewStarted(Event):
    """An access review is open; ItemsFrozen, in the same transaction, say what is looked at."""

    title: str
    """What people call it; it says nothing of people."""
    chosen: Chosen
    """Which grants are looked at."""
    items: int
    """How many they are; no more come later."""
    begins: datetime
    """When it was opened."""
    due: datetime
    """Until when the reviewers decide; what is silent then goes to somebody above them."""
    ends: datetime
    """When silence counts as the decision below."""
    silence: SilentDecision | None = None
    """What silence means at the end; absent: nothing, somebody must decide."""
    most_percent: int
    """Silence never takes more than so much of all items away, in percent."""
    most_grants: int
    """Silence never takes more than so many grants away."""
    schedule: str | None = None
    """The schedule that opened it; absent: a person did."""
    period: str | None = None
    """For which period of the schedule, for example 2026-Q4."""
    uses_known_since: datetime | None = None
    """Uses from then on were known at the start; absent: none were."""


class ItemsFrozen(Event):
    """Some of what is looked at, as it was at the start."""

    items: tuple[FrozenItem, ...]
    """At most 100 of them."""


class ItemDecided(Event):
    """A reviewer decided; said again, another decision holds. Nothing changes before sign-off."""

    number: int
    """Which item."""
    subject: UUID
    """Whose grant it is about."""
    decision: Decision
    """keep: as it is · reduce: to what follows · revoke: end it."""
    scope: Scope | None = None
    """At most so far, where it is reduced."""
    clearance: Clearance | None = None
    """At most so secret, where it is reduced."""
    until: datetime | None = None
    """Its new end, where it is reduced."""
    personal: DecisionReason | None = None


class ItemDelegated(Event):
    """Somebody else is to decide from now on."""

    number: int
    """Which item."""
    subject: UUID
    """Whose grant it is about."""
    to: UUID
    """Who decides from now on."""
    personal: DecisionReason | None = None


class ItemsHandedOver(Event):
    """Items went to others by themselves."""

    because: HandedOverBecause
    """silent: undecided when it was due · reviewer_gone: who was to decide cannot any more."""
    items: tuple[HandedOver, ...]
    """At most 200 of them."""


class ReviewersReminded(Event):
    """Those who have not decided yet are to be told so."""

    reviewers: tuple[Reminded, ...]
    """At most 500 of them."""
    part: int
    """How much of the time is gone, in percent."""


class SilenceAnnounced(Event):
    """What silence will do is known before it does it."""

    silent: int
    """How many items nobody decided."""
    most: int
    """How many silence may take away."""
    ends: datetime
    """When it will."""


class ReviewHalted(Event):
    """The end came, and silence decides nothing by itself: a person must."""

    silent: int
    """How many items nobody decided."""
    most: int
    """How many silence may take away."""


class SilenceSettled(Event):
    """What nobody decided counts as decided."""

    decision: SilentDecision
    """How."""
    numbers: tuple[int, ...]
    """Which items."""


class ReviewSignedOff(Event):
    """Somebody answers for the result; from here on it is carried out, and no decision changes."""

    keep: int
    """How many grants stay."""
    reduce: int
    """How many reach less."""
    revoke: int
    """How many end."""
    gone: int
    """How many were gone before anybody decided."""


class ItemApplied(Event):
    """One decision was carried out, in the same transaction."""

    number: int
    """Which item."""
    subject: UUID
    """Whose grant it is about."""
    grant_id: UUID
    """Which grant."""
    outcome: Outcome
    """kept, reduced, revoked · already_gone: it had ended before · refused: a rule says no."""
    problem: str | None = None
    """The code of the rule that says no."""


class ReviewClosed(Event):
    """Everything was carried out; the report is complete."""


ItemEvent = ItemDecided | ItemDelegated | ItemsHandedOver | SilenceSettled | ItemApplied
TimeEvent = ReviewersReminded | SilenceAnnounced | ReviewHalted
ReviewEvent = ReviewStarted | ItemsFrozen | ItemEvent | TimeEvent | ReviewSignedOff | ReviewClosed
