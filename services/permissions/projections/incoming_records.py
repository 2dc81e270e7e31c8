"""What is read of the records of every service: what was decided for whom, and how often.

Published on daybook.access.v1; members that are not named here are ignored. Each decision is told
by itself or counted, never both, so that the sum of the two is how often it was decided.
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


class DecisionsCounted(Event):
    """It was decided so many times."""

    subject: str
    permission: str
    is_allowed: bool
    code: str
    times: int
    first_at: datetime
    last_at: datetime


RECORDS_CODEC = EventCodec([DecisionRecorded, DecisionsCounted])
