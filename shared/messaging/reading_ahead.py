"""While Kafka acknowledges one round, the next is read and packed, so neither waits for the other.

What is read ahead is only a promise: it is sent if the checkpoints have become exactly what it was
read behind, and otherwise thrown away and read again. So it can never change what is sent.
"""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer

from shared.messaging.headers import Header
from shared.messaging.outbox import Checkpoint, Outbox
from shared.messaging.sending import Round, make_round

WORTH_IT_EVENTS = 200


class ReadAhead:
    """At most one round, read and packed before its turn."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._making: asyncio.Task[Round] | None = None

    def begin(
        self,
        producer: AIOKafkaProducer,
        under_way: Round,
        held: Mapping[int, Checkpoint],
        fixed: list[Header],
    ) -> None:
        """Begin with what follows `under_way`, unless that is so small that nothing may follow."""
        if self._making is None and under_way.events >= WORTH_IT_EVENTS:
            after = {**held, **{m.before.partition: m.after() for m in under_way.moved}}
            self._making = asyncio.create_task(self.read(producer, after, fixed))

    async def read(
        self, producer: AIOKafkaProducer, held: Mapping[int, Checkpoint], fixed: list[Header]
    ) -> Round:
        """Read and pack what is to be sent next behind these checkpoints."""
        page = await self._outbox.page(held)
        return make_round(producer, page, held, fixed)

    async def take(self, held: Mapping[int, Checkpoint]) -> Round | None:
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
        """Throw away what was read ahead; its statement has ended when this returns."""
        making, self._making = self._making, None
        if making is not None:
            making.cancel()
            await asyncio.wait([making])
            if not making.cancelled():
                making.exception()  # taken, so that nobody is told: reading again finds it again
