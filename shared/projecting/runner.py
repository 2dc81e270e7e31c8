"""A read model applies each event once: read model and marks change in one transaction.

Whatever comes twice, late, reordered or from a zombie is settled by the marks (DESIGN §4, §5):
the compare-and-set of a mark fails, the transaction rolls back, and the runner reads on from
what is true now.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.clock import Clock
from shared.eventstore.codec import Ciphers, EventCodec
from shared.messaging.clients import new_consumer, start_consumer
from shared.messaging.headers import ReceivedEvent, received
from shared.messaging.log_watch import LogWatch
from shared.messaging.outbox import Checkpoint
from shared.messaging.watchdog import Watchdog
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing, follow_trace
from shared.observability.work import Deeds, Work
from shared.postgres.lanes import Lanes
from shared.projecting.applied import Projection
from shared.projecting.applying import Applier
from shared.projecting.gaps import Gap, Gaps, place_of
from shared.projecting.marks import (
    SWEEP,
    Followed,
    Mark,
    MarkMovedError,
    Verdict,
    judge,
    read_marks,
)
from shared.projecting.store_feed import StoreFeed, marks_after
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)

POLL_MS = 500
MAX_RECORDS = 1_000
REWIND_PAUSE_SECONDS = 0.25
SWEEP_EVERY_SECONDS = 3600.0
KEPT = timedelta(days=7)
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


@dataclass(slots=True)
class RunnerStatus:
    """What the runner has done, for health."""

    is_following: bool = False
    events_applied: int = 0
    last_batch_at: float | None = None
    last_failure: str | None = None
    gaps: int = 0


class ProjectionRunner:
    """Feeds one read model from Kafka; `run` ends only when told to stop."""

    def __init__(
        self,
        projection: Projection,
        followed: Followed,
        lanes: Lanes,
        codec: EventCodec,
        ciphers: Ciphers,
        settings: KafkaSettings,
        clock: Clock,
        tracing: Tracing,
        metrics: Metrics = UNMEASURED,
        *,
        feed: StoreFeed | None = None,
        on_new_epoch: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        """Keep the version that `followed` names, whose tables `lanes` see.

        What Kafka does not have comes from `feed`; `on_new_epoch` is told the epoch of a life of
        the store that this version cannot follow.
        """
        self._feed = feed
        self._on_new_epoch = on_new_epoch
        self._told_epoch = 0
        self._metrics = metrics
        self._followed = followed
        self._lanes = lanes
        self._settings = settings
        self._clock = clock
        self._applier = Applier(
            projection, followed, lanes, codec, ciphers, clock, tracing, metrics
        )
        self._marks: dict[int, Mark] = {}
        self._gaps = Gaps(clock)
        self._log_watch = LogWatch(settings, followed.topic, followed.source, clock)
        self._watchdog = Watchdog(self._log_watch, clock)
        self._swept = 0.0
        self.status = RunnerStatus()
        self._deeds = Deeds(f"projector {followed.projection}")

    def work(self) -> Work:
        """Return what this runner did last: an applied batch, or a look at an idle log."""
        now = self._clock.monotonic()
        if self._log_watch.seen_at > (self.status.last_batch_at or 0.0):
            self._deeds.did("looked at Kafka's log", self._log_watch.seen_at)
        return self._deeds.seen(now)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the topic until `stop` is set; failures are logged and tried again."""
        pause = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            applied = self.status.events_applied
            try:
                await self._follow(stop)
            except MarkMovedError:
                log.warning("another runner moved a mark; reading on from there")
            except Exception as error:
                # A server's fault, or ours: an event's fault would have been parked.
                self.status.last_failure = type(error).__name__
                self._deeds.failed(self.status.last_failure, self._clock.monotonic())
                self._metrics.count(
                    "daybook_projection_failures_total", 1, self._followed.projection
                )
                log.exception("the projection failed and starts again from its marks")
            follow_trace(None)
            self.status.is_following = False
            pause = FIRST_PAUSE_SECONDS if self.status.events_applied > applied else pause * 2
            await _pause(stop, min(pause, LONGEST_PAUSE_SECONDS))

    async def _follow(self, stop: asyncio.Event) -> None:
        async with self._lanes.lane() as connection:
            self._marks = await read_marks(connection, self._followed)
        consumer = new_consumer(self._settings, max_poll_records=MAX_RECORDS)
        try:
            await start_consumer(consumer)
            await self._assign(consumer)
            self.status.is_following = True
            self._watchdog.fed()
            while not stop.is_set():
                records = await consumer.getmany(timeout_ms=POLL_MS)
                if records:
                    self._watchdog.fed()
                    await self._take(consumer, records)
                else:
                    await self._watchdog.watch(consumer)
                await self._read_again(consumer, self._log_watch.changed(self._places()))
                await self._sweep()
        finally:
            await self._log_watch.stop()
            await consumer.stop()

    async def _assign(self, consumer: AIOKafkaConsumer) -> None:
        """Start behind the marks, or where the log is another one, at its beginning."""
        self._gaps.forget()
        changed = await self._log_watch.look(self._places())
        consumer.assign([TopicPartition(self._followed.topic, p) for p in self._marks])
        for partition, mark in self._marks.items():
            place = TopicPartition(self._followed.topic, partition)
            consumer.seek(place, mark.kafka_offset + 1)
        await self._read_again(consumer, changed)

    async def _read_again(self, consumer: AIOKafkaConsumer, changed: set[int]) -> None:
        if changed:
            log.warning(
                "the log was emptied and filled again; it is read from its beginning",
                extra={"partitions": sorted(changed)},
            )
            places = [TopicPartition(self._followed.topic, p) for p in changed]
            await consumer.seek_to_beginning(*places)

    def _places(self) -> list[Checkpoint]:
        """Return where the record of each mark should lie."""
        return [mark.place for mark in self._marks.values()]

    async def _take(
        self,
        consumer: AIOKafkaConsumer,
        records: Mapping[TopicPartition, Sequence[object]],
    ) -> None:
        """Judge what came and apply what is next, all partitions in one transaction."""
        events: list[ReceivedEvent] = []
        marks: dict[int, Mark] = {}
        for place, batch in records.items():
            before = len(events)
            self._judge(place.partition, batch, events)
            if len(events) > before:
                marks[place.partition] = self._marks[place.partition].after(events[-1])
        if events:
            follow_trace(events[0].traceparent)
            await self._applier.apply(events, [(self._marks[p], m) for p, m in marks.items()])
            self._applied(len(events), marks)
            follow_trace(None)
        early = [place for place in records if place.partition in self._gaps]
        if any([await self._hold(consumer, place) for place in early]):
            await asyncio.sleep(REWIND_PAUSE_SECONDS)

    def _judge(self, partition: int, batch: Sequence[object], events: list[ReceivedEvent]) -> None:
        """Add what is next in this partition to `events`; keep in mind what came too early.

        Reading goes on behind a gap, because what is missing may lie there: a log that was emptied
        may begin with a round that was sent before anybody knew. The furthest event that was
        passed over is kept until the mark has reached it.
        """
        mark = self._marks[partition]
        committed = (mark.epoch, mark.feed_position)
        at = (self._of_one_life(mark).epoch, mark.feed_position)
        for record in batch:
            event = received(record)
            if event is None or event.source != self._followed.source:
                continue
            verdict = judge(*at, event.epoch, event.feed_position)
            if verdict is Verdict.APPLY:
                at = place_of(event)
                events.append(event)
            elif verdict is not Verdict.DROP:
                self._gaps.pass_over(event)
            elif place_of(event) == committed:
                # The newest that is committed, come again: this is where it lies now.
                self._marks[partition] = mark.after(event)
        self._gaps.reached(partition, at)

    def _of_one_life(self, mark: Mark) -> Mark:
        """Return the mark as one of the epoch that the whole version is of, if it is of any."""
        return replace(mark, epoch=mark.epoch or max(m.epoch for m in self._marks.values()))

    def _applied(self, events: int, marks: Mapping[int, Mark]) -> None:
        self._marks.update(marks)
        for partition in marks:
            self._gaps.moved(partition)
        self.status.events_applied += events
        self.status.last_batch_at = self._clock.monotonic()
        self._deeds.succeeded("applied a batch", self.status.last_batch_at)

    async def _hold(self, consumer: AIOKafkaConsumer, place: TopicPartition) -> bool:
        """Read on to the end of the partition, then again from its earliest record.

        Returns whether it was read again before, in vain: then there is no hurry. What stays away
        comes from the store; behind another life of the store there is nothing to wait for.
        """
        if await consumer.position(place) < (consumer.highwater(place) or 0):
            return False
        gap = self._gaps.look(self._of_one_life(self._marks[place.partition]))
        self.status.gaps += 1
        if gap.is_new_epoch:
            await self._start_over(gap)
            return False
        if gap.is_new:
            log.warning("a gap: it is read again from the earliest record", extra=gap.told)
        elif gap.is_overdue:
            log.critical("a partition waits for events that Kafka does not have", extra=gap.told)
            await self._fill(gap)
        await consumer.seek_to_beginning(place)
        return not gap.is_new

    async def _fill(self, gap: Gap) -> None:
        """Apply from the store what lies before the event that came too early."""
        if self._feed is None:
            return
        partition = gap.mark.partition
        while missing := gap.event.feed_position - 1 - self._marks[partition].feed_position:
            page = await self._feed.behind(self._marks, {partition: min(missing, MAX_RECORDS)})
            if page.epoch != gap.event.epoch or not page.events:
                log.critical("the store does not have them either", extra=gap.told)
                return
            moves = marks_after(self._marks, page.events)
            await self._applier.apply(page.events, list(moves.values()))
            self._applied(len(page.events), {partition: moves[partition][1]})
        log.warning("the missing events were taken from the store", extra=gap.told)

    async def _start_over(self, gap: Gap) -> None:
        """Let a new version be begun; nothing of another life is applied onto these rows."""
        if gap.is_new:
            log.critical("the store has begun another life", extra=gap.told)
        if self._on_new_epoch is not None and gap.event.epoch > self._told_epoch:
            await self._on_new_epoch(gap.event.epoch)
            self._told_epoch = gap.event.epoch

    async def _sweep(self) -> None:
        now = self._clock.monotonic()
        if now - self._swept >= SWEEP_EVERY_SECONDS:
            self._swept = now
            await self._lanes.execute(SWEEP, self._clock.now() - KEPT)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
