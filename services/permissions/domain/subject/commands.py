"""What may be asked of a subject; ids are made before the command, so that deciding is pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.permissions.domain.subject.events import AttributeValue, SubjectKind
from services.permissions.domain.subject.grant_events import Verdict
from services.permissions.domain.subject.state import NOWHERE, Placement, Terms
from shared.authorization.scopes import Clearance, Scope


@dataclass(frozen=True, slots=True)
class Description:
    """Who somebody is."""

    display_name: str
    user_name: str | None = None
    emails: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    provisioned: Mapping[str, Any] | None = None
    """The account in its identity provider's words; empty: none keeps it any more, None: as it
    was."""


@dataclass(frozen=True, slots=True)
class JoinSubject:
    """Let a person or service account be there, with the default role and nothing else."""

    kind: SubjectKind
    description: Description
    grant_id: UUID
    """Of the grant of the default role."""
    key_commitment: str = ""
    """Of the subject's key, which whoever runs the command takes."""
    place: Placement = NOWHERE
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    is_id_new: bool = False
    """Whether the subject's id was made for this: then nothing anywhere is theirs yet."""
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class MoveSubject:
    """Let the subject be exactly there in the organisation."""

    place: Placement
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class DescribeSubject:
    """Say anew who the subject is."""

    description: Description


@dataclass(frozen=True, slots=True)
class SetSubjectAttributes:
    """Give attributes other values; None takes one away."""

    values: Mapping[str, AttributeValue | None]


@dataclass(frozen=True, slots=True)
class SuspendSubject:
    """Let the subject do nothing until it is reinstated."""

    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class ReinstateSubject:
    """Let a suspended subject do again what its grants say."""

    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class LetSubjectLeave:
    """End everything that the subject may do, for good; accounts that it owns are suspended."""

    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class FinishSubjectErasure:
    """Say that the key of somebody who left, named by its reference, is destroyed."""

    kid: str


@dataclass(frozen=True, slots=True)
class TrustCaller:
    """Let count what this caller says about subjects."""


@dataclass(frozen=True, slots=True)
class DistrustCaller:
    """Let it count no longer."""


@dataclass(frozen=True, slots=True)
class RequestGrant:
    """Ask for something, for oneself or somebody else."""

    grant_id: UUID
    terms: Terms
    reason: str | None = None
    lasts: timedelta | None = None
    """How long it is wanted, from the approval on; None: as the terms say."""
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class ApproveGrant:
    """Agree to a request of somebody else; it is given."""

    grant_id: UUID
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class RefuseGrant:
    """Refuse a request, or take the own one back."""

    grant_id: UUID
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class GiveGrant:
    """Give something at once that no second person has to agree to."""

    grant_id: UUID
    terms: Terms
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Take something oneself, at once, for a few hours, because of an emergency."""

    grant_id: UUID
    terms: Terms
    reason: str
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewGrant:
    """Say what to think of what somebody else took in an emergency."""

    grant_id: UUID
    verdict: Verdict
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class ExtendGrant:
    """Let a grant stay in force for longer; None: until it is revoked."""

    grant_id: UUID
    until: datetime | None
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class ReduceGrant:
    """Let a grant reach less; None: as it was."""

    grant_id: UUID
    scope: Scope | None = None
    clearance: Clearance | None = None
    until: datetime | None = None
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """End a grant."""

    grant_id: UUID
    reason: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class GiveSodException:
    """Let the subject have together what a rule keeps apart, until then."""

    rule: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class WithdrawSodException:
    """Let the rule hold for the subject again."""

    rule: str


@dataclass(frozen=True, slots=True)
class BeginActing:
    """Act as somebody else for a while, for a reason."""

    acting_id: UUID
    target: UUID
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class EndActing:
    """Act as them no longer."""

    acting_id: UUID


PlaceCommand = MoveSubject | SetSubjectAttributes | TrustCaller | DistrustCaller
LifeCommand = (
    PlaceCommand
    | DescribeSubject
    | SuspendSubject
    | ReinstateSubject
    | LetSubjectLeave
    | FinishSubjectErasure
)
RequestCommand = RequestGrant | ApproveGrant | RefuseGrant
GivenCommand = GiveGrant | BreakGlass | ReviewGrant | ExtendGrant | ReduceGrant | RevokeGrant
ExceptionCommand = GiveSodException | WithdrawSodException
GrantCommand = RequestCommand | GivenCommand | ExceptionCommand
ActingCommand = BeginActing | EndActing
SubjectCommand = JoinSubject | LifeCommand | GrantCommand | ActingCommand
