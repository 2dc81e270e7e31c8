"""What is read of the records of every service: what was decided for whom, and how often.

Published on daybook.access.v1; members that are not named here are ignored. Each decision is told
by itself or counted, never both, so that the sum of the two is how often it was decided. What a
program asked about somebody (`asked_by`) is told of the subject, who may have wanted nothing; so is
what somebody else (`actor`) did in the subject's name.
"""

from datetime import datetime

from shared.events import Event
from shared.eventstore.codec import EventCodec


class DecisionRecorded(Event):
    """It was decided once."""

    subject: str
    permission: str
    is_allowed: bool
    code: str
    decided_at: datetime
    process: str | None = None
    asked_by: str | None = None
    actor: str | None = None


class DecisionsCounted(Event):
    """It was decided so many times."""

    subject: str
    permission: str
    is_allowed: bool
    code: str
    times: int
    first_at: datetime
    last_at: datetime
    process: str | None = None
    asked_by: str | None = None
    actor: str | None = None
    is_search: bool = False


class LeavingApplied(Event):
    """From then on a process refused somebody who left."""

    subject: str
    process: str
    left_at: datetime | None = None
    applied_at: datetime
    late_ms: int | None = None
    service_accounts: int = 0
    is_at_start: bool = False
    epoch: int
    position: int


class WorkEnded(Event):
    """Work of somebody who left was cut."""

    subject: str
    process: str
    kind: str
    operation: str
    target: str | None = None
    service_account: str | None = None
    ended_at: datetime
    late_ms: int | None = None


RECORDS_CODEC = EventCodec([DecisionRecorded, DecisionsCounted, LeavingApplied, WorkEnded])
