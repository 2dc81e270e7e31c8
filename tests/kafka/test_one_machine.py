"""One machine runs on Apache Kafka as on its own broker, and on either after the other."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.cli.whole_daybook import WholeDaybook, are_gone, wait_until


@pytest.fixture
def daybook() -> Iterator[WholeDaybook]:
    daybook = WholeDaybook()
    try:
        yield daybook
    finally:
        daybook.remove()


def stop(daybook: WholeDaybook) -> None:
    pids = daybook.pids()
    assert daybook.run("down").returncode == 0
    daybook.wait_for_exit()
    assert are_gone(pids)


def test_the_log_outlives_a_stop_and_the_broker_may_be_another_at_every_start(
    daybook: WholeDaybook,
) -> None:
    daybook.up_until_ready("--broker", "kafka", "--no-demo")
    assert "Apache Kafka" in daybook.shown
    stop(daybook)

    daybook.up_until_ready("--broker", "kafka", "--no-demo")
    assert "0 events lost" in daybook.shown
    assert "broker refilled" not in daybook.shown
    stop(daybook)

    for options in ((), ("--broker", "kafka")):
        daybook.up_until_ready(*options, "--no-demo")
        assert "0 events lost, broker refilled" in daybook.shown
        stop(daybook)


def test_a_killed_node_is_started_again_and_the_canary_makes_its_trip(
    daybook: WholeDaybook,
) -> None:
    daybook.up_until_ready("--broker", "kafka", "--no-demo")
    os.kill(daybook.pids()["broker"], signal.SIGKILL)
    daybook.wait_for("broker answers again")
    wait_until(lambda: daybook.run("status").returncode == 0, "it is not well again", daybook)
