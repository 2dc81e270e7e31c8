"""How a row of `events` or `records` becomes a RecordedEvent: the one list of their columns."""

from typing import Literal

import asyncpg

from shared.events import Origin, RecordedEvent

Table = Literal["events", "records"]
"""What a topic is filled from: both tables have the same columns."""

EVENT_COLUMNS = """e.event_id, e.stream, e.version, e.type, e.schema_version, e.subject,
    e.partition, e.txid, e.position, e.recorded_at, e.actor, e.correlation_id, e.causation_id,
    e.connection, e.traceparent, e.data"""


def event_of(row: asyncpg.Record) -> RecordedEvent:
    """Return the event of one row that was selected with EVENT_COLUMNS."""
    origin = Origin(
        row["actor"], row["correlation_id"], row["causation_id"], row["connection"],
        row["traceparent"],
    )  # fmt: skip
    return RecordedEvent(
        row["event_id"], row["stream"], row["version"], row["type"], row["schema_version"],
        row["subject"], row["partition"], row["txid"], row["position"], row["recorded_at"],
        origin, row["data"],
    )  # fmt: skip
