"""What live activity tells on `daybook.activity.v1`: a contract that others read."""

from datetime import datetime
from typing import Literal

from shared.events import Event
from shared.eventstore.codec import EventCodec


class ActivityCounted(Event):
    """How many events of one type were recorded in one short window: live and approximate.

    The latest one of a window, event type, stage and source partition holds; add up partitions and
    windows. After a crash some events count twice. Exact: `GET /v1/activity/daily`.
    """

    window_start: datetime
    """When the window begins, in UTC; events belong to it by when they were recorded."""
    window_seconds: int
    """How long it is."""
    event_type: str
    """What was counted, for example CustomerRegistered."""
    stage: str | None = None
    """The stage of the customers concerned; null as long as customers have none."""
    source_partition: int
    """The partition of daybook.customers.v1 that was counted."""
    count: int
    """How many, until now."""
    is_approximate: Literal[True] = True
    """Always true: nobody accounts with this number."""


ACTIVITY_CODEC = EventCodec([ActivityCounted])
