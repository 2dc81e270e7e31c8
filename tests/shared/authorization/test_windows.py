"""A grant begins and ends at a moment, whatever calendars, zones and clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.authorization.freshness import Freshness
from shared.authorization.reading import moment
from shared.authorization.replica import Replica, Snapshot
from shared.messaging.heartbeats import Beat
from shared.testing.clock import TurnableClock
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


def test_a_denial_begins_and_ends_like_a_grant() -> None:
    story = a_story().role("reader", customer_read="all/public").give(ANA, "reader")
    story.give(ANA, permission=READ, effect="deny", from_=NOON, until=NOON + SECOND)
    when = {
        NOON - MICROSECOND: "allowed",
        NOON: "denied",
        NOON + SECOND - MICROSECOND: "denied",
        NOON + SECOND: "allowed",
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


@pytest.mark.parametrize("back", [-0.1, -3_600, -86_400 * 366])
def test_a_clock_that_is_turned_back_revives_nothing_that_has_ended(back: float) -> None:
    clock = TurnableClock(NOON)
    replica = Replica(clock)
    story = a_story().role("reader", customer_read="all/public")
    story.give(ANA, "reader", until=NOON + SECOND).give(BEN, "reader", from_=NOON)
    replica.adopt(Snapshot(1, story.world))
    replica.hear(Beat("/daybook/permissions", 1, clock.now(), len(story.events)))
    assert replica.check(ANA, READ, a_customer())[1] == "allowed"
    clock.turn(1)
    assert replica.check(ANA, READ, a_customer())[1] == "expired"
    clock.step(back)
    assert replica.check(ANA, READ, a_customer())[1] == "expired"
    assert replica.check(BEN, READ, a_customer())[1] == "allowed"
    # Beats are from its future now: nothing makes it younger, and so it closes.
    clock.turn(301)
    replica.hear(Beat("/daybook/permissions", 1, clock.now() - 2 * SECOND * back, 99))
    assert replica.check(BEN, READ, a_customer())[1] == "stale"


def test_a_clock_that_was_ahead_for_a_while_ends_nothing_for_good() -> None:
    clock = TurnableClock(NOON)
    fresh = Freshness(clock)
    fresh.heard(Beat("/daybook/permissions", 1, clock.now(), 0), 0)
    clock.step(86_400)
    assert fresh.now == moment(NOON + 86_400 * SECOND)
    fresh.heard(Beat("/daybook/permissions", 1, NOON, 0), 0)
    clock.step(-86_400)
    assert fresh.now == moment(NOON)
