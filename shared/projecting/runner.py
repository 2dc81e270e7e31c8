"""A read model applies each event once: read model and marks change in one transaction.

Whatever comes twice, late, reordered or from a zombie is settled by the marks (DESIGN §4, §5):
the compare-and-set of a mark fails, the transaction rolls back, and the runner reads on from
what is true now. On Apache Kafka the runners of one version share the partitions as a group; each
time they are shared out anew, a runner reads on from the marks of those that are its own now.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.clock import Clock
from shared.eventstore.codec import Ciphers, EventCodec
from shared.messaging.clients import new_consumer, start_consumer
from shared.messaging.headers import ReceivedEvent
from shared.messaging.log_watch import LogWatch
from shared.messaging.sharing import Share
from shared.messaging.watchdog import Watchdog
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing, follow_trace
from shared.observability.work import Deeds, Work
from shared.postgres.lanes import Lanes
from shared.projecting.applied import Projection
from shared.projecting.applying import Applier
from shared.projecting.gaps import Gap
from shared.projecting.judging import Judging, Moves
from shared.projecting.marks import SWEEP, Followed, Mark, MarkMovedError, group_of, read_marks
from shared.projecting.store_feed import SourceFeed, marks_after
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)

Records = Mapping[TopicPartition, Sequence[object]]

POLL_MS = 500
MAX_RECORDS = 1_000
REWIND_PAUSE_SECONDS = 0.25
SWEEP_EVERY_SECONDS = 3600.0
KEPT = timedelta(days=7)
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
LOOK_FOR_TOPIC_SECONDS = 0.5


@dataclass(slots=True)
class RunnerStatus:
    """What the runner has done, for health."""

    is_following: bool = False
    partitions: frozenset[int] = frozenset()
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
        feed: SourceFeed | None = None,
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
        self._judging = Judging(followed.source, clock)
        self._begun = 0
        self._log_watch = LogWatch(settings, followed.topic, followed.source, clock)
        self._watchdog = Watchdog(self._log_watch, clock)
        self._swept = 0.0
        self.status = RunnerStatus()
        self._deeds = Deeds(f"projector {followed.projection}")

    def work(self) -> Work:
        """Return what this runner did last: an applied batch, or a look at an idle log.

        One that stands by, because the others of its group have all partitions, is well.
        """
        now = self._clock.monotonic()
        if self._log_watch.seen_at > (self.status.last_batch_at or 0.0):
            did = "looked at Kafka's log" if self._judging.marks else "looked at Kafka: stands by"
            self._deeds.did(did, self._log_watch.seen_at)
        return self._deeds.seen(now)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the topic until `stop` is set; failures are logged and tried again."""
        pause = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            applied = self.status.events_applied
            try:
                await self._follow(stop)
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
        group = await self._make_marks()
        consumer = new_consumer(self._settings, max_poll_records=MAX_RECORDS, group=group)
        share = Share(consumer, self._followed.topic)
        try:
            await start_consumer(consumer)
            if group is None:
                share.take_all(range(self._followed.partitions))
                await self._begin(consumer, share)
                await self._read_again(consumer, await self._log_watch.look(self._judging.places))
            while group is not None and not stop.is_set() and not await share.join():
                await _pause(stop, LOOK_FOR_TOPIC_SECONDS)
            while not stop.is_set():
                await self._turn(consumer, share, stop)
                await self._sweep()
        finally:
            await self._log_watch.stop()
            await consumer.stop()

    async def _make_marks(self) -> str | None:
        """Return the group whose members share the partitions; None where all read all."""
        self._begun = 0
        async with self._lanes.lane() as connection:
            await read_marks(connection, self._followed)  # Also while there is no topic yet.
            if self._settings.shares_partitions:
                return await group_of(connection, self._followed)
        return None

    async def _turn(self, consumer: AIOKafkaConsumer, share: Share, stop: asyncio.Event) -> None:
        """Take what has come, or look whether nothing has to."""
        if not await share.is_settled(POLL_MS / 1000):
            return
        async with share.held() as number:
            if number != self._begun:
                await self._begin(consumer, share)
        records = await consumer.getmany(timeout_ms=POLL_MS)
        async with share.held() as number:
            if number != self._begun:
                return  # Whoever has these partitions now reads them again from their marks.
            if records:
                self._watchdog.fed()
                await self._take_what_is_ours(consumer, records, stop)
            else:
                await self._watchdog.watch(consumer)
            await self._read_again(consumer, self._log_watch.changed(self._judging.places))

    async def _begin(self, consumer: AIOKafkaConsumer, share: Share) -> None:
        """Start behind the marks of the partitions that are ours from now on."""
        async with self._lanes.lane() as connection:
            marks = await read_marks(connection, self._followed)
        self._judging.begin(marks, share.partitions)
        for partition, mark in self._judging.marks.items():
            consumer.seek(self._place(partition), mark.kafka_offset + 1)
        consumer.resume(*map(self._place, self._judging.marks))
        self._log_watch.look_soon()
        self._watchdog.fed()
        self._begun = share.number
        self.status.partitions = frozenset(self._judging.marks)
        self.status.is_following = True

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self._followed.topic, partition)

    async def _read_again(self, consumer: AIOKafkaConsumer, changed: Collection[int]) -> None:
        """Read partitions whose log is another one from their beginning, if they are still ours."""
        ours = sorted(self._judging.marks.keys() & changed)
        if ours:
            log.warning(
                "the log was emptied and filled again; it is read from its beginning",
                extra={"partitions": ours},
            )
            await consumer.seek_to_beginning(*map(self._place, ours))

    async def _take_what_is_ours(
        self, consumer: AIOKafkaConsumer, records: Records, stop: asyncio.Event
    ) -> None:
        try:
            await self._take(consumer, records)
        except MarkMovedError:
            log.warning("another runner moved a mark; reading on from there")
            self.status.is_following = False
            self._begun = 0
            await _pause(stop, FIRST_PAUSE_SECONDS)

    async def _take(self, consumer: AIOKafkaConsumer, records: Records) -> None:
        """Judge what came and apply what is next, all partitions in one transaction."""
        events: list[ReceivedEvent] = []
        moves: dict[int, tuple[Mark, Mark]] = {}
        for place, batch in records.items():
            its = self._judging.next_of(place.partition, batch)
            if its:
                mark = self._judging.marks[place.partition]
                moves[place.partition] = mark, mark.after(its[-1])
                events += its
        if events:
            follow_trace(events[0].traceparent)
            await self._apply(events, moves)
            follow_trace(None)
        early = [place for place in records if self._judging.has_gap(place.partition)]
        if any([await self._hold(consumer, place) for place in early]):
            await asyncio.sleep(REWIND_PAUSE_SECONDS)

    async def _apply(self, events: Sequence[ReceivedEvent], moves: Moves) -> None:
        await self._applier.apply(events, list(moves.values()))
        self._judging.moved(moves)
        self.status.events_applied += len(events)
        self.status.last_batch_at = self._clock.monotonic()
        self._deeds.succeeded("applied a batch", self.status.last_batch_at)

    async def _hold(self, consumer: AIOKafkaConsumer, place: TopicPartition) -> bool:
        """Read on to the end of the partition, then again from its earliest record.

        Returns whether it was read again before, in vain: then there is no hurry. What stays away
        comes from the store; behind another life of the store there is nothing to wait for.
        """
        if await consumer.position(place) < (consumer.highwater(place) or 0):
            return False
        gap = self._judging.gap(place.partition)
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
        partition, marks = gap.mark.partition, self._judging.marks
        while missing := gap.event.feed_position - 1 - marks[partition].feed_position:
            page = await self._feed.behind(marks, {partition: min(missing, MAX_RECORDS)})
            if page.epoch != gap.event.epoch or not page.events:
                log.critical("the store does not have them either", extra=gap.told)
                return
            await self._apply(page.events, marks_after(marks, page.events))
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
