"""While Kafka acknowledges one round the next is packed, and the page behind it is read.

What is read ahead is only a promise: it is sent if the checkpoints have become exactly what it was
read behind, and otherwise thrown away and read again. So it can never change what is sent.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import asyncpg

from shared.messaging.outbox import Checkpoint, Outbox
from shared.messaging.packing import Heads
from shared.messaging.sending import Round, make_round

WORTH_IT_EVENTS = 200

Page = Sequence[asyncpg.Record]
Held = Mapping[int, Checkpoint]


class ReadAhead:
    """At most one round, packed before its turn, and the page of the one after it."""

    def __init__(self, outbox: Outbox, *, is_compressed: bool) -> None:
        self._outbox = outbox
        self._is_compressed = is_compressed
        self._making: asyncio.Task[Round] | None = None
        self._reading: tuple[Held, asyncio.Task[Page]] | None = None

    def begin(self, under_way: Round, held: Held, heads: Heads) -> None:
        """Begin with what follows `under_way`, unless that is so small that nothing may follow."""
        if self._making is None and under_way.events >= WORTH_IT_EVENTS:
            after = {**held, **{m.before.partition: m.after() for m in under_way.moved}}
            self._making = asyncio.create_task(self.read(after, heads))

    async def read(self, held: Held, heads: Heads) -> Round:
        """Read and pack what is to be sent next behind these checkpoints."""
        page = await self._page_behind(held)
        if len(page) >= WORTH_IT_EVENTS:
            after = _behind(page, held)
            self._reading = after, asyncio.create_task(self._outbox.page(after))
        return await make_round(page, held, heads, is_compressed=self._is_compressed)

    async def take(self, held: Held) -> Round | None:
        """Return the round if it follows exactly what is held now and holds anything.

        Raises what reading it raised.
        """
        making, self._making = self._making, None
        if making is None:
            return None
        made = await making
        for moved in made.moved:
            now = held.get(moved.before.partition)
            if now is None or not now.is_same_place(moved.before):
                return None
            moved.before = now  # The same place, with the offset that Kafka gave it meanwhile.
        return made if made.moved else None

    async def drop(self) -> None:
        """Throw away what was read ahead; its statements have ended when this returns."""
        making, self._making = self._making, None
        if making is not None:
            await _end(making)
        # Looked at last, because what was being made may have begun it.
        reading, self._reading = self._reading, None
        if reading is not None:
            await _end(reading[1])

    async def _page_behind(self, held: Held) -> Page:
        """Return the page that was read behind just these places, else read it."""
        reading, self._reading = self._reading, None
        if reading is not None:
            places, task = reading
            try:
                page = await task
            except asyncio.CancelledError:
                await _end(task)
                raise
            if places.keys() == held.keys() and all(
                place.is_same_place(held[partition]) for partition, place in places.items()
            ):
                return page
        return await self._outbox.page(held)


def _behind(page: Page, held: Held) -> dict[int, Checkpoint]:
    """Return the checkpoints once all of the page is sent."""
    last = {row[0]: row for row in page}
    number_of = Counter(row[0] for row in page)
    return {
        partition: checkpoint
        if partition not in last
        else replace(
            checkpoint,
            txid=last[partition][1],
            position=last[partition][2],
            feed_position=checkpoint.feed_position + number_of[partition],
        )
        for partition, checkpoint in held.items()
    }


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel a task; when this returns it has ended, and its failure is taken.

    Nobody needs to be told of it: reading again finds it again.
    """
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
