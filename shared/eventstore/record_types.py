"""What is written down of every access, refusal, error and operator's action, and nothing personal.

Who did it, when and in which trace stands beside the record (actor, time, correlation id,
traceparent), as with every event. These models are a contract that other services read.
"""

from datetime import datetime
from typing import Final

from pydantic import Field

from shared.events import Event
from shared.eventstore.codec import EventCodec

ANONYMOUS: Final = "anonymous"
"""The actor of a record when nobody knows who asked: no token, or one that does not hold."""


class AccessRecorded(Event):
    """Somebody was shown something.

    `operation` and `route` name the route ("get_customer", "/v1/customers/{customer_id}"), never
    the address that was asked. `target` is the opaque id of the one thing shown. A list has
    `items`, how many things were shown, and `asked_by`, the names of the parameters sent, never
    what they held. `is_restricted`: the record was durable before the answer left.
    """

    operation: str
    route: str
    permission: str
    target: str | None = None
    items: int | None = None
    asked_by: tuple[str, ...] = ()
    is_restricted: bool = False


class RefusalRecorded(Event):
    """Somebody was refused: `status` 401 (who is it?) or 403 (not allowed), `code` says why.

    After 100 identical refusals within a minute the others of that minute are counted in one
    record: `times`, from `first_at` to `last_at`.
    """

    operation: str
    route: str
    permission: str
    status: int
    code: str
    times: int = 1
    first_at: datetime | None = None
    last_at: datetime | None = None


class ErrorRecorded(Event):
    """A request failed unexpectedly; what it said stands in no record, since it may be personal.

    `error` is the type's name, `module` and `line` the place in our code that raised it. The same
    cause is recorded once a minute, with how many `times` it happened since the last record.
    """

    operation: str
    route: str
    error: str
    module: str
    line: int
    trace_id: str | None = None
    times: int = 1


class OperatorActed(Event):
    """An operator did something by hand, for example `parked.discard`, to `target`.

    `detail` holds what else is needed to understand it or to do it again; ids, never names.
    """

    action: str
    target: str
    detail: dict[str, str | int | bool] = Field(default_factory=dict)


RECORDS = EventCodec([AccessRecorded, RefusalRecorded, ErrorRecorded, OperatorActed])
