"""How much is happening: at a glance and approximate, or day by day and exact."""

import json

from tests.cli.stand_in import Json, StandIn, daybook, lines_of

REGISTERED = {"event_type": "CustomerRegistered", "stage": None}
RENAMED = {"event_type": "CustomerRenamed", "stage": None}


def live(as_of: str | None = "2026-03-04T12:00:00+00:00") -> StandIn:
    """Return a stand-in in which two registered a minute ago and one was renamed before."""
    told: Json = {"live": True, "approximate": True, "as_of": as_of, "windows": []}
    if as_of is not None:
        minute = {"seconds": 60, "total": 2, "counts": [{**REGISTERED, "count": 2}]}
        counts = [{**REGISTERED, "count": 5}, {**RENAMED, "count": 1}]
        told["windows"] = [minute, {"seconds": 3600, "total": 6, "counts": counts}]
    return StandIn(other={"/v1/activity": told})


def days() -> StandIn:
    item = {"day": "2026-03-04", "event_type": "CustomerRegistered", "count": 7}
    return StandIn(other={"/v1/activity/daily": {"exact": True, "items": [item]}})


def test_live_figures_stand_side_by_side_and_say_that_they_are_approximate() -> None:
    result = daybook(live(), "activity")
    heading, registered, renamed, total = lines_of(result.stdout)
    assert heading.split() == ["EVENT", "STAGE", "LAST", "MINUTE", "LAST", "HOUR"]
    assert registered.split() == ["CustomerRegistered", "2", "5"]
    assert renamed.split() == ["CustomerRenamed", "0", "1"]
    assert total.split() == ["total", "2", "6"]
    assert "Live and approximate, as of 2026-03-04 12:00:00.000 UTC" in result.stderr
    assert "Exact: daybook activity --daily" in result.stderr


def test_without_figures_one_is_told_where_to_look() -> None:
    assert "the role streams does not run" in daybook(live(as_of=None), "activity").stderr


def test_daily_figures_are_exact_and_say_so() -> None:
    stand_in = days()
    result = daybook(stand_in, "activity", "--daily", "--from", "2026-03-01", "--to", "2026-03-04")
    heading, row = lines_of(result.stdout)
    assert heading.split() == ["DAY", "EVENT", "COUNT"]
    assert row.split() == ["2026-03-04", "CustomerRegistered", "7"]
    assert "Exact: every event counts once" in result.stderr
    assert dict(stand_in.asked[0].query_params) == {"from": "2026-03-01", "to": "2026-03-04"}


def test_activity_is_there_for_programs_too() -> None:
    assert json.loads(daybook(live(), "activity", "--json").stdout)["approximate"] is True
    assert json.loads(daybook(days(), "activity", "--daily", "--json").stdout)["exact"] is True


def test_days_without_daily_are_refused_with_a_reason() -> None:
    result = daybook(live(), "activity", "--from", "2026-03-01")
    assert result.exit_code == 2
    assert "go with --daily" in result.stderr
