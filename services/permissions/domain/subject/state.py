"""One subject as its events made it; whoever left keeps no grant, whoever was erased no name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.permissions.domain.policy.events import ConditionDocument
from services.permissions.domain.subject.events import AttributeValue, SubjectKind
from services.permissions.domain.subject.grant_events import Effect
from shared.authorization.scopes import Clearance, Scope

SubjectLife = Literal["active", "suspended", "left", "erased"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant is about: either a role or a single permission, how far, and when."""

    role: str | None = None
    permission: str | None = None
    effect: Effect = "allow"
    scope: Scope | None = None
    clearance: Clearance | None = None
    records: tuple[str, ...] | None = None
    starts: datetime | None = None
    """Inclusive; None: at once."""
    until: datetime | None = None
    """Exclusive; None: until it is revoked."""
    condition: ConditionDocument | None = None

    def is_over(self, at: datetime) -> bool:
        """Say whether its window has closed."""
        return self.until is not None and self.until <= at

    def is_open(self, at: datetime) -> bool:
        """Say whether its window is open."""
        return (self.starts is None or self.starts <= at) and not self.is_over(at)


@dataclass(frozen=True, slots=True)
class Grant:
    """What was given and not revoked; whether its window is open is asked with a time."""

    terms: Terms
    approved_by: tuple[UUID, ...] = ()
    is_break_glass: bool = False
    is_from_before_move: bool = False
    """Whether its holder left a department or team since, and no review kept it."""
    asked: "GrantRequest | None" = None
    """The request that was approved; None: it was given without one."""


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """What was asked for and neither given nor refused."""

    terms: Terms
    asked_by: str
    """The person who asked, or who answered then for the service account that did."""
    lasts: timedelta | None = None
    """How long it is wanted, from the approval on; None: as the terms say."""
    reason: str | None = None
    """Why, for whoever approves; None: not said, or nobody can read it any more."""
    open_until: datetime | None = None
    """When it is over if nobody decides, exclusive; None: never."""
    ticket: str | None = None
    """The reference of the company's own ticket about it."""

    def is_open(self, at: datetime) -> bool:
        """Say whether it can still be decided."""
        return self.open_until is None or at < self.open_until


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """What was asked for and will not be given."""

    request: GrantRequest
    refused_by: str
    """Who asked, where it was taken back."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody acts as somebody else, or did."""

    target: UUID
    since: datetime
    until: datetime
    """When it ends, or ended, exclusive."""
    reason: str | None = None
    """Why; None: nobody can read it any more."""
    ended_by: str | None = None
    """Who ended it early; None: nobody did."""

    def is_in_force(self, at: datetime) -> bool:
        """Say whether it lasts."""
        return at < self.until


@dataclass(frozen=True, slots=True)
class Placement:
    """Where somebody is in the organisation, and who answers for a service account."""

    manager: UUID | None = None
    department: str | None = None
    teams: tuple[UUID, ...] = ()
    owner: UUID | None = None


NOWHERE = Placement()


@dataclass(frozen=True, slots=True)
class Subject:
    """One person or service account, folded from its events; no life means not joined yet."""

    kind: SubjectKind | None = None
    life: SubjectLife | None = None
    display_name: str | None = None
    user_name: str | None = None
    emails: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    provisioned: Mapping[str, Any] = field(default_factory=dict)
    """The account in its identity provider's words; empty if none keeps it."""
    place: Placement = NOWHERE
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    is_trusted_caller: bool = False
    grants: Mapping[UUID, Grant] = field(default_factory=dict)
    requests: Mapping[UUID, GrantRequest] = field(default_factory=dict)
    refused: Mapping[UUID, RefusedRequest] = field(default_factory=dict)
    """The last few requests that were refused, so that who asked can see it."""
    to_review: tuple[UUID, ...] = ()
    """Grants taken in an emergency that nobody looked at yet, whether still in force or not."""
    sod_exceptions: Mapping[str, datetime] = field(default_factory=dict)
    """The end of each exception, by rule."""
    acting: Mapping[UUID, Acting] = field(default_factory=dict)
    """As whom the subject acts, and acted lately."""

    @property
    def is_active(self) -> bool:
        """Say whether the subject may do what its grants say."""
        return self.life == "active"

    @property
    def is_there(self) -> bool:
        """Say whether the subject joined and did not leave."""
        return self.life in {"active", "suspended"}


NOBODY = Subject()


def without_grant(subject: Subject, grant_id: UUID) -> Subject:
    """Return the subject as it would be without a grant."""
    left = {one: grant for one, grant in subject.grants.items() if one != grant_id}
    return replace(subject, grants=left)
