"""How much happened on each day, exactly: each event is counted once, for its marks say so."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

import asyncpg

from shared.eventstore.codec import EventCodec
from shared.projecting.applied import AppliedEvent
from shared.projecting.canary import CanarySent

NAME: Final = "activity_daily"
CODEC: Final = EventCodec([])
"""Nothing of an event is read but when it was recorded and what it is: no key is ever asked for."""
CANARY = CanarySent.__name__

# Sorted, so that two writers take their locks in the same order.
ADD = """insert into activity_daily (day, event_type, count)
    select * from unnest($1::date[], $2::text[], $3::bigint[])
    on conflict (day, event_type) do update set count = activity_daily.count + excluded.count"""


class ActivityDaily:
    """The daily figures as a projection."""

    name = NAME

    async def apply(self, connection: asyncpg.Connection, events: Sequence[AppliedEvent]) -> None:
        """Add a batch to the days on which its events were recorded (UTC)."""
        counts: Counter[tuple[date, str]] = Counter(
            (applied.received.recorded_at.date(), applied.received.type)
            for applied in events
            if applied.received.type != CANARY
        )
        rows = sorted((day, event_type, count) for (day, event_type), count in counts.items())
        if rows:
            await connection.execute(ADD, *map(list, zip(*rows, strict=True)))

    async def forget(self, connection: asyncpg.Connection, subjects: Sequence[str]) -> None:
        """Keep everything: a number of events is nobody's data."""
