"""Readers of one group share the partitions of a topic, and take over from one that dies.

What Kafka says about who has a partition is only an arrangement, so that nobody does work twice:
a reader that does not know yet that a partition left it is stopped by the marks in PostgreSQL.
No offset is committed, because nobody would read it back.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener


class Share(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """The partitions that one consumer has now: all of them, or what its group leaves it.

    What a group gives is paused; whoever reads it seeks first, and resumes it.
    """

    def __init__(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._settled = asyncio.Event()
        self._working = asyncio.Lock()
        self.partitions: frozenset[int] = frozenset()
        self.number = 0
        """Counts how often they were shared out; what was read of an earlier share is void."""

    def take_all(self, partitions: Collection[int]) -> None:
        """Read all of them, whoever else does."""
        self._consumer.assign([TopicPartition(self._topic, p) for p in partitions])
        self._settle(partitions)

    async def join(self) -> bool:
        """Begin to share them with the others of the consumer's group; False: no such topic yet."""
        if self._topic not in await self._consumer.topics():
            return False
        self._consumer.subscribe([self._topic], listener=self)
        return True

    async def is_settled(self, within: float) -> bool:
        """Say whether it is known what this consumer has; wait for that for so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), within)
        return self._settled.is_set()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[int]:
        """Let no partition be taken away meanwhile; gives the number of the share."""
        async with self._working:
            yield self.number

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """End what is under way; the group waits for this, though no longer than it must."""
        self._settled.clear()
        async with self._working:
            self.partitions = frozenset()
            self.number += 1

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Take what this consumer has from now on."""
        self._consumer.pause(*assigned)
        self._settle([place.partition for place in assigned])

    def _settle(self, partitions: Collection[int]) -> None:
        self.partitions = frozenset(partitions)
        self.number += 1
        self._settled.set()
