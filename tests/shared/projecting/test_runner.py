"""A read model applies each event once, whatever comes twice, late, reordered or by a zombie."""

import asyncio
import random

import asyncpg
import pytest

from shared.projecting.applying import CHANNEL
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.shared.projecting.tally import Following, a_record, records


async def test_events_are_applied_in_order_and_the_marks_tell_how_far(
    following: Following,
) -> None:
    await following.publish(0, records(1, 2, 3))
    await following.publish(1, records(1))
    runner = await following.start_runner()
    await following.has_applied(1, 2, 3)
    await following.has_applied(1, partition=1)
    await following.publish(1, records(2, 3))
    await following.has_applied(1, 2, 3, partition=1)
    assert await following.marks() == {0: (1, 3, 900, 3), 1: (1, 3, 900, 3)}
    await until(lambda: runner.status.events_applied == 6, what="the count of the runner")
    sql = "select feed_from, feed_to from projection_batches where partition = 1 order by 1"
    batches = [tuple(row) for row in await following.ask("views", sql)]
    assert [first for first, _ in batches] == [1, *(last + 1 for _, last in batches[:-1])]
    assert batches[-1][1] == 3


async def test_what_comes_twice_is_applied_once(following: Following) -> None:
    await following.publish(0, records(1, 2, 2, 1, 3, 1, 2, 3, 4))
    await following.start_runner()
    await following.has_applied(1, 2, 3, 4)


async def test_a_runner_goes_on_where_the_last_one_ended(following: Following) -> None:
    await following.publish(0, records(1, 2))
    await following.start_runner()
    await following.has_applied(1, 2)
    await following.stop()
    await following.publish(0, records(2, 3))
    await following.start_runner()
    await following.has_applied(1, 2, 3)


async def test_what_comes_in_another_order_is_applied_in_its_own(following: Following) -> None:
    await following.publish(0, records(1, 3, 2, 5, 4))
    await following.start_runner()
    await following.has_applied(1, 2, 3, 4, 5)


async def test_any_shuffle_with_any_repetition_is_applied_once_and_in_order(
    following: Following, dice: random.Random
) -> None:
    numbers = [*range(1, 31), *dice.choices(range(1, 31), k=30)]
    dice.shuffle(numbers)
    await following.start_runner()
    for start in range(0, 60, 20):
        await following.publish(0, records(*numbers[start : start + 20]))
    await following.has_applied(*range(1, 31))


async def test_events_of_others_and_records_that_are_no_events_are_passed_over(
    following: Following,
) -> None:
    foreign = [a_record(n, service="others") for n in (1, 2, 3)]
    nothing = (b"key", b"no event", [("ce_source", b"/daybook/notes")])
    await following.publish(0, [*foreign, *records(1), nothing, *foreign, *records(2)])
    await following.start_runner()
    await following.has_applied(1, 2)


async def test_events_of_an_earlier_epoch_are_dropped(following: Following) -> None:
    await following.publish(0, [a_record(1, epoch=2), a_record(2, epoch=1), a_record(2, epoch=2)])
    await following.start_runner()
    await following.has_applied(1, 2)
    assert (await following.marks())[0][:2] == (2, 2)


async def test_two_runners_apply_nothing_twice(following: Following) -> None:
    await following.start_runner()
    await following.start_runner()
    for start in range(1, 101, 10):
        await following.publish(0, records(*range(start, start + 10)))
    await following.has_applied(*range(1, 101))


async def test_a_zombie_that_wakes_up_in_the_middle_of_a_batch_applies_nothing(
    following: Following,
) -> None:
    zombie_has_begun, zombie_may_go_on = asyncio.Event(), asyncio.Event()

    async def stand_still() -> None:
        zombie_has_begun.set()
        await zombie_may_go_on.wait()

    following.tally.meanwhile = stand_still
    await following.publish(0, records(1, 2))
    zombie = await following.start_runner()
    await zombie_has_begun.wait()
    await following.start_runner()
    await following.has_applied(1, 2)
    zombie_may_go_on.set()
    await following.publish(0, records(3))
    await following.has_applied(1, 2, 3)
    await until(lambda: zombie.status.is_following, what="that the zombie follows again")
    assert await following.applied() == [1, 2, 3]


async def test_a_zombie_that_stumbles_over_what_another_wrote_does_not_call_it_poison(
    following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    async def stumbles() -> None:
        await following.start_runner()
        await following.has_applied(1, 2)
        raise ValueError("version 1 cannot follow version 2")

    following.tally.meanwhile = stumbles
    await following.publish(0, records(1, 2))
    zombie = await following.new_runner()
    following.run(zombie)
    told = "another runner moved a mark; reading on from there"
    await until(lambda: told in caplog.messages, what="that the zombie sees the other's marks")
    await following.publish(0, records(3))
    await following.has_applied(1, 2, 3)
    assert "a batch failed and is applied piece by piece" not in caplog.messages
    assert zombie.status.last_failure is None


async def test_nothing_is_applied_while_keys_cannot_be_asked_for(following: Following) -> None:
    following.keys.is_away = True
    await following.publish(0, records(1, 2))
    runner = await following.start_runner()
    await until(lambda: runner.status.last_failure == "UnavailableError", what="the failure")
    assert await following.applied() == []
    following.keys.is_away = False
    await following.has_applied(1, 2)


async def test_a_lost_connection_to_the_read_models_is_only_a_pause(following: Following) -> None:
    await following.publish(0, records(1))
    await following.start_runner()
    await following.has_applied(1)
    kill = """select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and usename = 'customers_projector'"""
    assert await following.ask("views", kill)
    await following.publish(0, records(2, 3))
    await following.has_applied(1, 2, 3)


async def test_a_log_that_was_emptied_and_filled_again_changes_nothing(
    own_following: Following, own_broker: Broker
) -> None:
    following = own_following
    await following.publish(0, records(1, 2, 2, 2, 3))
    await following.publish(1, records(1))
    await following.start_runner()
    await following.has_applied(1, 2, 3)
    own_broker.kill()
    await own_broker.start_again()
    await following.make_topic()
    # Fewer records than before: the old offset lies behind the end, and nothing says so.
    await following.publish(0, records(1, 2, 3, 4))
    await following.publish(1, records(1, 2))
    following.clock.turn(5)
    await following.has_applied(1, 2, 3, 4)
    await following.has_applied(1, 2, partition=1)


async def test_a_log_that_was_emptied_while_nobody_read_is_read_from_its_beginning(
    own_following: Following, own_broker: Broker
) -> None:
    following = own_following
    await following.publish(0, records(1, 1, 2, 2, 3))
    await following.start_runner()
    await following.has_applied(1, 2, 3)
    await following.stop()
    own_broker.kill()
    await own_broker.start_again()
    await following.make_topic()
    # At the old offset lies an event further on than the next one.
    await following.publish(0, records(1, 2, 3, 4, 5, 6, 7))
    await following.start_runner()
    await following.has_applied(1, 2, 3, 4, 5, 6, 7)


async def test_whoever_waits_is_told_that_the_read_model_moved(following: Following) -> None:
    told = asyncio.Event()
    listener = await asyncpg.connect(following.databases.admin_dsn("views"))
    await listener.add_listener(CHANNEL, lambda *_: told.set())
    await following.start_runner()
    await following.publish(0, records(1))
    await asyncio.wait_for(told.wait(), 60)
    assert (await following.marks())[0][1] == 1  # told only after it is true
    await listener.close()
