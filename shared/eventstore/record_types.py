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


class OperatorActed(Event):
    """An operator did something by hand."""

    action: str
    """What, for example `parked.discard`."""
    target: str
    """To what, or to whom: a name or an opaque id."""
    detail: dict[str, str | int | bool] = Field(default_factory=dict)
    """What else is needed to understand it or to do it again; ids, never names of people."""


RECORDS = EventCodec(
    [
        AccessRecorded,
        RefusalRecorded,
        DecisionRecorded,
        DecisionsCounted,
        ErrorRecorded,
        OperatorActed,
    ]
)
