"""An old canary is an alarm that says on which hop it stands; the api goes on all the same."""

import asyncio
from dataclasses import dataclass

from shared.errors import DaybookError
from shared.observability.alarms import Alarm
from shared.observability.metrics import Metrics
from shared.projecting.canary import CanaryKeeper
from shared.projecting.lag import LagMeter

LOOK_EVERY_SECONDS = 1.0
ANSWER_WITHIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class CanaryNews:
    """How old the last canary is, and where the one under way stands if that is too old."""

    age_seconds: float
    is_old: bool
    stands_at: str | None


class CanaryWatch:
    """Looks once a second; `news` is what it saw last."""

    def __init__(self, canary: CanaryKeeper, meter: LagMeter, metrics: Metrics) -> None:
        self._canary = canary
        self._meter = meter
        self._metrics = metrics
        self._alarm = Alarm("canary-old", metrics)
        metrics.found_out_by("canary", self._measure)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep looking until `stop` is set."""
        while not stop.is_set():
            await self.look()
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)
            except TimeoutError:
                continue

    async def look(self) -> CanaryNews:
        """Look now; sound the alarm or end it."""
        canary = self._canary
        age, is_old = round(canary.age_seconds, 1), canary.is_old
        if not is_old:
            self._alarm.heal("canaries arrive again", age_seconds=age)
            return CanaryNews(age, is_old=False, stands_at=None)
        hop = await self._hop()
        self._alarm.sound("no canary arrives any more", age_seconds=age, stands_at=hop)
        return CanaryNews(age, is_old=True, stands_at=hop)

    async def _hop(self) -> str:
        under_way = self._canary.under_way
        if under_way is None:
            why = self._canary.problem
            return f"the store ({why})" if why else "the store"
        try:
            is_sent = await asyncio.wait_for(self._meter.is_sent(under_way), ANSWER_WITHIN_SECONDS)
        except (DaybookError, TimeoutError):
            return "the store"
        return self._canary.last_hop if is_sent else "store → Kafka"

    async def _measure(self) -> None:
        self._metrics.set("daybook_canary_age_seconds", self._canary.age_seconds)
        if self._canary.last is not None:
            self._metrics.set("daybook_canary_trip_seconds", self._canary.last.trip_ms / 1000)
