"""A rebuild holds nobody up: it is careful until it knows that nobody works beside it."""

from shared.projecting.marks import Mark
from shared.projecting.pace import PAGE, PAGE_BESIDE_LIVE, Pace
from shared.testing.clock import TurnableClock


def live_at(number: int) -> dict[int, Mark]:
    """Return the marks of a version that answers and has so many events."""
    return {0: Mark(0, 1, number)}


def test_the_first_pages_of_a_rebuild_are_small_until_it_has_seen_whether_events_come_in() -> None:
    clock = TurnableClock()
    pace = Pace(clock)
    assert pace.page == PAGE_BESIDE_LIVE
    pace.saw_live(live_at(1_000))
    assert pace.page == PAGE_BESIDE_LIVE
    clock.turn(1)
    pace.saw_live(live_at(1_000))
    assert pace.page == PAGE


def test_pages_become_small_when_events_come_in_and_large_again_when_they_stop() -> None:
    clock = TurnableClock()
    pace = Pace(clock)
    sizes = []
    for number in (1_000, 1_000, 1_500, 2_000, 2_001):
        clock.turn(1)
        pace.saw_live(live_at(number))
        sizes.append(pace.page)
    assert sizes == [PAGE_BESIDE_LIVE, PAGE, PAGE_BESIDE_LIVE, PAGE_BESIDE_LIVE, PAGE]
