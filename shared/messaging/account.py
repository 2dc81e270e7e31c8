"""A relay gives account of what it did: to health, to the metrics, to the log after a refill."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.clock import Clock
from shared.messaging.outbox import Checkpoint
from shared.observability.metrics import Metrics
from shared.observability.work import Deeds, Work

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RelayStatus:
    """What the relay has done, for health, lag and the report after a start."""

    partitions_led: int = 0
    events_sent: int = 0
    last_acknowledged_at: float | None = None
    refill_events: int = 0
    refill_seconds: float | None = None
    last_failure: str | None = None


class RelayAccount:
    """What one relay did since its process started."""

    def __init__(self, topic: str, clock: Clock, metrics: Metrics) -> None:
        self._topic = topic
        self._clock = clock
        self._metrics = metrics
        self._deeds = Deeds(f"relay {topic}")
        self._refill_target: dict[int, int] = {}
        self._refill_started = 0.0
        self.status = RelayStatus()

    def work(self) -> Work:
        """Return what the relay did last."""
        return self._deeds.seen(self._clock.monotonic())

    def leads(self, partitions: int) -> None:
        """Note how many leases the relay holds; one that holds none stands by for another's."""
        self._led(partitions)
        if not partitions:
            self._deeds.succeeded("stood by", self._clock.monotonic())

    def looked(self) -> None:
        """Note that Kafka's log was looked at."""
        self._deeds.succeeded("looked at Kafka's log", self._clock.monotonic())

    def sent(self, events: int, start_ns: int, held: Mapping[int, Checkpoint]) -> None:
        """Note that a round begun at `start_ns` was acknowledged and recorded."""
        self.status.events_sent += events
        self.status.last_acknowledged_at = self._clock.monotonic()
        self._deeds.succeeded("got an acknowledgement", self.status.last_acknowledged_at)
        seconds = (time.time_ns() - start_ns) / 1e9
        self._metrics.observe("daybook_relay_round_seconds", seconds, self._topic)
        self._metrics.count("daybook_relay_events_total", events, self._topic)
        if self._refill_target:
            self._note_refill(held)

    def failed(self, error: BaseException) -> None:
        """Note, also in the log, that the relay begins again at its checkpoint."""
        self._led(0)
        self.status.last_failure = type(error).__name__
        self._deeds.failed(self.status.last_failure, self._clock.monotonic())
        self._metrics.count("daybook_relay_failures_total", 1, self._topic)
        log.warning(
            "the relay failed and starts again from its checkpoint",
            extra={"error": self.status.last_failure},
        )

    def refills(self, lost: Iterable[Checkpoint]) -> None:
        """Note, also in the log, that Kafka gets these partitions again up to where they were."""
        self._refill_target = {c.partition: c.feed_position for c in lost}
        self._refill_started = self._clock.monotonic()
        self.status.refill_events = sum(self._refill_target.values())
        self.status.refill_seconds = None
        log.warning(
            "Kafka lost its log and is filled again from the store",
            extra={
                "partitions": sorted(self._refill_target),
                "events": self.status.refill_events,
            },
        )

    def _led(self, partitions: int) -> None:
        self.status.partitions_led = partitions
        self._metrics.set("daybook_relay_partitions_led", partitions, self._topic)

    def _note_refill(self, held: Mapping[int, Checkpoint]) -> None:
        if all(p in held and held[p].feed_position >= n for p, n in self._refill_target.items()):
            self._refill_target = {}
            self.status.refill_seconds = self._clock.monotonic() - self._refill_started
            log.info(
                "Kafka is full again",
                extra={
                    "events": self.status.refill_events,
                    "seconds": round(self.status.refill_seconds, 3),
                },
            )
