"""Nothing is applied across a gap: it is waited for, read again, and told to an operator."""

import pytest

from shared.projecting import runner as runners
from shared.testing.waiting import until
from tests.shared.projecting.tally import Following, a_record, records


async def test_what_follows_a_gap_waits_until_the_gap_is_filled(following: Following) -> None:
    await following.publish(0, records(1, 2, 4, 5))
    runner = await following.start_runner()
    await until(lambda: runner.status.gaps > 1, what="that the gap was read again")
    await following.has_applied(1, 2)
    await following.publish(0, records(3))
    await following.has_applied(1, 2, 3, 4, 5)


async def test_a_gap_in_one_partition_holds_up_no_other(following: Following) -> None:
    await following.publish(0, records(2))
    runner = await following.start_runner()
    await until(lambda: runner.status.gaps > 0, what="the gap")
    await following.publish(1, records(1, 2, 3))
    await following.has_applied(1, 2, 3, partition=1)
    assert await following.applied() == []


async def test_the_first_event_of_all_may_be_missing_too(following: Following) -> None:
    await following.publish(0, records(2, 3))
    runner = await following.start_runner()
    await until(lambda: runner.status.gaps > 0, what="the gap")
    assert await following.applied() == []
    await following.publish(0, records(1))
    await following.has_applied(1, 2, 3)


async def test_a_gap_that_stays_alarms_after_ten_seconds(
    following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    def alarms() -> list[str]:
        return [line.message for line in caplog.records if line.levelname == "CRITICAL"]

    await following.publish(0, records(1, 3))
    runner = await following.start_runner()
    await until(lambda: runner.status.gaps > 1, what="the gap")
    assert alarms() == []
    following.clock.turn(10)
    await until(alarms, what="the alarm")
    assert "waits for events that Kafka does not have" in alarms()[0]
    await following.publish(0, records(2))
    await following.has_applied(1, 2, 3)


async def test_a_round_that_was_sent_into_an_emptied_log_is_found_again_behind_its_filling(
    following: Following,
) -> None:
    # The relay sent 6 before it knew that the log was empty, then filled it from 1.
    await following.publish(0, records(6, 1, 2, 3, 4, 5, 6, 7))
    await following.start_runner()
    await following.has_applied(1, 2, 3, 4, 5, 6, 7)


async def test_an_event_that_was_passed_over_is_not_forgotten_when_others_follow(
    following: Following,
) -> None:
    # 9 comes before what it needs; behind it everything fits, and 9 does not come again.
    await following.publish(0, records(5, 9, 1, 2, 3, 4, 5, 6, 7, 8))
    await following.start_runner()
    await following.has_applied(1, 2, 3, 4, 5, 6, 7, 8, 9)


async def test_a_long_log_is_read_to_its_end_before_it_is_read_again(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "MAX_RECORDS", 10)
    await following.publish(0, records(100, *range(1, 101)))
    runner = await following.start_runner()
    await following.has_applied(*range(1, 101))
    assert runner.status.gaps == 0


async def test_a_new_epoch_is_never_applied_onto_the_rows_of_the_old_one(
    following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    await following.publish(0, [*records(1, 2), a_record(1, epoch=2), a_record(2, epoch=2)])
    await following.publish(1, records(1))
    runner = await following.start_runner()
    await until(lambda: runner.status.gaps > 0, what="that the new epoch was met")
    await following.has_applied(1, 2)
    await following.has_applied(1, partition=1)
    assert (await following.marks())[0][:2] == (1, 2)
    reasons = {line.__dict__["why"] for line in caplog.records if hasattr(line, "why")}
    assert reasons == {"new-epoch"}
