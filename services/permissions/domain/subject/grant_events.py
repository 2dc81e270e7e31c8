"""What happens to the grants of a subject; they are in the subject's own stream.

In force is a grant that was given, not revoked, and within its window on the checker's own clock.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
)

from services.permissions.domain.policy.events import ConditionDocument
from shared.authorization.scopes import Clearance, Scope
from shared.events import Event, Personal

Effect = Literal["allow", "deny"]
# A stored value leaves out what is None; where null says something, its schema says so.
_Moment = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
MomentOrNull = Annotated[datetime | None, WithJsonSchema(_Moment)]
Verdict = Literal["justified", "not_justified"]


class GrantReason(Personal):
    """Why somebody did it."""

    reason: str
    """The reason, in the words of who did it."""
    ticket: str | None = None
    """The reference of the company's own ticket about it; absent: none was given."""


class GrantTerms(Event):
    """What a grant is about: either a role or a single permission."""

    # `from` is a word of Python.
    model_config = ConfigDict(
        validate_by_alias=True, validate_by_name=True, serialize_by_alias=True
    )

    grant_id: UUID
    """The id by which later events name the grant."""
    role: str | None = None
    """The role, where it is one."""
    permission: str | None = None
    """The single permission, where it is one."""
    effect: Effect = "allow"
    """allow gives it; deny takes it away, whatever gives it."""
    scope: Scope | None = None
    """At most so far, though the role reaches further; of a single permission how far."""
    clearance: Clearance | None = None
    """At most so secret, though the role reaches more; of a single permission how secret."""
    records: tuple[str, ...] | None = None
    """Only these records, by id; absent: all that the scope reaches."""
    starts: datetime | None = Field(default=None, alias="from")
    """In force from here on, inclusive; absent: at once."""
    until: datetime | None = None
    """In force up to here, exclusive; absent: until it is revoked."""
    condition: ConditionDocument | None = None
    """What must be true besides; a denial holds also where that is unknown."""
    personal: GrantReason | None = None


class GrantRequested(GrantTerms):
    """Somebody asks that the subject gets this; it is not in force."""

    lasts_seconds: int | None = None
    """How long it is wanted, from the approval on; absent: as `until` says."""
    open_until: datetime | None = None
    """When the request is over if nobody decided, exclusive; absent: never."""


class GrantGiven(GrantTerms):
    """The subject has this from now on, within its window."""

    approved_by: tuple[UUID, ...] = ()
    """Who agreed, besides the one who did it."""
    is_break_glass: bool = False
    """Whether somebody took it in an emergency, without asking; it must be reviewed."""


class GrantApproved(Event):
    """Somebody other than who asked agrees to what was requested."""

    grant_id: UUID
    """Which request."""
    personal: GrantReason | None = None


class GrantRefused(Event):
    """What was requested will not be given."""

    grant_id: UUID
    """Which request."""
    personal: GrantReason | None = None


class GrantExtended(Event):
    """The grant stays in force for longer."""

    grant_id: UUID
    """Which grant."""
    until: MomentOrNull = None
    """Its new end, exclusive; null: until it is revoked."""
    personal: GrantReason | None = None

    @model_serializer(mode="wrap")
    def _with_null(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # An event leaves out what is None; here null says that there is no end.
        told: dict[str, Any] = handler(self)
        return told | ({"until": None} if self.until is None else {})


class GrantReduced(Event):
    """The grant reaches less from now on; what is absent stayed as it was."""

    grant_id: UUID
    """Which grant."""
    scope: Scope | None = None
    """At most so far."""
    clearance: Clearance | None = None
    """At most so secret."""
    until: datetime | None = None
    """Its new end, exclusive."""
    review: UUID | None = None
    """The access review that carried it out; absent: somebody did it directly."""
    decided_by: UUID | None = None
    """Who decided in that review; absent: nobody did, and silence counted."""
    personal: GrantReason | None = None


class GrantRevoked(Event):
    """The grant is over for good."""

    grant_id: UUID
    """Which grant."""
    review: UUID | None = None
    """The access review that carried it out; absent: somebody did it directly."""
    decided_by: UUID | None = None
    """Who decided in that review; absent: nobody did, and silence counted."""
    personal: GrantReason | None = None


class GrantKept(Event):
    """An access review looked at the grant, and it stays as it is."""

    grant_id: UUID
    """Which grant."""
    review: UUID
    """Which access review."""
    decided_by: UUID | None = None
    """Who decided there; absent: nobody did, and silence counted."""


class GrantReviewed(Event):
    """Somebody else looked at what was taken in an emergency, and says what to think of it."""

    grant_id: UUID
    """Which grant; its `is_break_glass` is true."""
    verdict: Verdict
    """Whether there was an emergency."""
    personal: GrantReason | None = None


class SodExceptionGiven(Event):
    """The subject may have together what a rule keeps apart, for some time."""

    rule: str
    """Which rule."""
    until: datetime
    """The end of the exception, exclusive."""
    personal: GrantReason | None = None


class SodExceptionWithdrawn(Event):
    """The rule holds for the subject again."""

    rule: str
    """Which rule."""


RequestEvent = GrantRequested | GrantApproved | GrantRefused
GivenEvent = GrantGiven | GrantExtended | GrantReduced | GrantRevoked | GrantKept | GrantReviewed
ExceptionEvent = SodExceptionGiven | SodExceptionWithdrawn
GrantEvent = RequestEvent | GivenEvent | ExceptionEvent
