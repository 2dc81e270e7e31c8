"""What is unusual: much at once, refused again and again, or restricted data at night."""

from datetime import UTC, datetime, timedelta

import pytest

from services.permissions.streams.events import UnusualAccessSeen
from services.permissions.streams.habits import Habits, Seen, UnusualSettings

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SETTINGS = UnusualSettings(
    reads_a_minute=100, refusals_a_minute=10, day_begins=6, day_ends=21, time_zone="Europe/Zurich"
)


def told(*all_seen: Seen, habits: Habits | None = None) -> list[UnusualAccessSeen]:
    its = Habits(SETTINGS) if habits is None else habits
    return [alert for seen in all_seen for alert in its.see(seen)]


def reading(at: datetime, reads: int, subject: str = "ana", *, is_person: bool = True) -> Seen:
    return Seen(subject, at, "list_customers", reads=reads, is_person=is_person)


def refusal(at: datetime, refusals: int = 1, subject: str = "ana") -> Seen:
    return Seen(subject, at, "get_customer", refusals=refusals)


def test_a_person_who_is_shown_much_within_a_minute_is_told_of_once() -> None:
    [alert] = told(*(reading(NOON + n * SECOND, 10) for n in range(30)))
    assert alert == UnusualAccessSeen(
        pattern="mass_reads", subject="ana", count=100, threshold=100, window_start=NOON,
        window_seconds=60, operations=("list_customers",),
    )  # fmt: skip
    assert alert.is_approximate


def test_as_much_in_more_than_a_minute_is_ordinary() -> None:
    assert told(*(reading(NOON + n * 7 * SECOND, 10) for n in range(30))) == []


def test_what_several_are_shown_is_not_added_up() -> None:
    assert told(*(reading(NOON, 60, subject) for subject in ("ana", "ben"))) == []


def test_a_program_may_read_as_much_as_it_likes() -> None:
    assert told(reading(NOON, 10_000, is_person=False)) == []


def test_a_burst_of_refusals_is_told_also_when_they_were_counted() -> None:
    [alert] = told(*(refusal(NOON) for _ in range(9)), refusal(NOON + SECOND, 40))
    assert (alert.pattern, alert.count, alert.operations) == ("refusals", 49, ("get_customer",))
    assert told(*(refusal(NOON) for _ in range(9))) == []


def test_it_is_told_again_after_ten_minutes_if_it_goes_on() -> None:
    alerts = told(*(refusal(NOON + n * SECOND) for n in range(700)))
    assert [alert.count for alert in alerts] == [10, 60]
    first, again = (alert.window_start for alert in alerts)
    assert again - first >= timedelta(minutes=9)


@pytest.mark.parametrize(
    ("utc", "is_odd"), [("04:59", True), ("05:00", False), ("19:59", False), ("20:00", True)]
)
def test_restricted_data_is_told_outside_of_working_hours_where_these_are(
    utc: str, is_odd: bool
) -> None:
    at = datetime.fromisoformat(f"2026-03-04T{utc}:00+00:00")
    person = Seen("ana", at, "get_access_file", reads=1, is_restricted=True, is_person=True)
    assert [one.pattern for one in told(person)] == ["restricted_at_odd_hours"] * is_odd
    assert told(person._replace(is_person=False), person._replace(is_restricted=False)) == []


def test_records_of_several_partitions_may_come_out_of_order() -> None:
    [alert] = told(reading(NOON + 5 * SECOND, 60), reading(NOON, 60))
    assert alert.count == 120
    assert told(reading(NOON + 90 * SECOND, 60), reading(NOON, 60)) == []


def test_whoever_did_nothing_lately_is_forgotten_and_whoever_was_told_of_is_not() -> None:
    habits = Habits(SETTINGS)
    told(refusal(NOON, 10), refusal(NOON, 1, "ben"), habits=habits)
    habits.forget_what_is_over(NOON + timedelta(minutes=2))
    assert len(habits) == 1
    assert told(refusal(NOON + timedelta(minutes=3), 10), habits=habits) == []
    habits.forget_what_is_over(NOON + timedelta(minutes=15))
    assert len(habits) == 0
