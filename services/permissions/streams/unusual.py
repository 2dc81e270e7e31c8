"""Unusual access is told within seconds: made of the records of all services, as they come."""

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import Final

from uuid6 import uuid7

from services.permissions.streams.events import ALERTS_CODEC, Alert, EmergencyAccessTaken
from services.permissions.streams.habits import Habits, Seen
from shared.clock import Clock
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.partitioning import partition_of
from shared.eventstore.record_types import (
    RECORDS,
    AccessRecorded,
    DownloadCounted,
    EmergencyTaken,
    RefusalRecorded,
)
from shared.messaging.headers import ReceivedEvent
from shared.messaging.publishing import Derived, Publisher
from shared.messaging.topics import ALERTS
from shared.observability.metrics import Metrics

NAME: Final = "permissions-unusual"
TOO_OLD: Final = timedelta(minutes=10)
"""What happened before is history: a log that is filled again alarms nobody."""
PERSON: Final = "person"

log = logging.getLogger(__name__)


def seen_in(event: ReceivedEvent) -> Seen | None:
    """Return what a record says of whoever did it; None where it says nothing of interest."""
    record, at = RECORDS.plain(event), event.recorded_at
    match record:
        case AccessRecorded():
            return Seen(
                event.actor, at, record.operation,
                reads=1 if record.items is None else record.items,
                is_restricted=record.is_restricted, is_person=record.kind == PERSON,
            )  # fmt: skip
        case DownloadCounted():
            return Seen(
                event.actor, at, record.operation,
                reads=record.items, is_person=record.kind == PERSON,
            )  # fmt: skip
        case RefusalRecorded():
            return Seen(event.actor, at, record.operation, refusals=record.times)
        case DecisionRecorded(asked_by=str()) | DecisionsCounted(asked_by=str()):
            return None  # A program was told of somebody; who wanted what, nobody knows here.
        case DecisionRecorded(is_allowed=False):
            who = record.actor or record.subject
            return Seen(who, at, record.operation or record.permission, refusals=1)
        case DecisionsCounted(is_allowed=False):
            who = record.actor or record.subject
            return Seen(who, at, record.permission, refusals=record.times)
        case _:
            return None


def emergency_in(event: ReceivedEvent) -> EmergencyAccessTaken | None:
    """Return who took access in an emergency, and until when; None if nobody did."""
    record = RECORDS.plain(event)
    if not isinstance(record, EmergencyTaken):
        return None
    return EmergencyAccessTaken(
        subject=event.actor,
        grant_id=record.grant_id,
        taken_at=event.recorded_at,
        until=record.until,
    )


class UnusualAccess:
    """Looks at each record; the handler of a live stream."""

    def __init__(
        self, habits: Habits, publisher: Publisher, clock: Clock, metrics: Metrics
    ) -> None:
        self._habits = habits
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics
        self._to_tell: list[Alert] = []

    async def take(self, event: ReceivedEvent) -> None:
        """Look at one record, unless it is of long ago; an emergency is not before it is over."""
        emergency = emergency_in(event)
        if emergency is not None and emergency.until > self._clock.now():
            self._to_tell.append(emergency)
        if event.recorded_at < self._clock.now() - TOO_OLD:
            return
        seen = seen_in(event)
        if seen is not None:
            self._to_tell += self._habits.see(seen)

    async def flush(self) -> None:
        """Publish what was found, and forget whoever did nothing lately.

        Raises:
            UnavailableError: Kafka does not take it now.
        """
        now = self._clock.now()
        if self._to_tell:
            await self._publisher.publish([
                Derived(
                    partition_of(each.subject, ALERTS.partitions), each.subject,
                    ALERTS_CODEC.encode(each, uuid7()), now,
                )
                for each in self._to_tell
            ])  # fmt: skip
            for each in self._to_tell:
                self._say(each)
            self._to_tell.clear()
        self._habits.forget_what_is_over(now)

    def _say(self, alert: Alert) -> None:
        """Say in the log and count what was told."""
        if isinstance(alert, EmergencyAccessTaken):
            log.warning("access was taken in an emergency", extra={"grant_id": alert.grant_id})
        else:
            log.warning("unusual access", extra={"pattern": alert.pattern, "count": alert.count})
        self._metrics.count("daybook_unusual_access_total", 1, alert.pattern)

    def forget(self, partitions: Collection[int]) -> None:
        """Begin anew where partitions went to another process, which begins anew as well."""
        if partitions:
            self._habits.forget()
