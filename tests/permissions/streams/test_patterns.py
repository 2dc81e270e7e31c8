"""Each pattern begins with what services write down, and an export is as much as left with it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.permissions.streams.events import UnusualAccessSeen
from services.permissions.streams.habits import Habits, UnusualSettings
from services.permissions.streams.unusual import UnusualAccess
from shared.events import Event
from shared.eventstore.decision_types import DecisionRecorded, DecisionsCounted
from shared.eventstore.record_types import AccessRecorded, DownloadCounted, RefusalRecorded
from shared.observability.metrics import UNMEASURED
from shared.testing.clock import TurnableClock
from tests.permissions.streams.test_unusual import OSCAR, Told, a_record

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
NIGHT = NOON.replace(hour=23)
SETTINGS = UnusualSettings(reads_a_minute=100, refusals_a_minute=10, day_begins=6, day_ends=21)
LISTED: dict[str, Any] = {
    "operation": "list_customers", "route": "/v1/customers", "permission": "customer:read",
    "kind": "person",
}  # fmt: skip
EXPORT: dict[str, Any] = {
    "operation": "export_customers", "route": "/v1/exported-customers",
    "permission": "customer:export", "kind": "person", "is_restricted": True,
}  # fmt: skip
REFUSED: dict[str, Any] = {
    "subject": OSCAR, "permission": "customer:read", "is_allowed": False, "code": "no_grant",
}  # fmt: skip
FILE = AccessRecorded(
    operation="get_access_file", route="/v1/customers/{customer_id}/access-file",
    permission="customer:access_file", is_restricted=True, kind="person",
)  # fmt: skip


def left(items: int, so_far: int, **its: object) -> DownloadCounted:
    return DownloadCounted(**EXPORT | its, items=items, so_far=so_far)


def decided(**its: object) -> DecisionRecorded:
    return DecisionRecorded(**REFUSED | its, epoch=1, position=1, decided_at=NOON)


async def told(at: datetime, *records: Event) -> list[UnusualAccessSeen]:
    """Return what is published of records that were all made at this time."""
    clock, publisher = TurnableClock(at), Told()
    unusual = UnusualAccess(Habits(SETTINGS), publisher, clock, UNMEASURED)
    for record in records:
        await unusual.take(a_record(record, at))
    await unusual.flush()
    return [UnusualAccessSeen.model_validate_json(one.event.data) for one in publisher.alerts]


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ([AccessRecorded(**LISTED, items=50)] * 2, 100),
        ([AccessRecorded(**LISTED | {"operation": "get_customer"})] * 100, 100),
        ([AccessRecorded(**EXPORT), left(99, 99)], 100),
        ([AccessRecorded(**EXPORT), left(60, 60), left(60, 120), left(9, 129)], 121),
        ([left(1_000_000, 1_000_000, has_ended=True, is_whole=True)], 1_000_000),
    ],
)
async def test_much_shown_or_exported_within_a_minute_is_told(
    records: list[Event], count: int
) -> None:
    [alert] = await told(NOON, *records)
    assert (alert.pattern, alert.subject, alert.count) == ("mass_reads", OSCAR, count)


@pytest.mark.parametrize(
    "records",
    [
        [AccessRecorded(**LISTED, items=49), AccessRecorded(**LISTED, items=50)],
        [AccessRecorded(**LISTED | {"kind": "service"}, items=5_000)],
        [left(5_000, 5_000, kind="service")],
        [left(9, 5_000), left(0, 5_000, has_ended=True)],
    ],
)
async def test_less_or_a_program_is_ordinary(records: list[Event]) -> None:
    assert await told(NOON, *records) == []


async def test_refusals_of_every_kind_add_up() -> None:
    refusal = RefusalRecorded(
        operation="get_customer", route="/v1/customers/{customer_id}", permission="customer:read",
        status=401, code="token-refused", times=3,
    )  # fmt: skip
    counted = DecisionsCounted(**REFUSED, times=6, first_at=NOON, last_at=NOON)
    assert await told(NOON, refusal, counted) == []
    assert await told(NOON, refusal, counted, decided(is_allowed=True)) == []
    [alert] = await told(NOON, refusal, counted, decided(operation="rename_customer"))
    assert (alert.pattern, alert.subject, alert.count) == ("refusals", OSCAR, 10)
    assert set(alert.operations) == {"get_customer", "customer:read", "rename_customer"}


async def test_restricted_data_shown_to_a_person_at_night_is_told() -> None:
    [alert] = await told(NIGHT, FILE)
    assert (alert.pattern, alert.operations) == ("restricted_at_odd_hours", ("get_access_file",))
    assert await told(NOON, FILE) == []
    ordinary = FILE.model_copy(update={"is_restricted": False})
    assert await told(NIGHT, ordinary, FILE.model_copy(update={"kind": "service"})) == []
    # One export is told once: how much left with it is another question.
    [export] = await told(NIGHT, AccessRecorded(**EXPORT), left(9, 9))
    assert (export.pattern, export.count) == ("restricted_at_odd_hours", 1)
