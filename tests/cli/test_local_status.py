"""A green light is a canary that made the trip, lately, through what runs now."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from cli.local.board import Board, ProcessLine
from cli.local.kept import State
from cli.local.readiness import Behind, Canary, Disk, KnownPermissions
from cli.local.status import (
    behind_lines,
    disk_line,
    doubt,
    duration,
    is_refusing,
    is_well,
    permission_lines,
    status_lines,
)

STARTED = datetime.fromtimestamp(psutil.Process().create_time(), UTC)
NOW = STARTED + timedelta(minutes=10)


def board(state: State = "running", since: datetime = STARTED, pid: int | None = None) -> Board:
    """A board of one program, which is this test's own process."""
    line = ProcessLine(name="broker", state=state, pid=pid or os.getpid(), restarts=2, since=since)
    return Board(supervisor=99, phase="ready", since=STARTED, processes=[line])


def canary(age_seconds: float) -> Canary:
    return Canary(age_seconds=age_seconds, trip_ms=38.4, way="there")


def of(one: Canary | None) -> dict[str, Canary | None]:
    """The canary of the customers service, as far as it is known; the other's is fresh."""
    return {"customers": one, "permissions": canary(1)}


def late(stands_at: str | None = None, trip_ms: float | None = 38.4) -> Canary:
    """A canary that the service calls old."""
    return Canary(age_seconds=181, trip_ms=trip_ms, is_old=True, stands_at=stands_at)


def test_all_is_well_with_a_fresh_canary_through_everything_that_runs() -> None:
    assert is_well(board(), of(canary(12)), NOW)
    text = "\n".join(status_lines(board(), of(canary(12)), 99, NOW, "./var"))
    assert "Daybook in ./var: ready, supervisor 99, for 10 min 0 s" in text
    assert f"broker            running     {os.getpid():>7}   10 min 0 s     2" in text
    assert "customers: a canary event went there in 38 ms, 12 s ago" in text


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (None, "does not say how its canary is"),
        (Canary(age_seconds=4), "no canary event has made the trip"),
        (late(trip_ms=None), "no canary event has made the trip"),
        (late(), "something on the way stands still"),
        (late("store → Kafka"), "3 min 1 s ago; that is too long ago: one stands at store → Kafka"),
    ],
)
def test_an_old_or_missing_canary_is_not_well(last: Canary | None, why: str) -> None:
    assert not is_well(board(), of(last), NOW)
    assert why in "\n".join(status_lines(board(), of(last), 99, NOW, "./var"))


def test_a_canary_from_before_a_restart_proves_nothing_about_now() -> None:
    restarted = board(since=NOW - timedelta(seconds=5))
    assert "before broker was started again" in (
        doubt(restarted, "customers", canary(20), NOW) or ""
    )
    assert doubt(restarted, "customers", canary(3), NOW) is None


def test_each_service_needs_a_canary_of_its_own() -> None:
    assert is_well(board(), {"permissions": canary(1)}, NOW)
    none = {"customers": canary(1), "permissions": None}
    assert not is_well(board(), none, NOW)
    text = "\n".join(status_lines(board(), none, 99, NOW, "./var"))
    assert "the permissions service does not say how its canary is" in text


def test_the_restart_of_one_service_says_nothing_of_the_canaries_of_another() -> None:
    restarted = board(since=NOW - timedelta(seconds=5))
    restarted.processes[0].name = "customers-worker"
    assert doubt(restarted, "customers", canary(20), NOW) is not None
    assert doubt(restarted, "permissions", canary(20), NOW) is None


def test_a_process_that_is_gone_is_said_to_be_gone_whatever_the_board_says() -> None:
    gone = board(pid=2**22 + 1)
    assert not is_well(gone, of(canary(12)), NOW)
    assert "gone" in "\n".join(status_lines(gone, of(canary(12)), 99, NOW, "./var"))


def test_a_process_that_a_signal_holds_is_there_and_does_not_answer() -> None:
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    with subprocess.Popen(command) as process:  # noqa: S603 - our own
        try:
            its = psutil.Process(process.pid)
            began = datetime.fromtimestamp(its.create_time(), UTC)
            its.suspend()
            os.waitpid(process.pid, os.WUNTRACED)  # returns once it stands still
            held = board(pid=process.pid, since=began)
            text = "\n".join(status_lines(held, of(canary(12)), 99, NOW, "./var"))
            assert not is_well(held, of(canary(12)), NOW)
        finally:
            process.kill()
    assert "gone" not in text
    assert "broker does not answer (stopped)" in text
    assert f"Fix: kill -CONT {process.pid}" in text


@pytest.mark.parametrize("state", ["starting", "restarting", "stopped"])
def test_a_program_that_is_not_running_is_not_well(state: State) -> None:
    assert not is_well(board(state=state), of(canary(12)), NOW)


def test_a_start_that_is_under_way_is_not_well_yet() -> None:
    starting = board().model_copy(update={"phase": "starting"})
    assert not is_well(starting, of(canary(12)), NOW)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3 * 3600 + 240, "3 h 4 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_disk_that_is_nearly_full_is_red_and_any_other_is_not_spoken_of() -> None:
    assert disk_line(None) == disk_line(Disk(state="unknown")) == []
    assert disk_line(Disk(state="ok", free_bytes=5_000_000_000)) == []
    line = disk_line(Disk(state="nearly full", free_bytes=900_000_000))[0]
    assert "nearly full (900 MB free): nothing is written (507), reading goes on" in line


def test_what_is_visible_late_is_said_with_a_fix_and_nothing_as_long_as_all_arrives() -> None:
    one = Behind(way="Kafka → directory", since=NOW, seconds=4_000, is_late=True)
    said, fix = behind_lines([one], ".venv/bin/daybook")
    assert "Kafka → directory is 1 h 6 min behind" in said
    assert f"data as of {NOW:%Y-%m-%d %H:%M:%S} UTC" in said
    assert "Fix: `.venv/bin/daybook lag`" in fix
    assert behind_lines([], "daybook") == []


def test_permissions_too_old_for_everyday_work_are_not_well_and_say_what_is_refused() -> None:
    fresh, busy, old, unknown = (
        KnownPermissions(age_seconds=0.3),
        KnownPermissions(age_seconds=1.4, refused=["critical"]),
        KnownPermissions(age_seconds=64, refused=["normal", "high", "critical"]),
        KnownPermissions(refused=["low", "normal", "high", "critical"]),
    )
    assert permission_lines(None, "daybook", "customers") == []
    assert permission_lines(fresh, "daybook", "customers") == []
    said = permission_lines(old, "daybook", "customers")
    assert "permissions at customers are 1 min 4 s old: what is normal, high, critical" in said[0]
    assert "daybook logs permissions" in said[1]
    assert "are not known" in permission_lines(unknown, "daybook", "customers")[0]
    assert [is_refusing(one) for one in (None, fresh, busy, old, unknown)] == [
        False, False, False, True, True,
    ]  # fmt: skip
