"""What passes is counted also while a machine sleeps."""

import time

import pytest

from shared.clock import SystemClock


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has such a clock")
def test_the_time_that_a_machine_sleeps_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {time.CLOCK_MONOTONIC: 100.0, time.CLOCK_BOOTTIME: 3_700.0}
    monkeypatch.setattr(time, "clock_gettime", times.__getitem__)
    assert SystemClock().monotonic() == 3_700.0
