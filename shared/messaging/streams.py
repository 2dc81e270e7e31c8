"""Live figures are made of a topic by Faust, and no event is lost to an exception on the way.

Faust acks and skips an event whose agent raised, and acks a batch that it gave out when the agent
is cancelled. So no exception ever leaves the agent, and an event is acked by us alone: after what
it changed was published. After a death what was not committed is done again (at least once).
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Protocol, cast

import faust
from faust.types import TP, EventT, StreamT

from shared.clock import Clock
from shared.errors import UnavailableError
from shared.messaging.faust_app import is_started, new_app, position_of
from shared.messaging.headers import ReceivedEvent, received
from shared.messaging.stream_watch import FIX, StreamWatch
from shared.messaging.topics import Topic
from shared.observability.metrics import Metrics
from shared.observability.work import Deeds, Work
from shared.settings import KafkaSettings

TRIES = 3
LOOK_EVERY_SECONDS = 5.0
PUBLISH_EVERY_SECONDS = 1.0
STOP_WITHIN_SECONDS = 1.5
MOST_PARTS = 20
PART_ENDS_WITHIN_SECONDS = 0.05

log = logging.getLogger(__name__)


class Handler(Protocol):
    """What is done with the events of a topic; all of it may happen again after a death."""

    async def take(self, event: ReceivedEvent) -> None:
        """Work one event into what is kept in memory.

        UnavailableError is waited for. Whatever else it raises three times sets this one event
        aside, with a critical log line and a metric; the others go on.
        """
        ...

    async def flush(self) -> None:
        """Publish what changed; once it returns, Kafka is told that the events are done.

        Raises:
            UnavailableError: not now; it is called again, and nothing is acked before.
        """
        ...

    def forget(self, partitions: Collection[int]) -> None:
        """Drop what is kept of partitions that another process may have from now on."""
        ...


class LiveStream:
    """One Faust worker: feeds a topic to a handler; `run` once, it cannot be started again."""

    def __init__(
        self,
        name: str,
        topic: Topic,
        source: str,
        handler: Handler,
        settings: KafkaSettings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """Name it as its group: processes with the same name share the partitions."""
        self._name = name
        self._topic = topic
        self._handler = handler
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._deeds = Deeds(f"streams {name}")
        self._watch = StreamWatch(settings, topic, source, clock)
        self._taken: list[EventT[bytes]] = []
        self._busy = asyncio.Lock()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def work(self) -> Work:
        """Return what the worker did last: published, or found nothing new."""
        return self._deeds.seen(self._clock.monotonic())

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set.

        Raises:
            UnavailableError: the worker stands still, or its log was emptied: only a new process
                helps, which whoever keeps this one running starts.
        """
        app = new_app(self._name, self._settings)
        source = app.topic(self._topic.name, key_serializer="raw", value_serializer="raw")
        app.agent(source, name=self._name, concurrency=1)(self._agent)
        app.on_partitions_revoked.connect(self._revoked)
        try:
            if await is_started(app, stop):
                await self._until_ended(app, stop)
        finally:
            await self._end(app)

    async def _until_ended(self, app: faust.App, stop: asyncio.Event) -> None:
        """Wait until `stop` is set; raise what ended the worker before."""
        tasks = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(app.wait_until_stopped()),
            asyncio.create_task(self._keep_publishing()),
            asyncio.create_task(self._keep_watching(app)),
        ]
        waiting: list[asyncio.Future[Any]] = [*tasks, self._broken]
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
            if not stop.is_set():
                raise UnavailableError("Faust gave up; the log says why", fix=FIX)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _agent(self, stream: StreamT[Any]) -> None:
        """Take every event, whatever happens; acks are ours (`noack`)."""
        async for event in cast("faust.Stream[bytes]", stream).noack().events():
            async with self._busy:
                await self._take(event)

    async def _take(self, event: EventT[bytes]) -> None:
        message = event.message
        read = received(message)
        try:
            self._watch.given(message.partition, message.offset, read)
        except UnavailableError as error:
            if not self._broken.done():
                self._broken.set_exception(error)
            return  # Not acked: nobody may take it as done.
        try:
            if read is not None:
                await self._try(read)
            self._taken.append(event)
        finally:
            self._watch.taken()

    async def _try(self, event: ReceivedEvent) -> None:
        """Hand one event over; one that cannot be taken is set aside, and told."""
        failures = 0
        while True:
            try:
                await self._handler.take(event)
            except UnavailableError as error:
                log.warning("a live stream waits", extra={"problem": error.detail})
                await asyncio.sleep(PUBLISH_EVERY_SECONDS)
            except Exception:
                failures += 1
                log.exception("an event could not be taken", extra={"event_id": event.event_id})
                if failures == TRIES:
                    self._set_aside(event)
                    return
            else:
                return

    def _set_aside(self, event: ReceivedEvent) -> None:
        """The event itself stays in the store and on Kafka; what is missing is its effect here."""
        self._metrics.count("daybook_stream_set_aside_total", 1, self._name)
        told = {
            "stream": self._name, "event_id": event.event_id, "event_type": event.type,
            "topic": event.topic, "partition": event.partition, "offset": event.offset,
        }  # fmt: skip
        log.critical("an event was set aside: the live figures miss it", extra=told)

    async def _keep_publishing(self) -> None:
        while True:
            await asyncio.sleep(PUBLISH_EVERY_SECONDS)
            await self._publish()

    async def _publish(self) -> None:
        """Publish, then ack: in this order, so that nothing is missing after a death."""
        async with self._busy:
            done, self._taken = self._taken, []
            try:
                await self._handler.flush()
            except UnavailableError as error:
                self._taken = done + self._taken
                self._deeds.failed("cannot publish", self._clock.monotonic())
                log.warning("a live stream cannot publish", extra={"problem": error.detail})
                return
            for event in done:
                event.ack()
            if done:
                self._metrics.count("daybook_stream_events_total", len(done), self._name)
                self._deeds.succeeded("published", self._clock.monotonic())

    async def _keep_watching(self, app: faust.App) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self._watch.refuse_to_hang()
            positions = {
                place.partition: await position_of(app, place)
                for place in app.consumer.assignment()
                if place.topic == self._topic.name
            }
            if positions and await self._watch.look(positions):
                self._deeds.did("looked at Kafka's log", self._clock.monotonic())

    async def _revoked(self, *told: Any, signal: object, **_more: Any) -> None:  # noqa: ANN401 - so Faust calls
        """Let go: what was not published of these partitions is done again by whoever has them."""
        async with self._busy:
            revoked: Collection[TP] = told[-1]
            gone = {place.partition for place in revoked if place.topic == self._topic.name}
            self._taken = [e for e in self._taken if e.message.partition not in gone]
            self._handler.forget(gone)
            self._watch.forget(gone)

    async def _end(self, app: faust.App) -> None:
        """Publish and commit the last events, if Kafka lets us; what is left is done again.

        Each service of Faust takes a cancellation for the end of one of its parts and goes on
        with the next, so that many are needed; if even they do not help, it is left to itself.
        """
        ending = asyncio.create_task(self._publish_and_stop(app))
        await asyncio.wait([ending], timeout=STOP_WITHIN_SECONDS)
        for _ in range(MOST_PARTS):
            if ending.done():
                break
            ending.cancel()
            await asyncio.wait([ending], timeout=PART_ENDS_WITHIN_SECONDS)
        else:
            log.warning("Faust does not end", extra={"stream": self._name})
            return
        with suppress(asyncio.CancelledError):
            ending.result()

    async def _publish_and_stop(self, app: faust.App) -> None:
        try:
            await self._publish()
        finally:
            await app.stop()
