"""What is derived from events goes to a topic of its own, acknowledged before we go on.

It has no place in a store's log, so its headers are those of CloudEvents alone.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.errors import UnavailableError
from shared.events import EventToAppend
from shared.messaging.clients import new_producer
from shared.messaging.headers import Header, source_of
from shared.messaging.topics import Topic, drop_topic, ensure_topics
from shared.settings import KafkaSettings

ACKNOWLEDGED_WITHIN_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Derived:
    """One derived event: where it goes, what it is about, and when it was made."""

    partition: int
    subject: str
    event: EventToAppend
    at: datetime


class Publisher:
    """Publishes to one topic, which it makes if it is missing."""

    def __init__(
        self,
        settings: KafkaSettings,
        topic: Topic,
        service: str,
        *,
        within_seconds: float = ACKNOWLEDGED_WITHIN_SECONDS,
    ) -> None:
        """Publish to this topic; what is not acknowledged within so many seconds has failed."""
        self._within_seconds = within_seconds
        self._settings = settings
        self._topic = topic
        self._source = source_of(service).encode()
        self._producer: AIOKafkaProducer | None = None

    async def publish(self, events: Sequence[Derived]) -> None:
        """Return once Kafka has all of them; in each partition they lie in the given order.

        Raises:
            UnavailableError: Kafka does not take them now; some may lie there.
        """
        try:
            async with asyncio.timeout(self._within_seconds):
                producer = await self._open()
                sent = [await self._send(producer, each) for each in events]
                await asyncio.gather(*sent)
        except (KafkaError, OSError, TimeoutError) as error:
            # After a failure a producer may never recover.
            await self.close()
            raise UnavailableError(
                f"Kafka does not take {self._topic.name} ({type(error).__name__})",
                fix="start the broker; `daybook status` shows whether it runs",
                who_can_help="an operator",
                retry_after_seconds=1,
            ) from error

    async def forget(self) -> None:
        """Delete the topic on the embedded broker, which forgets nothing by itself.

        The next call makes it again.

        Raises:
            UnavailableError: the broker does not answer.
        """
        if self._settings.is_embedded:
            await self.close()
            await drop_topic(self._settings, self._topic)

    async def look(self) -> None:
        """Open anew if the embedded broker lost the topic: it takes records for one that is not.

        Raises:
            UnavailableError: the broker does not answer.
        """
        if self._settings.is_embedded and await ensure_topics(self._settings, [self._topic]):
            await self.close()

    async def close(self) -> None:
        """Close the connections; the next call opens them again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def _open(self) -> AIOKafkaProducer:
        if self._producer is None:
            await ensure_topics(self._settings, [self._topic])
            producer = new_producer(self._settings)
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _send(self, producer: AIOKafkaProducer, each: Derived) -> "asyncio.Future[object]":
        return await producer.send(  # type: ignore[no-any-return]
            self._topic.name,
            each.event.data,
            key=each.subject.encode(),
            partition=each.partition,
            headers=derived_headers(self._source.decode(), each),
        )


def derived_headers(source: str, each: Derived) -> list[Header]:
    """Return the headers of a derived event."""
    event = each.event
    schema = f"urn:daybook:schema:{event.type}:{event.schema_version}"
    return [
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_source", source.encode()),
        ("ce_id", str(event.event_id).encode()),
        ("ce_type", event.type.encode()),
        ("ce_subject", each.subject.encode()),
        ("ce_time", f"{each.at:%Y-%m-%dT%H:%M:%S.%fZ}".encode()),
        ("ce_dataschema", schema.encode()),
    ]
