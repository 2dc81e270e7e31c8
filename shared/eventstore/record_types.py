"""What is written down of every access, refusal, error and operator's action, and nothing personal.

Who did it, when and in which trace stands beside the record (actor, time, correlation id,
traceparent), as with every event. These models are a contract that other services read.
"""

from datetime import datetime
from typing import Final

from pydantic import Field

from shared.events import Event
from shared.eventstore.codec import EventCodec
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted

ANONYMOUS: Final = "anonymous"
"""The actor of a record when nobody knows who asked: no token, or one that does not hold."""


class AccessRecorded(Event):
    """Somebody was shown something."""

    operation: str
    """The route's name, for example `get_customer`."""
    route: str
    """The route's path, `/v1/customers/{customer_id}`: never the address that was asked."""
    permission: str
    """The permission that the route needs, and that the actor has."""
    target: str | None = None
    """The opaque id of the one thing shown."""
    items: int | None = None
    """How many things were shown, if it was a list."""
    asked_by: tuple[str, ...] = ()
    """The names of the parameters sent, never what they held."""
    is_restricted: bool = False
    """Whether the record was durable before the answer left."""
    kind: str | None = None
    """Whether the actor is a person or a service."""
    acting_as: str | None = None
    """In whose name the actor did it; absent: the own."""


class DownloadCounted(Event):
    """So many things left with a download since its record before: at its end, and as it goes.

    Its access was recorded when it began (AccessRecorded). While it lasts this is told once a
    second if anything left, and once when it ends, whole or not.
    """

    operation: str
    """The route's name, for example `export_customers`."""
    route: str
    """The route's path, `/v1/imports/{import_id}/errors`: never the address that was asked."""
    permission: str
    """The permission that the route needs."""
    target: str | None = None
    """The opaque id of what it is of, if it is of one thing."""
    items: int
    """How many things left since the last such record of this download."""
    so_far: int
    """How many left since it began."""
    has_ended: bool = False
    """Whether nothing of it comes any more."""
    is_whole: bool = False
    """Whether all of it left; one that ended and is not whole was cut off or given up."""
    is_restricted: bool = False
    """Whether its access was recorded before anything left."""
    kind: str | None = None
    """Whether the actor is a person or a service."""
    acting_as: str | None = None
    """In whose name the actor did it; absent: the own."""


class RefusalRecorded(Event):
    """Somebody was refused, and not by a decision about rights (that is a DecisionRecorded).

    Nobody knows who asks, what was asked for forbids it by itself, or the caller has seen a change
    of permissions that is not known here yet. After 100 identical refusals within a minute the
    others of that minute are counted in one record.
    """

    operation: str
    """The route's name, for example `get_customer`."""
    route: str
    """The route's path, `/v1/customers/{customer_id}`: never the address that was asked."""
    permission: str
    """The permission that the route needs."""
    status: int
    """401 (who is it?) or 403 (not allowed)."""
    code: str
    """Why, as the problem's type says it."""
    times: int = 1
    """How often, from `first_at` to `last_at`."""
    first_at: datetime | None = None
    """When the first of several was refused."""
    last_at: datetime | None = None
    """When the last of several was refused."""
    acting_as: str | None = None
    """In whose name the actor did it; absent: the own."""


class ErrorRecorded(Event):
    """A request failed unexpectedly; what it said stands in no record, since it may be personal.

    The same cause is recorded once a minute.
    """

    operation: str
    """The route's name, for example `get_customer`."""
    route: str
    """The route's path, `/v1/customers/{customer_id}`: never the address that was asked."""
    error: str
    """The name of the error's type."""
    module: str
    """The module of ours that raised it."""
    line: int
    """The line in that module."""
    trace_id: str | None = None
    """The trace of the request; the caller was told the same one."""
    times: int = 1
    """How often it happened since the last record of this cause."""
    acting_as: str | None = None
    """In whose name the actor did it; absent: the own."""


class OperatorActed(Event):
    """An operator did something by hand."""

    action: str
    """What, for example `parked.discard`."""
    target: str
    """To what, or to whom: a name or an opaque id."""
    detail: dict[str, str | int | bool] = Field(default_factory=dict)
    """What else is needed to understand it or to do it again; ids, never names of people."""
    acting_as: str | None = None
    """In whose name the actor did it; absent: the own."""


class EmergencyTaken(Event):
    """Somebody took access in an emergency, without asking; stored together with the grant."""

    grant_id: str
    """The grant that was made."""
    until: datetime
    """When it ends by itself."""


class LeavingApplied(Event):
    """From now on a process refuses somebody who left or was suspended, and what they own.

    Each process that decides tells it by itself, once per leaving; who was gone already when the
    process took over all permissions at once is not told of.
    """

    subject: str
    """Who left: a person or a service account."""
    process: str
    """Which process: service, role and a number of its own, `customers/api/3f9c2a1b`."""
    left_at: datetime | None = None
    """When the leaving was recorded; absent: the process learned it from a snapshot."""
    applied_at: datetime
    """By the clock of the process."""
    late_ms: int | None = None
    """Milliseconds from `left_at` to `applied_at`; absent: `left_at` is not known."""
    service_accounts: int = 0
    """How many service accounts that this subject owns are refused from then on, too."""
    is_at_start: bool = False
    """Whether the process had only begun, and had decided nothing for anybody before."""
    epoch: int
    """Of the permissions service's store."""
    position: int
    """The feed position up to which permissions were known from then on."""


class WorkEnded(Event):
    """Work of somebody who left was cut: it was under way, or a token of theirs was used."""

    subject: str
    """Who left."""
    process: str
    """Which process cut it: service, role and a number of its own, `customers/api/3f9c2a1b`."""
    kind: str
    """What it was: export, watch, import, or service_token (the first use that was refused of a
    service account that the leaver owns)."""
    operation: str
    """The route's name, for example `export_customers`, or that of the work under way."""
    target: str | None = None
    """The opaque id of what was worked on, for example the import's."""
    service_account: str | None = None
    """The leaver's service account whose work it was; absent: the leaver's own work."""
    left_at: datetime | None = None
    """When the leaving was recorded; absent: the process learned it from a snapshot."""
    ended_at: datetime
    """By the clock of the process."""
    late_ms: int | None = None
    """Milliseconds from `left_at` to `ended_at`; absent: `left_at` is not known."""


RECORDS = EventCodec(
    [
        AccessRecorded,
        DownloadCounted,
        RefusalRecorded,
        DecisionRecorded,
        DecisionsCounted,
        ErrorRecorded,
        OperatorActed,
        EmergencyTaken,
        LeavingApplied,
        WorkEnded,
    ]
)
