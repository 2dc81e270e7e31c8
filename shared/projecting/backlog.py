"""Whoever writes or reads is told when changes become visible late; nobody is refused for it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.clock import Clock
from shared.errors import DaybookError
from shared.observability.alarms import Alarm
from shared.observability.failures import said_of
from shared.observability.metrics import Metrics
from shared.projecting.lag import LagMeter, WayLag

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Behind:
    """One way that is behind: its oldest event was recorded then and has not got there."""

    way: str
    topic: str
    projection: str
    since: datetime
    seconds: float
    is_late: bool


class BacklogWatch:
    """Measures every five seconds; what it saw last costs a request nothing.

    What Kafka gets again is no backlog of its own: whether a change of today waits for it shows in
    the read models. What could not be measured stays as it was: a read model is never older.
    """

    def __init__(
        self,
        meter: LagMeter,
        clock: Clock,
        metrics: Metrics,
        *,
        late_after_seconds: float,
        dated_after_seconds: float,
    ) -> None:
        """Know when writes are warned and an alarm raised, and when reads say data as of."""
        self._meter = meter
        self._clock = clock
        self._late_after = late_after_seconds
        self._dated_after = dated_after_seconds
        self._alarm = Alarm("far-behind", metrics)
        self.behind: Sequence[Behind] = ()
        """The ways on which something waits for longer than reads may leave unsaid."""
        self.late_since: datetime | None = None
        """Changes from then on are visible late; None as long as nobody who writes need know."""

    async def run(self, stop: asyncio.Event) -> None:
        """Keep looking until `stop` is set."""
        while not stop.is_set():
            try:
                await self.look()
            except (DaybookError, asyncpg.PostgresError) as error:
                # Who only measures must not end an api that can write.
                log.warning(
                    "how far behind all are could not be measured",
                    extra={"problem": said_of(error)},
                )
            try:
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_SECONDS)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Look now; sound the alarm or end it.

        Raises:
            UnavailableError: the store does not answer.
        """
        lags = await self._meter.measure(at_most=0)
        waiting = [self._behind(way) for way in (*lags.relay, *lags.projections)]
        self.behind = [each for each in waiting if each and each.seconds > self._dated_after]
        late = [each for each in self.behind if each.is_late]
        ours = [each.since for each in late if each.topic == self._meter.followed_topic]
        self.late_since = min(ours, default=None)
        self._tell(late)

    def as_of(self, projection: str) -> datetime | None:
        """Return until when the read model is complete, if that is too long ago; else None."""
        return next((each.since for each in self.behind if each.projection == projection), None)

    def _behind(self, way: WayLag) -> Behind | None:
        if way.since is None or way.state == "refilling":
            return None
        seconds = round((self._clock.now() - way.since).total_seconds(), 1)
        is_late = seconds > self._late_after
        return Behind(way.name, way.topic, way.projection, way.since, seconds, is_late)

    def _tell(self, late: Sequence[Behind]) -> None:
        if not late:
            self._alarm.heal("changes are visible in time again")
            return
        worst = max(late, key=lambda each: each.seconds)
        self._alarm.sound(
            "changes are stored and become visible late", way=worst.way, age_seconds=worst.seconds
        )
