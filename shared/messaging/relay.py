"""What the store has, Kafka gets: in order, numbered, at least once, whatever dies.

A relay leads the partitions whose lease it holds. Each round it reads a page, sends one batch per
partition, waits for every acknowledgement and only then moves the checkpoints; so after any
failure it sends again from the checkpoint, and consumers drop what they have (DESIGN §4).
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.clock import Clock
from shared.errors import UnavailableError
from shared.messaging.account import RelayAccount, RelayStatus
from shared.messaging.clients import is_compressed, new_producer
from shared.messaging.headers import source_of
from shared.messaging.leading import Leadership
from shared.messaging.log_check import BrokerSilentError, LogState, check_log, end_check
from shared.messaging.outbox import Checkpoint, LeaseLostError, Outbox
from shared.messaging.reading_ahead import ReadAhead
from shared.messaging.sending import (
    RENEW_EVERY_SECONDS,
    LogEmptiedError,
    NoAcknowledgementError,
    TopicMisshapenError,
    send_round,
    trace_round,
)
from shared.messaging.topics import Topic, ensure_topics
from shared.observability.metrics import UNMEASURED, Metrics
from shared.observability.traces import Tracing, follow_trace
from shared.observability.work import Work
from shared.settings import KafkaSettings

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 0.002
LONGEST_WAIT_SECONDS = 0.1
CHECK_EVERY_SECONDS = 5.0
SWEEP_EVERY_SECONDS = 3600.0
KEPT = timedelta(days=7)
PAUSE_AFTER_FAILURE_SECONDS = 0.2

KAFKA_FAILED = (NoAcknowledgementError, BrokerSilentError, KafkaError)
RETRIED = (
    *KAFKA_FAILED,
    LeaseLostError,
    TopicMisshapenError,
    LogEmptiedError,
    UnavailableError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


class Relay:
    """Sends one topic's events; `run` ends only when told to stop."""

    def __init__(
        self,
        outbox: Outbox,
        settings: KafkaSettings,
        topic: Topic,
        service: str,
        clock: Clock,
        tracing: Tracing,
        *,
        wake: asyncio.Event | None = None,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._outbox = outbox
        self._settings = settings
        self._topic = topic
        self._service = service
        self._clock = clock
        self._tracing = tracing
        self._ahead = ReadAhead(outbox, is_compressed=is_compressed(settings))
        self._wake = wake or asyncio.Event()
        self._leadership = Leadership(outbox, service, clock)
        self._checked: set[int] = set()
        self._check: asyncio.Task[LogState] | None = None
        self._looked_at: list[Checkpoint] = []
        self._account = RelayAccount(topic.name, clock, metrics)

    @property
    def status(self) -> RelayStatus:
        """What this relay has done."""
        return self._account.status

    @property
    def is_checked(self) -> bool:
        """Say whether it leads, and found that the store did not go back behind what Kafka has."""
        return bool(self._held) and self._held.keys() <= self._checked

    def work(self) -> Work:
        """Return what this relay did last."""
        return self._account.work()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whatever can be led until `stop` is set; failures are logged and tried again."""
        while not stop.is_set():
            producer = new_producer(self._settings)
            try:
                await ensure_topics(self._settings, [self._topic])
                await self._outbox.prepare()
                await producer.start()
                await self._lead(producer, stop)
            except RETRIED as error:
                self._failed(error)
                if isinstance(error, KAFKA_FAILED):
                    # Another relay may still reach Kafka.
                    await self._give_up_leases()
                await _pause(stop, PAUSE_AFTER_FAILURE_SECONDS)
            finally:
                await self._ahead.drop()
                await self._drop_check()
                await _close(producer)
        await self._give_up_leases()

    async def _lead(self, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        """Send rounds; raise on the first failure, so that a new producer starts from the store."""
        self._checked.clear()
        checked = swept = 0.0
        wait = FIRST_WAIT_SECONDS
        while not stop.is_set():
            await self._lead_what_is_ours()
            now = self._clock.monotonic()
            if self._held.keys() - self._checked:
                # Newly led: nothing is sent before it is known what Kafka has.
                await self._begin_check(to_the_end=True)
                await self._end_check()
                checked = now
            elif self._held and self._check is None and now - checked >= CHECK_EVERY_SECONDS:
                await self._begin_check()
                checked = now
            if self._check is not None and self._check.done():
                await self._end_check()
            if now - swept >= SWEEP_EVERY_SECONDS and self._held:
                await self._outbox.sweep(self._clock.now() - KEPT)
                swept = now
            if self._held and await self._round(producer):
                wait = FIRST_WAIT_SECONDS
                continue
            await self._sleep(self._leadership.wait_at_most(wait))
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    @property
    def _held(self) -> dict[int, Checkpoint]:
        return self._leadership.held

    async def _lead_what_is_ours(self) -> None:
        await self._leadership.claim_if_due()
        self._checked &= self._held.keys()
        self._account.leads(len(self._held))

    async def _begin_check(self, *, to_the_end: bool = False) -> None:
        """Begin to look whether Kafka still has what it acknowledged, while rounds go on.

        With `to_the_end` only partitions that are newly led are looked at.
        """
        await self._drop_check()
        known = self._checked if to_the_end else set()
        self._looked_at = [c for p, c in self._held.items() if p not in known]
        look = self._look(self._looked_at, to_the_end=to_the_end)
        self._check = asyncio.create_task(look)

    async def _look(self, checkpoints: list[Checkpoint], *, to_the_end: bool) -> LogState:
        """Look for the records at the checkpoints and, where they lie before, at the anchors."""
        anchors = await self._outbox.anchors.before(checkpoints)
        check = partial(check_log, self._settings, self._topic.name, source_of(self._service))
        state = await check(checkpoints, to_the_end=to_the_end)
        if anchors:
            state.lost |= (await check(anchors, to_the_end=False)).lost
        return state

    async def _end_check(self) -> None:
        """Act on what the check found, waiting for it if need be, with the lease renewed."""
        check = self._check
        if check is None:
            return
        while not check.done():
            await asyncio.wait([check], timeout=RENEW_EVERY_SECONDS)
            await self._leadership.renew()
        self._check = None
        state = check.result()
        if not self._held:
            return  # what was looked at is another relay's by now
        epoch = self._leadership.epoch
        if state.newest_epoch > epoch or not await self._outbox.has_all(state.beyond):
            await self._begin_next_epoch(epoch, state.newest_epoch)
            return
        self._checked = set(self._held)
        self._account.looked()
        await self._outbox.anchors.keep(c for c in self._looked_at if c.partition not in state.lost)
        if state.lost:
            await self._start_over(state.lost & self._held.keys())

    async def _drop_check(self) -> None:
        check, self._check = self._check, None
        if check is not None:
            await end_check(check)

    async def _start_over(self, lost: Iterable[int]) -> None:
        partitions = sorted(lost)
        self._account.refills([self._held[p] for p in partitions])
        await self._outbox.start_over(partitions)
        await self._leadership.claim()

    async def _begin_next_epoch(self, epoch: int, newest: int) -> None:
        reason = "Kafka has events that the store does not have: the store went back in time"
        await self._outbox.epochs.begin_next_epoch(epoch, reason, above=newest)
        self._checked.clear()
        await self._leadership.claim()

    async def _round(self, producer: AIOKafkaProducer) -> bool:
        """Send one page; False if there was nothing to send."""
        made = await self._ahead.take(self._held)
        if made is None:
            made = await self._ahead.read(self._held, self._leadership.heads)
        if not made.moved:
            return False
        follow_trace(made.first_trace)
        start_ns = time.time_ns()
        self._ahead.begin(made, self._held, self._leadership.heads)
        await send_round(producer, self._topic.name, made, self._leadership.renew)
        await self._outbox.advance(made.moved, self._clock.now())
        for moved in made.moved:
            self._held[moved.before.partition] = moved.after()
        await self._outbox.anchors.begin(self._held, [m.before.partition for m in made.moved])
        trace_round(self._tracing, self._topic.name, made, start_ns)
        self._account.sent(made.events, start_ns, self._held)
        follow_trace(None)
        return True

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
        self._wake.clear()

    def _failed(self, error: BaseException) -> None:
        self._leadership.lose()
        self._account.failed(error)
        follow_trace(None)

    async def _give_up_leases(self) -> None:
        try:
            await self._leadership.give_up()
        except RETRIED as error:
            log.warning(
                "the leases could not be given up and run out by themselves",
                extra={"error": type(error).__name__},
            )


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _close(producer: AIOKafkaProducer) -> None:
    """Throw a producer away; what it had not sent is still in the store."""
    try:
        await asyncio.wait_for(producer.stop(), 2)
    except (KafkaError, OSError, TimeoutError) as error:
        log.info("a producer did not close cleanly", extra={"error": type(error).__name__})
