"""No erasure stays half done: it is finished, every holder is asked until it answers, or it alarms.

A start looks at once, and then a look follows every few seconds; several processes may look at the
same erasure at the same moment.
"""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.customers.application.erasing import CustomerErasures, OpenErasure
from services.customers.application.holding import CopyHolders
from shared.clock import Clock
from shared.errors import DaybookError, UnavailableError
from shared.events import RecordedEvent
from shared.eventstore.store import EventStore
from shared.observability.alarms import Alarm
from shared.observability.metrics import UNMEASURED, Metrics
from shared.projecting.holders import ErasedSubject

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 30.0
LOOK_AT_OPEN_ONES_EVERY_SECONDS = 2.0
OVERDUE_AFTER_SECONDS = 3600.0


class ErasureWatcher:
    """Looks after open erasures; `run` ends only when told to stop."""

    def __init__(
        self,
        erasures: CustomerErasures,
        store: EventStore,
        copies: CopyHolders,
        clock: Clock,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        """Ask who holds copies; an erasure is complete when all of them have answered."""
        self._erasures = erasures
        self._store = store
        self._copies = copies
        self._clock = clock
        self._ledger_alarm = Alarm("erasure-ledger", metrics)
        self._told: dict[UUID, float] = {}
        self.oldest_seconds = 0.0
        """For how long the oldest open erasure has been open; 0 when none is."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; what fails is logged and tried again at the next look."""
        while not stop.is_set():
            pause = LOOK_AT_OPEN_ONES_EVERY_SECONDS
            try:
                if await self.look() == 0:
                    pause = LOOK_EVERY_SECONDS
            except (DaybookError, asyncpg.PostgresError, OSError) as error:
                log.warning(
                    "open erasures could not be looked at", extra={"error": type(error).__name__}
                )
            await self._pause(stop, pause)

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait until it is time to look again, or an erasure has begun here, or `stop` is set."""
        begun = self._erasures.begun
        waiting = [asyncio.create_task(each.wait()) for each in (stop, begun)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        begun.clear()

    async def look(self) -> int:
        """Do what can be done for every open erasure; return how many there were."""
        await self._look_at_ledger()
        open_ones = await self._erasures.incomplete()
        ages = [await self._attend(customer_id) for customer_id in open_ones]
        self.oldest_seconds = max(ages, default=0.0)
        self._told = {i: at for i, at in self._told.items() if i in open_ones}
        return len(open_ones)

    async def _look_at_ledger(self) -> None:
        try:
            await self._erasures.refuse_without_ledger()
        except UnavailableError as error:
            self._ledger_alarm.sound(
                "the erasure ledger cannot be written: nobody is erased", problem=error.detail
            )
        else:
            self._ledger_alarm.heal("the erasure ledger can be written again")

    async def _attend(self, customer_id: UUID) -> float:
        """Go on with one erasure and return its age in seconds; one that fails stops no other."""
        its = await self._erasures.load(customer_id)
        age = (self._clock.now() - its.opened.recorded_at).total_seconds()
        missing: Sequence[str] = ["subject-key"]
        try:
            erased = await self._erasures.finish(customer_id)
            missing = await self._ask(its, erased)
        except (DaybookError, asyncpg.PostgresError, OSError) as error:
            log.warning(
                "an erasure waits and is tried again",
                extra={"stream": its.opened.stream, "error": type(error).__name__},
            )
        if missing and age > OVERDUE_AFTER_SECONDS:
            self._alarm(its, age, missing)
        return age

    async def _ask(self, its: OpenErasure, erased: RecordedEvent) -> list[str]:
        """Ask every holder that has not answered; return those that still do not."""
        subject = ErasedSubject(
            erased.subject, erased.partition, await self._store.epoch(), erased.txid,
            erased.position, erased.recorded_at,
        )  # fmt: skip
        answering = [
            holder.name
            for holder in self._copies.ours
            if holder.name not in its.erasure.answered and await holder.has_erased(subject)
        ]
        names = await self._copies.names(its.erasure.kid)
        await self._erasures.note_answers(its, names, answering)
        return sorted(set(names) - its.erasure.answered - set(answering))

    def _alarm(self, its: OpenErasure, age: float, missing: Sequence[str]) -> None:
        """Say so when an erasure becomes overdue, and again as long as it is."""
        now = self._clock.monotonic()
        if now - self._told.get(its.customer_id, -OVERDUE_AFTER_SECONDS) < OVERDUE_AFTER_SECONDS:
            return
        self._told[its.customer_id] = now
        log.critical(
            "an erasure is overdue",
            extra={
                "stream": its.opened.stream,
                "missing": ", ".join(missing),
                "seconds": round(age),
            },
        )
