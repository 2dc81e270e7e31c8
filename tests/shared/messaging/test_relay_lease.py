"""One relay leads a partition, by a lease that ends by the database's clock and not by its own."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shared.messaging.outbox import LEASE, Checkpoint, LeaseLostError, Moved, Outbox
from shared.testing.clock import NOON
from shared.testing.waiting import until
from tests.ground.events import some_events, write
from tests.ground.notebook import PARTITIONS, Notebook
from tests.shared.messaging.test_relay import numbered

ALL = range(PARTITIONS)
TIME_PASSES = """
    with passed as (update relay_members set alive_until = alive_until - interval '3 s')
    update relay_checkpoints set lease_until = lease_until - interval '3 s'"""
OTHERS_LIVE_ON = """
    with dead as (update relay_members set alive_until = '-infinity' where owner = $1)
    update relay_checkpoints set lease_until = '-infinity' where owner = $1"""


class Paused(Outbox):
    """The outbox of a relay that is held up between sending and recording it."""

    def hold(self) -> None:
        """Be held up at the next record of a round."""
        self.has_sent = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def advance(self, moved: Sequence[Moved], at: datetime) -> None:
        """Wait before the round is recorded."""
        self.has_sent.set()
        await self.may_go_on.wait()
        await super().advance(moved, at)


async def _owner_of(notebook: Notebook, partitions: set[int]) -> UUID:
    [row] = await notebook.ask(
        "truth", "select distinct owner from relay_checkpoints where partition = any($1)",
        list(partitions),
    )  # fmt: skip
    owner: UUID = row["owner"]
    return owner


def _moved(checkpoint: Checkpoint) -> Moved:
    return Moved(checkpoint, 900, 1, checkpoint.feed_position + 1, kafka_offset=0)


async def _holds(outbox: Outbox) -> set[int]:
    return set((await outbox.claim()).held)


async def test_what_one_relay_holds_another_cannot_claim(notebook: Notebook) -> None:
    first, second = await notebook.new_outbox(), await notebook.new_outbox()
    await first.prepare()
    await second.prepare()
    assert await _holds(first) == set(ALL)
    assert await _holds(second) == set()
    assert await second.renew() == set()


async def test_relays_that_live_share_the_partitions(notebook: Notebook) -> None:
    relays = [await notebook.new_outbox() for _ in range(5)]
    await relays[0].prepare()
    assert await _holds(relays[0]) == set(ALL)
    assert await _holds(relays[1]) == set()
    assert await _holds(relays[0]) == {0, 1}
    assert await _holds(relays[1]) == {2, 3}
    # One more than there are partitions: it stands by.
    for relay in relays:
        await relay.claim()
    shares = [await _holds(relay) for relay in relays]
    assert sorted(map(len, shares)) == [0, 1, 1, 1, 1]
    assert set().union(*shares) == set(ALL)


async def test_two_relays_that_claim_at_the_same_moment_never_hold_the_same_partition(
    notebook: Notebook,
) -> None:
    relays = [await notebook.new_outbox() for _ in range(4)]
    await relays[0].prepare()
    for _ in range(10):
        claims = await asyncio.gather(*(relay.claim() for relay in relays))
        held = [partition for claim in claims for partition in claim.held]
        assert held
        assert len(set(held)) == len(held)
        await asyncio.gather(*(relay.release() for relay in relays))


async def test_a_relay_that_stands_by_knows_when_the_next_lease_ends(notebook: Notebook) -> None:
    first, second = await notebook.new_outbox(), await notebook.new_outbox()
    await first.prepare()
    assert (await first.claim()).free_in is None
    free_in = (await second.claim()).free_in
    assert free_in is not None
    assert 0 < free_in <= LEASE.total_seconds()
    await notebook.ask("truth", TIME_PASSES)
    assert (await second.claim()).held.keys() == set(ALL)


async def test_the_share_of_a_dead_relay_is_taken_over_by_all_who_live(notebook: Notebook) -> None:
    relays = [await notebook.new_outbox() for _ in range(3)]
    await relays[0].prepare()
    for _ in range(2):
        for relay in relays:
            await relay.claim()
    dead = await _holds(relays[0])
    await notebook.ask("truth", OTHERS_LIVE_ON, await _owner_of(notebook, dead))
    await relays[1].claim()
    await relays[2].claim()
    assert [len(await _holds(relay)) for relay in relays[1:]] == [2, 2]


async def test_a_relay_that_stops_hands_over_at_once(notebook: Notebook) -> None:
    first, second = await notebook.new_outbox(), await notebook.new_outbox()
    await first.prepare()
    await first.claim()
    await first.release()
    assert await _holds(second) == set(ALL)


async def test_whoever_was_away_for_longer_than_the_lease_can_record_nothing_any_more(
    notebook: Notebook,
) -> None:
    first, second = await notebook.new_outbox(), await notebook.new_outbox()
    await first.prepare()
    held = (await first.claim()).held
    await notebook.ask("truth", TIME_PASSES)
    assert await first.renew() == set()
    with pytest.raises(LeaseLostError):
        await first.advance([_moved(held[0])], NOON)
    with pytest.raises(LeaseLostError):
        await first.start_over([0])
    taken = (await second.claim()).held
    assert taken[0].feed_position == 0
    with pytest.raises(LeaseLostError):
        await first.advance([_moved(held[0])], NOON)
    await second.advance([_moved(taken[0])], NOON)
    assert (await notebook.feed.sent_up_to())[0] == 1


async def test_a_round_is_recorded_only_from_where_the_checkpoint_stands(
    notebook: Notebook,
) -> None:
    outbox = await notebook.new_outbox()
    await outbox.prepare()
    held = (await outbox.claim()).held
    await outbox.advance([_moved(held[0])], NOON)
    with pytest.raises(LeaseLostError):
        await outbox.advance([_moved(held[0]), _moved(held[1])], NOON)
    assert await notebook.feed.sent_up_to() == {0: 1, 1: 0, 2: 0, 3: 0}
    rounds = await notebook.ask("truth", "select partition, feed_from, feed_to from relay_rounds")
    assert [tuple(row) for row in rounds] == [(0, 1, 1)]


async def test_a_second_relay_waits_and_takes_over_when_the_first_falls_silent(
    notebook: Notebook,
) -> None:
    first = notebook.relay_of(await notebook.new_outbox())
    leading = notebook.run(first)
    await until(lambda: first.status.partitions_led == PARTITIONS, what="the first's lead")
    second = await notebook.start_relay()
    await write(notebook.store, "note-1", 0, some_events(3))
    await until(lambda: first.status.events_sent == 3, what="the first's round")
    assert second.status.partitions_led == 0
    leading.cancel()
    await write(notebook.store, "note-1", 3, some_events(3))
    await until(lambda: second.status.partitions_led == PARTITIONS, what="the second's lead")
    [events] = numbered(await notebook.records(6)).values()
    assert [e.feed_position for e in events] == [1, 2, 3, 4, 5, 6]
    await until(lambda: second.status.events_sent == 3, what="the second's round")


async def test_a_leader_that_was_paused_in_a_round_cannot_record_it_and_gives_one_event_one_number(
    notebook: Notebook,
) -> None:
    lanes = await notebook.lanes(notebook.databases.truth_dsn, "relay")
    paused = Paused(lanes, notebook.topic.name, PARTITIONS, uuid4())
    paused.hold()
    slow = notebook.relay_of(paused)
    notebook.run(slow)
    await write(notebook.store, "note-1", 0, some_events(3))
    await paused.has_sent.wait()
    await notebook.ask("truth", TIME_PASSES)
    quick = await notebook.start_relay()
    await until(lambda: quick.status.partitions_led == PARTITIONS, what="the other's lead")
    await write(notebook.store, "note-1", 3, some_events(2))
    await until(lambda: quick.status.events_sent == 5, what="the other's rounds")
    paused.may_go_on.set()
    await until(lambda: slow.status.last_failure == "LeaseLostError", what="the refusal")
    assert slow.status.events_sent == 0
    await write(notebook.store, "note-1", 5)
    [events] = numbered(await notebook.records(9)).values()
    assert [e.feed_position for e in events] == [1, 2, 3, 1, 2, 3, 4, 5, 6]
    assert len({(e.feed_position, e.event_id) for e in events}) == 6


async def test_the_lease_is_renewed_while_nothing_happens(notebook: Notebook) -> None:
    relay = await notebook.start_relay()
    await until(lambda: relay.status.partitions_led == PARTITIONS, what="the lead")
    until_when = "select min(lease_until) as at from relay_checkpoints"
    [before] = await notebook.ask("truth", until_when)

    async def is_renewed() -> bool:
        [now] = await notebook.ask("truth", until_when)
        return bool(now["at"] - before["at"] > timedelta(seconds=1))

    await until(is_renewed, what="the renewal")
    assert relay.status.last_failure is None
