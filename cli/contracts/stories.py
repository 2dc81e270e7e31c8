"""One made-up life in which every event type happens once; the published examples are made of it.

Ids, times, key and initialization vectors are fixed, so that an example never changes by itself.
The key is published beside each example, and is worth nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.customers.streams.events import ActivityCounted
from services.permissions.streams.events import EmergencyAccessTaken, UnusualAccessSeen
from shared.authorization.people import DEMO_PEOPLE
from shared.events import Event
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.record_types import (
    AccessRecorded,
    DownloadCounted,
    EmergencyTaken,
    ErrorRecorded,
    LeavingApplied,
    OperatorActed,
    RefusalRecorded,
    WorkEnded,
)
from shared.messaging.headers import source_of
from shared.messaging.heartbeats import RelayBeat
from shared.security.subject_keys import SubjectKey

BEGINNING = datetime(2026, 1, 5, 9, 30, 0, 250_000, tzinfo=UTC)
KEY_BYTES = bytes(range(32))
KEY = SubjectKey.of("7d8f4a2e-0c1b-4e6f-9a3d-5b2c1e0f9a8b", KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a story, and the stream that it belongs to."""

    stream: str
    subject: str
    actor: str
    event: Event
    partition: int | None = None
    """Where it lies, if its key does not say."""


Story = Callable[[], Sequence[Told]]

ADA = UUID("01a2006f-5480-7942-b1bc-f30b55c85f03")


def records_of_a_day() -> Sequence[Told]:
    """Tell what is written down when somebody looks, is refused, fails, and acts."""
    return (
        _record(
            str(ADA),
            "carol",
            AccessRecorded(
                operation="get_customer",
                route=_ONE_CUSTOMER,
                permission="customer:read",
                target=str(ADA),
            ),
        ),
        _record(
            DEMO_PEOPLE["bob"].subject,
            "bob",
            DownloadCounted(
                operation="export_customers",
                route="/v1/exported-customers",
                permission="customer:export",
                items=700,
                so_far=24_700,
                has_ended=True,
                is_whole=True,
                is_restricted=True,
                kind="person",
            ),
        ),
        _record(
            DEMO_PEOPLE["oscar"].subject,
            "oscar",
            RefusalRecorded(
                operation="get_customer",
                route=_ONE_CUSTOMER,
                permission="customer:read",
                status=401,
                code="not-signed-in",
            ),
        ),
        _record(
            str(ADA),
            "leo",
            DecisionRecorded(
                subject=DEMO_PEOPLE["leo"].subject,
                permission="customer:change",
                resource_type="customer",
                resource_id=str(ADA),
                owner=DEMO_PEOPLE["alice"].subject,
                sensitivity="internal",
                is_allowed=False,
                code="out_of_scope",
                grant_id="01a2006f-5482-7b0e-8f3c-2d9e4b7a1c55",
                role="sales_rep",
                epoch=1,
                position=217,
                age_seconds=0.125,
                decided_at=BEGINNING,
                attributes={"resource.stage": "customer"},
                operation="rename_customer",
                process=_PROCESS,
                request_id="7f3e9c1a-erp-4711",
            ),
        ),
        _record(
            DEMO_PEOPLE["alice"].subject,
            "alice",
            DecisionsCounted(
                subject=DEMO_PEOPLE["alice"].subject,
                permission="customer:read",
                resource_type="customer",
                is_allowed=True,
                code="allowed",
                times=48,
                first_at=BEGINNING,
                last_at=BEGINNING + timedelta(seconds=4),
                process=_PROCESS,
            ),
        ),
        _record(
            DEMO_PEOPLE["alice"].subject,
            "alice",
            ErrorRecorded(
                operation="get_customer",
                route=_ONE_CUSTOMER,
                error="KeyError",
                module="services.customers.api.reads",
                line=42,
                trace_id="0af7651916cd43dd8448eb211c80319c",
            ),
        ),
        _record(
            DEMO_PEOPLE["oscar"].subject,
            "oscar",
            OperatorActed(
                action="parked.discard",
                target="directory",
                detail={"event_id": "01a2006f-5481-7c98-a0dc-f6c0b03f0346"},
            ),
        ),
        *_a_leaving(),
    )


def _a_leaving() -> Sequence[Told]:
    leo = DEMO_PEOPLE["leo"].subject
    return (
        _record(
            DEMO_PEOPLE["oscar"].subject,
            "oscar",
            EmergencyTaken(grant_id=_GRANT, until=BEGINNING + timedelta(hours=2)),
        ),
        _record(
            leo,
            "customers",
            LeavingApplied(
                subject=leo,
                process=_PROCESS,
                left_at=BEGINNING,
                applied_at=BEGINNING + timedelta(milliseconds=31),
                late_ms=31,
                service_accounts=1,
                epoch=1,
                position=231,
            ),
        ),
        _record(
            leo,
            "customers",
            WorkEnded(
                subject=leo,
                process=_PROCESS,
                kind="watch",
                operation="watch_customers",
                left_at=BEGINNING,
                ended_at=BEGINNING + timedelta(milliseconds=412),
                late_ms=412,
            ),
        ),
    )


def ten_seconds() -> Sequence[Told]:
    """Tell what a live stream published of ten seconds in which four customers came."""
    counted = ActivityCounted(
        window_start=BEGINNING.replace(microsecond=0),
        window_seconds=10,
        event_type="CustomerRegistered",
        source_partition=3,
        count=4,
    )
    return (Told("activity-3", "activity-3", "", counted, partition=3),)


def an_alert() -> Sequence[Told]:
    """Tell what is published of somebody who is refused again and again, then takes access."""
    oscar = DEMO_PEOPLE["oscar"].subject
    seen = UnusualAccessSeen(
        pattern="refusals",
        subject=oscar,
        count=30,
        threshold=30,
        window_start=BEGINNING.replace(microsecond=0),
        window_seconds=60,
        operations=("get_customer",),
    )
    taken = EmergencyAccessTaken(
        subject=oscar,
        grant_id=_GRANT,
        taken_at=BEGINNING,
        until=BEGINNING + timedelta(hours=2),
    )
    return (Told(oscar, oscar, "", seen), Told(oscar, oscar, "", taken))


def a_beat() -> Sequence[Told]:
    """Tell what a relay says once everything is on Kafka."""
    source = source_of("permissions")
    beat = RelayBeat(source=source, epoch=1, at=BEGINNING, reached=217)
    return (Told(source, source, "", beat),)


def _record(subject: str, person: str, event: Event) -> Told:
    return Told(f"records-{subject}", subject, DEMO_PEOPLE[person].subject, event)


_GRANT = "018f0000-0000-7000-8000-0000000000e1"
_PROCESS = "customers/api/3f9c2a1b"
_ONE_CUSTOMER = "/v1/customers/{customer_id}"
