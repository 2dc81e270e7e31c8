"""Whoever waits for an event to reach the readers of a topic reads the topic's end as they do."""

import asyncio
from collections.abc import Sequence

from aiokafka import ConsumerRecord

from shared.errors import NotYetError
from shared.eventstore.tokens import TokenPart
from shared.messaging.following import follow
from shared.messaging.headers import received
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings

Place = tuple[int, int, int]


class TopicTail:
    """Knows the newest event of one service in each partition of a topic; `run` keeps it known."""

    name = "readers"

    def __init__(self, settings: KafkaSettings, topic: Topic, source: str) -> None:
        self._settings = settings
        self._topic = topic
        self._source = source
        self._moved = asyncio.Event()
        self._newest: dict[int, Place] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set."""
        await follow(self._settings, self._topic, self._take, stop, begin="last")

    async def wait_for(self, token: Sequence[TokenPart], seconds: float) -> None:
        """Return once everything that the token has can be read from the topic.

        Raises:
            NotYetError: not within `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                while not all(map(self._has, token)):
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError as error:
            raise NotYetError(
                f"{self._topic.name} does not have the event yet, after {seconds:g} s",
                fix="`daybook lag` shows whether the relay is behind",
                who_can_help="an operator",
                retry_after_seconds=1,
            ) from error

    def _has(self, part: TokenPart) -> bool:
        place = part.epoch, part.txid, part.position
        return self._newest.get(part.partition, (0, 0, 0)) >= place

    def _take(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            event = received(record)
            if event is not None and event.source == self._source:
                self._newest[event.partition] = event.epoch, event.txid, event.position
        self._moved.set()
