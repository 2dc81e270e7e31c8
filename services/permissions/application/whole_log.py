"""All permissions there are now are folded from the store itself, in the order of the feed."""

import asyncio
from typing import Final

import asyncpg
import orjson

from shared.authorization.replica import Snapshot
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from shared.errors import DaybookError
from shared.eventstore.feed import MAX_PAGE, Feed, FeedEvent
from shared.postgres.lanes import Lanes

PARTITION: Final = 0
# The relay knows where the event it sent last lies; those before it lie before it.
SENT: Final = """select s.epoch, c.kafka_offset, coalesce(c.feed_position, 0) as feed_position
    from store s left join relay_checkpoints c on c.topic = $1 and c.partition = 0"""


class WholeLog:
    """Keeps the fold of all events, and reads on from where it stands when asked."""

    def __init__(self, lanes: Lanes, feed: Feed) -> None:
        self._lanes = lanes
        self._feed = feed
        self._one_at_a_time = asyncio.Lock()
        self._epoch = 0
        self._world = World()
        self._place = (0, 0)

    async def snapshot(self) -> Snapshot:
        """Return all permissions there are now, and where they stand.

        Raises:
            UnavailableError: the store does not answer.
        """
        async with self._one_at_a_time:
            row = await self._lanes.fetchrow(SENT, self._feed.topic)
            if row is None:
                raise DaybookError("the store has no epoch", code="store-without-epoch")
            if row["epoch"] != self._epoch:
                self._epoch, self._world, self._place = row["epoch"], World(), (0, 0)
            await self._read_on()
            return Snapshot(self._epoch, self._world, self._place, _hint(row, self._world.position))

    async def _read_on(self) -> None:
        while True:
            page = await self._feed.read(PARTITION, self._world.position + 1)
            if page:
                self._world = self._world.after([read(one) for one in page])
                last = page[-1].event
                self._place = last.txid, last.position
            if len(page) < MAX_PAGE:
                return


def _hint(row: asyncpg.Record, position: int) -> int | None:
    """Return where the event behind this position should lie in the topic, if it can be told."""
    offset, sent = row["kafka_offset"], row["feed_position"]
    if offset is None:
        return None
    return max(0, int(offset) + 1 - max(0, int(sent) - position))


def read(one: FeedEvent) -> PermissionEvent:
    """Return an event as decisions read it; what cannot be read has no data, and denies."""
    event = one.event
    try:
        data = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        data = None
    return PermissionEvent(one.feed_position, event.stream, event.type, data)
