"""A replica that is restarted in mid-batch ends as one does that never stopped."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from shared.authorization.codes import Code
from shared.authorization.permission_copy import PermissionCopy, WithCopy
from shared.authorization.replica import Replica
from shared.authorization.snapshot import state_hash
from shared.authorization.tail import ReplicaTail
from shared.authorization.world import World
from shared.messaging.headers import ReceivedEvent
from shared.postgres.lanes import Lanes
from shared.testing.clock import TurnableClock
from tests.ground.broker import Broker
from tests.shared.authorization.story import ANA, BEN, Story, a_customer
from tests.shared.authorization.test_replica import READ
from tests.shared.authorization.test_tail import Ground, following, level


class EndedError(Exception):
    """The process is gone, with what it had in memory."""


class EndsInMidBatch(Replica):
    """Applies events up to one of a batch, and does not live to see the next."""

    def __init__(self, clock: TurnableClock, after: int) -> None:
        super().__init__(clock)
        self._after = after

    def take(self, events: Iterable[ReceivedEvent]) -> None:
        came = list(events)
        super().take(one for one in came if one.feed_position <= self._after)
        if any(one.feed_position > self._after for one in came):
            raise EndedError


def a_batch(story: Story) -> Story:
    """Let one decision make several events: the first half gives Ana more, the second ends it."""
    story.permission("customer:write").allow("reader", "customer:write", "all/public")
    story.person(BEN).give(BEN, "reader")
    story.of(ANA, "GrantRevoked", grant_id="grant-1")
    return story.of(ANA, "SubjectLeft").of(BEN, "SubjectSuspended")


@pytest.mark.parametrize("kept", ["before the batch", "with half of it", "nothing"])
async def test_a_replica_that_is_restarted_in_mid_batch_ends_as_one_that_never_stopped(
    broker: Broker, lanes: Lanes, kept: str
) -> None:
    ground = Ground(broker.settings)
    await ground.make()
    story = ground.owner.story
    before = len(story.events)
    steady, half = ground.replica(), before + 4
    async with following(ground, steady):
        await ground.send(list(story.events))
        await level(steady, Code.ALLOWED)

        ending = EndsInMidBatch(ground.clock, half)
        copy = PermissionCopy(lanes, ending)
        async with _until_it_ends(ground, ending):
            # Also said by a beat: what reads the beats is connected when it is cut off.
            await level(ending, Code.ALLOWED)
            if kept == "before the batch":
                await copy.keep()
            ground.owner.answers = kept == "nothing"
            await ground.send(a_batch(story).events[before:])
        assert (ending.world.position, ending.check(BEN, READ, a_customer(BEN))[0]) == (half, True)
        if kept == "with half of it":
            await copy.keep()

        again = ground.replica()
        source = WithCopy(ground.owner, PermissionCopy(lanes, again), again)
        async with following(ground, again, source):
            await level(again, Code.INACTIVE_SUBJECT)
        await level(steady, Code.INACTIVE_SUBJECT)
    whole = state_hash(World().after(story.events))
    assert [state_hash(one.world) for one in (steady, again)] == [whole, whole]
    assert (again.epoch, again.place, again.needs_snapshot) == (steady.epoch, steady.place, False)
    for replica in (steady, again):
        assert replica.check(BEN, READ, a_customer(BEN))[1] is Code.INACTIVE_SUBJECT


@asynccontextmanager
async def _until_it_ends(ground: Ground, replica: Replica) -> AsyncIterator[None]:
    """Let it follow until it is gone, which is to come at the end of the body."""
    tail = ReplicaTail(
        replica, ground.settings, ground.owner, events=ground.events, beats=ground.beats
    )
    following_ = asyncio.create_task(tail.run(asyncio.Event()))
    yield
    with pytest.raises(ExceptionGroup) as ended:
        await following_
    assert ended.group_contains(EndedError)
