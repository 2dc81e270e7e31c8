"""A discarded event stays discarded: the record of it is in the store, not in the read models."""

from typing import Final

from shared.postgres.lanes import Lanes

DISCARD: Final = "parked.discard"
"""The action of the record; its target is the projection, its detail names the event."""


async def read_discards(truth: Lanes, projection: str) -> frozenset[str]:
    """Return the ids of all events that operators discarded for this projection, ever."""
    rows = await truth.fetch("select discarded_events($1) as event_id", projection)
    return frozenset(row["event_id"] for row in rows)
