"""A replica is as young as the last beat that it has caught up with, and nothing else."""

from datetime import timedelta
from math import inf

import pytest

from shared.authorization.freshness import MOST_WAITING, Freshness
from shared.messaging.heartbeats import Beat, beat_of
from shared.testing.clock import TurnableClock

SOURCE = "/daybook/permissions"


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def fresh(clock: TurnableClock) -> Freshness:
    return Freshness(clock)


def a_beat(clock: TurnableClock, reached: int, *, ago: float = 0.0) -> Beat:
    return Beat(SOURCE, 1, clock.now() - timedelta(seconds=ago), reached)


def test_before_any_beat_the_age_is_infinite(fresh: Freshness) -> None:
    assert fresh.age == inf
    assert fresh.as_of is None


def test_a_beat_that_is_caught_up_with_counts_from_its_own_time(
    fresh: Freshness, clock: TurnableClock
) -> None:
    fresh.heard(a_beat(clock, 5, ago=0.4), reached=5)
    assert fresh.age == pytest.approx(0.4)
    clock.turn(2)
    assert fresh.age == pytest.approx(2.4)


def test_a_beat_counts_only_once_its_events_are_there_and_then_from_its_receipt(
    fresh: Freshness, clock: TurnableClock
) -> None:
    fresh.heard(a_beat(clock, 5), reached=4)
    clock.turn(3)
    assert fresh.age == inf
    fresh.caught_up(4)
    assert fresh.age == inf
    fresh.caught_up(5)
    assert fresh.age == pytest.approx(3)


def test_an_older_beat_makes_nothing_older(fresh: Freshness, clock: TurnableClock) -> None:
    fresh.heard(a_beat(clock, 5), reached=5)
    fresh.heard(a_beat(clock, 5, ago=9), reached=5)
    assert fresh.age == pytest.approx(0)


def test_a_beat_from_the_future_is_a_fault_of_a_clock_and_counts_for_nothing(
    fresh: Freshness, clock: TurnableClock
) -> None:
    fresh.heard(a_beat(clock, 5, ago=-0.26), reached=5)
    assert (fresh.age, fresh.clock_faults) == (inf, 1)
    fresh.heard(a_beat(clock, 5, ago=-0.25), reached=5)
    assert (fresh.age, fresh.clock_faults) == (0, 1)


def test_a_wall_clock_that_is_turned_back_makes_nothing_younger(
    fresh: Freshness, clock: TurnableClock
) -> None:
    fresh.heard(a_beat(clock, 5), reached=5)
    clock.turn(2)
    clock.step(-3600)
    assert fresh.age == pytest.approx(2)


def test_a_copy_is_as_old_as_it_was_when_it_was_kept(
    fresh: Freshness, clock: TurnableClock
) -> None:
    fresh.heard(a_beat(clock, 5), reached=5)
    clock.turn(7)
    kept = fresh.as_of
    later = Freshness(clock)
    clock.turn(60)
    later.begin(kept)
    assert later.age == pytest.approx(67)
    later.begin(None)
    assert later.age == inf


def test_beats_of_before_a_new_beginning_count_for_nothing(
    fresh: Freshness, clock: TurnableClock
) -> None:
    fresh.heard(a_beat(clock, 5), reached=4)
    fresh.begin(None)
    fresh.caught_up(5)
    assert fresh.age == inf


def test_beats_that_wait_are_kept_up_to_a_limit_and_the_next_one_counts_again(
    fresh: Freshness, clock: TurnableClock
) -> None:
    for number in range(MOST_WAITING + 500):
        fresh.heard(a_beat(clock, number + 1), reached=0)
        clock.turn(0.25)
    fresh.caught_up(MOST_WAITING + 500)
    assert fresh.age == pytest.approx(0.25 * 501)
    fresh.heard(a_beat(clock, 0), reached=MOST_WAITING + 500)
    assert fresh.age == 0


def test_a_copy_of_the_future_is_of_no_known_age(fresh: Freshness, clock: TurnableClock) -> None:
    fresh.begin(clock.now() + timedelta(hours=1))
    assert (fresh.age, fresh.clock_faults) == (inf, 1)


def test_a_beat_is_read_as_it_was_written_and_nothing_else_is_one(clock: TurnableClock) -> None:
    beat = a_beat(clock, 7)
    assert beat_of(beat.to_bytes()) == beat
    for wrong in (None, b"", b"{}", b"[]", b'{"source":"a","epoch":1,"at":"noon","reached":1}',
                  b'{"source":"a","epoch":1,"at":"2026-01-01T00:00:00","reached":1}'):  # fmt: skip
        assert beat_of(wrong) is None
