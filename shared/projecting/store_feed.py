"""What the store has behind a mark comes as if Kafka had brought it, numbered by the same rule."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import asyncpg

from shared.eventstore.feed_pages import read_page
from shared.messaging.headers import ReceivedEvent
from shared.postgres.lanes import Lanes
from shared.projecting.marks import Followed, Mark

# The settings of connections to the store: a projector reads there and nothing else.
READ_ONLY = {"default_transaction_read_only": "on"}
# No Kafka offset is known of an event that came from the store.
UNKNOWN_OFFSET = -1


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events of several partitions, partition by partition in order, and the store's epoch."""

    epoch: int
    events: list[ReceivedEvent]


class SourceFeed(Protocol):
    """All events of one source, whatever Kafka still has of them."""

    async def behind(self, marks: Mapping[int, Mark], wanted: Mapping[int, int]) -> FeedPage:
        """Return up to `wanted` events of each partition there, behind its mark.

        Marks are places in one life of the store: compare their epoch with the page's.

        Raises:
            UnavailableError: whoever has them does not answer.
        """
        ...


class StoreFeed:
    """Reads one source's events from its own store, for a process that may read there."""

    def __init__(self, lanes: Lanes, followed: Followed) -> None:
        self._lanes = lanes
        self._source = followed.source
        self._topic = followed.topic

    async def behind(self, marks: Mapping[int, Mark], wanted: Mapping[int, int]) -> FeedPage:
        """Return up to `wanted` events of each partition there, behind its mark.

        Marks are places in one life of the store: compare their epoch with the page's.

        Raises:
            UnavailableError: the store does not answer.
        """
        partitions = [p for p, number in wanted.items() if number > 0]
        places = [(p, marks[p].txid, marks[p].position) for p in partitions]
        epoch, rows = await read_page(self._lanes, places, [wanted[p] for p in partitions])
        numbers = {p: marks[p].feed_position for p in partitions}
        events = []
        for row in rows:
            numbers[row["partition"]] += 1
            events.append(self._received(row, numbers[row["partition"]]))
        return FeedPage(epoch, events)

    def _received(self, row: asyncpg.Record, feed_position: int) -> ReceivedEvent:
        (epoch, partition, txid, position, event_id, name, schema_version, stream, version, subject,
            recorded_at, traceparent, data) = row  # fmt: skip
        return ReceivedEvent(
            self._source, epoch, self._topic, partition, UNKNOWN_OFFSET, feed_position, txid,
            position, event_id, name, schema_version, stream, version, subject,
            recorded_at.isoformat(), traceparent, data,
        )  # fmt: skip


def marks_after(
    marks: Mapping[int, Mark], events: list[ReceivedEvent]
) -> dict[int, tuple[Mark, Mark]]:
    """Return, per partition that these events move, its mark before and after them."""
    last = {event.partition: event for event in events}
    return {p: (marks[p], marks[p].after(event)) for p, event in last.items()}


def at_offset(mark: Mark, kafka_offset: int) -> Mark:
    """Return the same mark with its record at another place in Kafka's log."""
    return replace(mark, kafka_offset=kafka_offset)
