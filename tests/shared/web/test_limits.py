"""Who asks too often is told when to come back, and nobody else notices."""

import pytest

from shared.errors import TooManyRequestsError
from shared.testing.clock import TurnableClock
from shared.web import limits
from shared.web.limits import RequestLimits


def taken(these: RequestLimits, subject: str, times: int) -> int:
    """Take so often, and return how often it was served."""
    served = 0
    for _ in range(times):
        try:
            these.take(subject)
        except TooManyRequestsError:
            continue
        served += 1
    return served


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


def test_a_burst_is_served_and_then_what_refills(clock: TurnableClock) -> None:
    these = RequestLimits(clock, per_second=10)
    assert taken(these, "alice", 25) == 20
    assert taken(these, "bob", 5) == 5
    clock.turn(0.5)
    assert taken(these, "alice", 25) == 5
    clock.turn(3600)
    assert taken(these, "alice", 25) == 20


def test_who_is_refused_is_told_when_to_come_back_and_who_can_help(clock: TurnableClock) -> None:
    these = RequestLimits(clock, per_second=0.1)
    these.take("alice")
    clock.turn(1.5)
    with pytest.raises(TooManyRequestsError) as refused:
        these.take("alice")
    assert (refused.value.status, refused.value.retry_after_seconds) == (429, 9)
    assert refused.value.fix
    assert "operator" in (refused.value.who_can_help or "")


def test_what_was_refused_does_not_count(clock: TurnableClock) -> None:
    these = RequestLimits(clock, per_second=1)
    assert taken(these, "alice", 1000) == 2
    clock.turn(1)
    assert taken(these, "alice", 1000) == 1


def test_a_limit_of_zero_is_none(clock: TurnableClock) -> None:
    assert taken(RequestLimits(clock, per_second=0), "alice", 10_000) == 10_000


def test_a_flood_of_callers_takes_no_more_room_than_is_there(
    clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_BUCKETS", 100)
    these = RequestLimits(clock, per_second=1)
    assert taken(these, "alice", 9) == 2
    for number in range(150):
        these.take(f"somebody {number}")
        clock.turn(0.001)
    assert len(these._buckets) <= 100  # noqa: SLF001 - the room it takes is the promise
