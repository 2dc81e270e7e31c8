"""What is sent to give, change and end grants, and how grants and requests are shown."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.permissions.domain.subject.grant_events import Effect, Verdict
from services.permissions.domain.subject.state import Grant, GrantRequest, Terms
from shared.authorization.scopes import Clearance, Scope
from shared.given import Given, Line, Lines

Reason = Annotated[Lines, Field(min_length=1, max_length=1_000)]
Ticket = Annotated[Line, Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(max_length=100)]
Names = Annotated[list[Name], Field(max_length=200)]
GrantState = Literal["in_force", "not_yet", "over"]
HOURS: Final = 8
MOST_HOURS: Final = 30 * 24


class WhyBody(Given):
    """Why it is done; kept readable only as long as the person concerned is not erased."""

    reason: Reason | None = None
    ticket: Ticket | None = Field(
        default=None,
        description="The reference of a ticket about it in your own system; with a reason.",
    )


class TermsBody(WhyBody):
    """A role or a single permission, how far and when."""

    role: Name | None = None
    permission: Name | None = None
    effect: Effect = "allow"
    scope: Scope | None = Field(default=None, description="At most so far.")
    clearance: Clearance | None = Field(default=None, description="At most so secret.")
    records: Names | None = Field(default=None, description="Only these records, by their ids.")
    starts: AwareDatetime | None = Field(default=None, alias="from", description="Inclusive.")
    until: AwareDatetime | None = Field(default=None, description="Exclusive.")
    condition: dict[str, Any] | None = None

    def terms(self) -> Terms:
        """Return what it is about."""
        return Terms(
            self.role, self.permission, self.effect, self.scope, self.clearance,
            None if self.records is None else tuple(self.records),
            self.starts, self.until, self.condition,
        )  # fmt: skip


class GrantBody(TermsBody):
    """A role or a single permission for somebody."""

    subject_id: UUID
    reason: Reason


class EmergencyBody(TermsBody):
    """A role or a single permission that the caller takes at once, for `until` at the latest."""

    until: AwareDatetime = Field(description="Exclusive; four hours from now at the latest.")
    reason: Reason


class RequestBody(TermsBody):
    """A role or a single permission that is asked for.

    Of a permission alone the least that helps is asked for: with `record_id` on that record only.
    """

    subject_id: UUID | None = Field(default=None, description="For whom; unless said, the caller.")
    record_id: Name | None = Field(default=None, description="The record that was refused.")
    hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] | None = Field(
        default=None, description=f"How long, from the approval on: {HOURS} unless said otherwise."
    )
    for_good: bool = Field(
        default=False, description="Until it is revoked; only by whoever may give grants."
    )
    reason: Reason

    def lasts(self) -> timedelta | None:
        """Return how long it is wanted; None: as `until` says, or for good."""
        if self.for_good or (self.until is not None and self.hours is None):
            return None
        return timedelta(hours=self.hours or HOURS)


class NamedBody(WhyBody):
    """One grant or request of one subject."""

    subject_id: UUID
    grant_id: UUID


class ExtendBody(WhyBody):
    """A grant that stays in force for longer."""

    subject_id: UUID
    grant_id: UUID
    until: AwareDatetime | None = Field(description="Exclusive; null: until it is revoked.")


class ReduceBody(WhyBody):
    """A grant that reaches less; what is left out stays as it is."""

    subject_id: UUID
    grant_id: UUID
    scope: Scope | None = None
    clearance: Clearance | None = None
    until: AwareDatetime | None = None


class ReviewBody(NamedBody):
    """What to think of what somebody took in an emergency."""

    verdict: Verdict


class DoneView(BaseModel):
    """Which grant or request of whom, and the version of the subject after it."""

    subject_id: UUID
    grant_id: UUID
    version: int


class GrantView(BaseModel):
    """A grant; what is not said does not limit it."""

    subject_id: UUID
    display_name: str | None = None
    user_name: str | None = None
    id: UUID
    state: GrantState
    role: str | None = None
    permission: str | None = None
    effect: Effect | None = None
    scope: Scope | None = None
    clearance: Clearance | None = None
    records: list[str] | None = None
    starts: datetime | None = Field(default=None, alias="from")
    until: datetime | None = None
    condition: dict[str, Any] | None = None
    approved_by: list[UUID] = []
    is_break_glass: bool = False
    to_review: bool = False


class GrantPage(BaseModel):
    """A page of grants; next_page_token is null on the last one."""

    items: list[GrantView]
    next_page_token: str | None


def terms_view(grant_id: UUID, terms: Terms) -> dict[str, Any]:
    """Return a grant or request as it is shown, without what it does not say."""
    said: Mapping[str, Any] = {
        "id": str(grant_id),
        "role": terms.role,
        "permission": terms.permission,
        "effect": terms.effect,
        "scope": terms.scope,
        "clearance": terms.clearance,
        "records": None if terms.records is None else list(terms.records),
        "from": terms.starts,
        "until": terms.until,
        "condition": terms.condition,
    }
    return {name: value for name, value in said.items() if value is not None}


def grant_view(
    subject_id: UUID, grant_id: UUID, grant: Grant, at: datetime, *, to_review: bool
) -> dict[str, Any]:
    """Return a grant as a list shows it."""
    marks = {
        "approved_by": [str(one) for one in grant.approved_by] or None,
        "is_break_glass": grant.is_break_glass or None,
        "to_review": to_review or None,
    }
    return {
        "subject_id": str(subject_id),
        "state": state_of(grant.terms, at),
        **terms_view(grant_id, grant.terms),
        **{name: value for name, value in marks.items() if value is not None},
    }


def request_view(subject_id: UUID, grant_id: UUID, request: GrantRequest) -> dict[str, Any]:
    """Return a request as a list shows it."""
    hours = None if request.lasts is None else request.lasts.total_seconds() / 3_600
    lasts = {} if hours is None else {"hours": hours}
    return {
        "subject_id": str(subject_id),
        "asked_by": request.asked_by,
        **terms_view(grant_id, request.terms),
        **lasts,
    }


def state_of(terms: Terms, at: datetime) -> GrantState:
    """Return whether a grant's window is open."""
    if terms.is_over(at):
        return "over"
    return "in_force" if terms.is_open(at) else "not_yet"
