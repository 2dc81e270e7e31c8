"""What may be asked of an access review; what time alone brings is in `timing`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.permissions.domain.review.events import Chosen, Decision, SilentDecision
from services.permissions.domain.usage import NOT_KNOWN, Uses
from shared.authorization.scopes import Clearance, Scope


@dataclass(frozen=True, slots=True)
class StartReview:
    """Look at these grants, each by somebody else than who has it."""

    title: str
    chosen: Chosen
    due: datetime
    silence: SilentDecision | None = None
    most_percent: int = 10
    most_grants: int = 50
    schedule: str | None = None
    period: str | None = None
    besides: frozenset[UUID] = frozenset()
    """Grants that another review of the same period looks at."""
    uses: Uses = NOT_KNOWN
    """When rights were last used: a hint that is frozen with each item."""


@dataclass(frozen=True, slots=True)
class DecideItem:
    """Decide on one item."""

    number: int
    decision: Decision
    reason: str
    scope: Scope | None = None
    clearance: Clearance | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DelegateItem:
    """Let somebody else decide on one item."""

    number: int
    to: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class SettleSilence:
    """Let silence count although the review stopped; exactly as many items as were shown."""

    decision: SilentDecision
    silent: int


@dataclass(frozen=True, slots=True)
class SignOffReview:
    """Answer for the result, and have it carried out."""


ReviewCommand = StartReview | DecideItem | DelegateItem | SettleSilence | SignOffReview
