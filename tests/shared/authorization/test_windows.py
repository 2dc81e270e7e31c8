"""A grant begins and ends at a moment, whatever calendars, zones and clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.shared.authorization.story import (
    ANA,
    BEN,
    MICROSECOND,
    NOON,
    SECOND,
    a_customer,
    a_story,
)

READ = "customer:read"


def test_a_window_begins_with_its_first_microsecond_and_ends_before_its_last() -> None:
    story = a_story().role("reader", customer_read="all/public")
    story.give(ANA, "reader", from_=NOON, until=NOON + SECOND)
    when = {
        NOON - MICROSECOND: "not_yet_valid",
        NOON: "allowed",
        NOON + SECOND - MICROSECOND: "allowed",
        NOON + SECOND: "expired",
        NOON - SECOND: "not_yet_valid",  # the clock stepped back: it is not valid yet again
    }
    assert {now: story.code(ANA, READ, a_customer(), now=now) for now in when} == when


def test_a_window_is_a_moment_whatever_the_zone_says_in_the_hour_that_comes_twice() -> None:
    vienna = ZoneInfo("Europe/Vienna")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=vienna, fold=fold) for fold in (0, 1))
    story = a_story().role("reader", customer_read="all/public").give(ANA, "reader", until=second)
    assert story.code(ANA, READ, a_customer(), now=first.astimezone(UTC)) == "allowed"
    assert story.code(ANA, READ, a_customer(), now=second.astimezone(UTC)) == "expired"
    leap_day = datetime(2028, 2, 29, tzinfo=UTC)
    story.give(BEN, "reader", until=leap_day + timedelta(days=1))
    assert story.code(BEN, READ, a_customer(), now=leap_day) == "allowed"
    assert story.code(BEN, READ, a_customer(), now=datetime(2028, 3, 1, tzinfo=UTC)) == "expired"
