"""Parts of Daybook are killed, all of it is stopped and started: nothing is lost or left."""

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest

from cli.local.ports import Ports, is_free
from tests.cli.whole_daybook import WholeDaybook, are_gone, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
SERVICES = [
    "customers", "customers-streams", "customers-worker", "permissions", "permissions-streams",
]  # fmt: skip
PROCESSES = {"truth", "views", "keys", "broker", "issuer", *SERVICES}


@pytest.fixture
def daybook() -> Iterator[WholeDaybook]:
    """A Daybook that was never started."""
    daybook = WholeDaybook()
    yield daybook
    daybook.remove()


@pytest.fixture(scope="module")
def running() -> Iterator[WholeDaybook]:
    """A Daybook after its first start, demo data included."""
    daybook = WholeDaybook()
    try:
        daybook.up_until_ready()
        yield daybook
    finally:
        daybook.remove()


def is_well(daybook: WholeDaybook) -> bool:
    return daybook.run("status").returncode == 0


def said_last(daybook: WholeDaybook, name: str) -> int:
    """Return when this process said its last word."""
    return (daybook.place.logs / f"{name}.log").stat().st_mtime_ns


def test_a_first_start_proves_itself_and_its_advice_works(running: WholeDaybook) -> None:
    assert re.search(r"a canary event went store → Kafka → read model in \d+ ms", running.shown)
    assert "1,503 customers, 0 rows refused" in running.shown
    assert "Apple Inc." in running.run("find", "apple").stdout
    assert running.run("lag").returncode == 0
    wait_until(lambda: is_well(running), "status never became well", running)


def test_a_second_start_is_refused_and_changes_nothing(running: WholeDaybook) -> None:
    before = running.pids()
    for options in ((), ("--detach",)):
        refused = running.run("up", *options)
        assert refused.returncode == 1
        assert re.search(r"^Error: Daybook already runs here \(pid \d+\)\.$", refused.stderr, re.M)
        assert "\nFix: " in refused.stderr
    assert running.pids() == before
    assert before.keys() == PROCESSES


def test_another_folder_with_the_same_ports_is_refused_with_ports_that_are_free(
    running: WholeDaybook,
) -> None:
    other = str(running.folder / "other")
    refused = running.run("up", DAYBOOK_VAR=other)
    assert refused.returncode == 1
    port = running.place.port_base + 1
    assert re.search(rf"Error: Port {port} is used by \S+ \(pid \d+\)", refused.stderr)
    advised = re.search(r"DAYBOOK_PORT_BASE=(\d+) make up", refused.stderr)
    assert advised is not None
    assert all(map(is_free, Ports(int(advised[1])).all))


@pytest.mark.parametrize("name", ["broker", "truth", "views", "keys", "issuer", *SERVICES])
def test_a_process_that_is_killed_is_restarted_and_said_so(
    running: WholeDaybook, name: str
) -> None:
    before = running.pids()[name]
    os.kill(before, signal.SIGKILL)
    running.wait_for(f"{name} was ended by SIGKILL; started again in ")
    running.wait_for(f"{name} answers again")
    wait_until(lambda: is_well(running), f"not well after {name} was killed", running)
    assert running.pids()[name] != before
    assert "Apple Inc." in running.run("find", "apple").stdout


def test_ctrl_c_stops_the_stores_last_and_the_next_start_loses_nothing(
    daybook: WholeDaybook,
) -> None:
    (daybook.place.var / "truth.new").mkdir(parents=True)
    (daybook.place.var / "truth.new" / "half").write_text("an interrupted first start")
    daybook.up_until_ready("--no-demo")
    pids = daybook.pids()
    daybook.signal(signal.SIGINT)
    assert daybook.wait_for_exit() == 0
    assert are_gone(pids)
    assert "Stopped in" in daybook.shown
    last_words = {name: said_last(daybook, name) for name in pids}
    services = {name for name in pids if name in SERVICES}
    assert max(last_words[name] for name in services) < min(
        last_words[name] for name in ("truth", "views", "keys")
    )
    assert not daybook.place.sockets.exists()
    kept = json.loads(daybook.place.tally_of("customers").read_text())["events"]
    daybook.up_until_ready("--no-demo")
    refilled = re.search(
        r"0 events lost, broker refilled with ([\d,]+) events in [\d.]+ s", daybook.shown
    )
    assert refilled is not None, daybook.shown
    assert int(refilled[1].replace(",", "")) == kept


def test_a_killed_supervisor_leaves_no_orphan_and_the_next_start_counts_what_is_lost(
    daybook: WholeDaybook,
) -> None:
    daybook.up_until_ready("--no-demo")
    pids = daybook.pids()
    daybook.signal(signal.SIGKILL)
    daybook.wait_for_exit()
    wait_until(lambda: are_gone(pids), "orphans are left", daybook)
    assert daybook.run("status").returncode == 1
    # As if the store had known seven events more than it will have.
    tally = json.loads(daybook.place.tally_of("customers").read_text())
    tally["events"] += 1007
    daybook.place.tally_of("customers").write_text(json.dumps(tally))
    daybook.up_until_ready("--no-demo")
    lost = re.search(r"([\d,]+) events lost: write nothing", daybook.shown)
    assert lost is not None, daybook.shown
    assert int(lost[1].replace(",", "")) in range(900, 1008)


def test_a_service_that_cannot_start_is_given_up_and_everything_is_stopped(
    daybook: WholeDaybook,
) -> None:
    given_up = daybook.run("up", "--no-demo", DAYBOOK_SERVICE_CANARY_SECONDS="never")
    assert given_up.returncode == 1
    assert "customers ended 3 times before it was ready. Its last words: " in given_up.stderr
    assert f"\nFix: read why, mend it, start again: tail {daybook.place.logs}" in given_up.stderr
    assert "Stopped in" in given_up.stdout
    assert daybook.pids() == {}


def test_a_detached_daybook_is_seen_read_and_stopped_from_another_terminal(
    daybook: WholeDaybook,
) -> None:
    started = daybook.run("up", "--detach", "--no-demo")
    assert started.returncode == 0, started.stdout + started.stderr
    assert "a canary event went store" in started.stdout
    pids = daybook.pids()
    wait_until(lambda: is_well(daybook), "status never became well", daybook)
    assert "ready to accept connections" in daybook.run("logs", "truth").stdout
    assert daybook.run("logs", "nobody").returncode == 1
    stopped = daybook.run("down")
    assert (stopped.returncode, stopped.stdout[:7]) == (0, "Stopped")
    assert are_gone(pids)
    assert daybook.run("down").returncode == 0
    status = daybook.run("status")
    assert (status.returncode, "Fix: " in status.stdout) == (1, True)
