"""A consumer that no longer reads what is there is noticed, by somebody who reads beside it.

Clients have been seen that live, hold their partitions and fetch nothing, after a rebalance or a
broken connection (notes of aiokafka #847, faust #629). Only another reader can tell silence from
an idle topic: the log watch, which asks for the end of every partition each five seconds.
"""

import asyncio

from aiokafka import AIOKafkaConsumer

from shared.clock import Clock
from shared.messaging.log_watch import LogWatch

STUCK_AFTER_SECONDS = 10.0
# A client whose fetching died never comes to know where it stands after it was sent elsewhere.
ANSWER_WITHIN_SECONDS = 2.0


class ConsumerStuckError(Exception):
    """The consumer gives nothing though its partitions hold more; only a new one helps."""


class Watchdog:
    """Watches one consumer by the ends that a log watch found."""

    def __init__(self, log_watch: LogWatch, clock: Clock) -> None:
        self._log_watch = log_watch
        self._clock = clock
        self._fed_at = 0.0

    def fed(self) -> None:
        """Note that the consumer gave something, or is new."""
        self._fed_at = self._clock.monotonic()

    async def watch(self, consumer: AIOKafkaConsumer) -> None:
        """Look at a consumer that gave nothing just now.

        Raises:
            ConsumerStuckError: it gave nothing for ten seconds, and a look since then found more.
        """
        if self._clock.monotonic() - self._fed_at < STUCK_AFTER_SECONDS:
            return
        if self._log_watch.seen_at <= self._fed_at:
            return  # Nobody has looked since, so nothing is known.
        for place in consumer.assignment():
            end = self._log_watch.ends.get(place.partition, 0)
            try:
                position = await asyncio.wait_for(consumer.position(place), ANSWER_WITHIN_SECONDS)
            except TimeoutError:
                position = -1
            if end > position:
                raise ConsumerStuckError(
                    f"partition {place.partition} of {place.topic} holds more, and nothing comes"
                )
