"""A row that differs is made anew from the store: deleted and folded up to the mark, at once."""

import logging
from collections.abc import Collection, Sequence

import asyncpg

from shared.messaging.headers import ReceivedEvent
from shared.projecting.parked import ParkedStreams
from shared.projecting.parking import tried
from shared.projecting.poison import Failure, PoisonError
from shared.projecting.reading import read_events
from shared.projecting.verifying import Compared, read_marks_of
from shared.projecting.versions import enter_version

log = logging.getLogger(__name__)

TRIES = 5
# Rows before marks, as a batch takes them. A batch that has read these rows already fails now.
NOTE_REPAIR = """update public.projection_marks set repairs = repairs + 1
    where projection = $1 and version = $2 and source = $3 and topic = $4 and partition = any($5)"""


class Repairing:
    """Makes the rows of some streams anew, in one version of a read model."""

    def __init__(self, its: Compared) -> None:
        self._its = its
        self._parked = ParkedStreams(its.followed.projection, its.followed.version)

    async def repair(self, streams: Sequence[str], discarded: Collection[str]) -> None:
        """Delete the rows of these streams and fold each from the store; nothing stays parked.

        Raises:
            PoisonError: an event cannot be applied; nothing was changed.
            RuleBrokenError: the version was dropped meanwhile.
        """
        for left in reversed(range(TRIES)):
            try:
                await self._once(sorted(streams), discarded)
            except asyncpg.DeadlockDetectedError:
                if not left:
                    raise
                log.warning("a repair met a batch on its way and is tried again")
            else:
                return

    async def _once(self, streams: Sequence[str], discarded: Collection[str]) -> None:
        its = self._its.followed
        partitions = await self._its.streams.partitions(streams)
        async with self._its.views.lane() as connection, connection.transaction():
            await enter_version(connection, its.projection, its.version)
            await self._parked.lock(connection, streams)
            await self._its.projection.remove(connection, streams)
            await connection.execute(NOTE_REPAIR, *its.names, partitions)
            marks = await read_marks_of(connection, its)
            stored = await self._its.streams.events(streams, marks)
            for stream in streams:
                await self._fold(connection, stream, stored.get(stream, []), discarded)
            await self._parked.unpark(connection, streams)

    async def _fold(
        self,
        connection: asyncpg.Connection,
        stream: str,
        events: Sequence[ReceivedEvent],
        discarded: Collection[str],
    ) -> None:
        """Apply all events of one stream; what cannot be applied ends the repair."""
        read = await read_events(events, self._its.codec, self._its.ciphers, discarded)
        if not read or await tried(self._its.projection, connection, read) is None:
            return
        for event in read:
            error = await tried(self._its.projection, connection, [event])
            if error is not None and event.received.event_id not in discarded:
                raise PoisonError(event.received.event_id, stream, Failure.of(error)) from error
