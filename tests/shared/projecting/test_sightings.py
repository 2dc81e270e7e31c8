"""A consumer is as alive as its last report; what it says is never made better than it is."""

from datetime import timedelta

from shared.postgres.dsn import dsn_for
from shared.postgres.lanes import Lanes
from shared.projecting.sightings import (
    FeedEnd,
    ReportedMark,
    Sighting,
    Sightings,
    Standing,
    standing,
)
from shared.testing.clock import NOON
from tests.ground.servers import Databases

LATER, TOO_LATE = NOON + timedelta(seconds=180), NOON + timedelta(seconds=181)
END = FeedEnd(epoch=2, positions={0: 10, 1: 5, 2: 0})
WHOLE = (ReportedMark(0, 2, 10), ReportedMark(1, 2, 5), ReportedMark(2, 2, 0))


def seen(*marks: ReportedMark) -> list[Sighting]:
    return [Sighting("billing", "notes", mark, "1.0", NOON) for mark in marks]


def test_who_was_never_heard_of_has_no_lag_that_anybody_knows() -> None:
    assert standing([], END, NOON) == Standing("never-seen", None, None, None, ())


def test_who_has_everything_reads_and_is_behind_nothing() -> None:
    assert standing(seen(*WHOLE), END, NOON) == Standing("reading", 0, NOON, 0.0, ("1.0",))


def test_a_partition_that_nobody_spoke_of_is_all_behind() -> None:
    assert standing(seen(WHOLE[0]), END, NOON).lag_events == 5


def test_a_mark_of_an_earlier_epoch_begins_again() -> None:
    marks = (ReportedMark(0, 1, 900), *WHOLE[1:])
    found = standing(seen(*marks), END, NOON)
    assert (found.state, found.lag_events) == ("reading", 10)


def test_a_mark_where_nothing_is_is_ahead_and_takes_no_lag_away() -> None:
    for mark in (ReportedMark(1, 2, 6), ReportedMark(1, 3, 1)):
        found = standing(seen(ReportedMark(0, 2, 7), mark), END, NOON)
        assert (found.state, found.lag_events) == ("ahead", 3)


def test_silence_begins_after_three_minutes() -> None:
    assert standing(seen(*WHOLE), END, LATER).state == "reading"
    late = standing(seen(*WHOLE), END, TOO_LATE)
    assert (late.state, late.age_seconds) == ("silent", 181.0)


async def test_the_latest_report_counts_per_partition(views: Databases) -> None:
    lanes = Lanes(dsn_for(views.views_dsn, "api"), 1, application_name="test")
    await lanes.open()
    try:
        sightings = Sightings(lanes)
        await sightings.report("billing", "notes", "1.0", WHOLE[:2], NOON)
        await sightings.report("billing", "notes", "1.1", [ReportedMark(0, 2, 11)], LATER)
        overtaken = ReportedMark(0, 2, 9)
        await sightings.report("billing", "notes", "0.9", [overtaken], NOON)
        heard = await sightings.read()
    finally:
        await lanes.close()
    assert heard == {
        ("billing", "notes"): [
            Sighting("billing", "notes", ReportedMark(0, 2, 11), "1.1", LATER),
            Sighting("billing", "notes", WHOLE[1], "1.0", NOON),
        ]
    }
