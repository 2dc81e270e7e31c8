"""The copy of permissions lets a service start while nobody answers, as old as the copy is."""

from datetime import timedelta

import pytest

from shared.authorization import permission_copy
from shared.authorization.codes import Code
from shared.authorization.permission_copy import PermissionCopy, WithCopy
from shared.authorization.replica import SOURCE, Replica, Snapshot
from shared.authorization.snapshot import state_hash
from shared.authorization.snapshot_lines import lines_of, snapshot_of
from shared.authorization.world import World
from shared.errors import UnavailableError
from shared.messaging.heartbeats import Beat
from shared.postgres.lanes import Lanes
from shared.testing.clock import NOON, TurnableClock
from tests.shared.authorization.story import ANA, a_customer
from tests.shared.authorization.test_replica import READ, a_story
from tests.shared.others_turns import while_others_go_on


class Nobody:
    """A permissions service that is away."""

    async def snapshot(self) -> Snapshot:
        raise UnavailableError("the permissions service does not answer")


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


async def a_replica(clock: TurnableClock) -> Replica:
    replica = Replica(clock)
    replica.adopt(Snapshot(3, World().after(a_story().events), (77, 5)))
    replica.hear(Beat(SOURCE, 3, clock.now(), replica.world.position))
    return replica


async def test_whoever_starts_alone_decides_from_the_copy_until_it_is_too_old(
    lanes: Lanes, clock: TurnableClock
) -> None:
    before = await a_replica(clock)
    clock.turn(1)
    await PermissionCopy(lanes, before).keep()
    clock.turn(3)
    after = Replica(clock)
    copied = WithCopy(Nobody(), PermissionCopy(lanes, after), after)
    after.adopt(await copied.snapshot())
    assert (after.epoch, after.place) == (3, (77, 5))
    assert state_hash(after.world) == state_hash(before.world)
    assert after.freshness.age == pytest.approx(4)
    assert after.check(ANA, READ, a_customer(ANA))[1] is Code.ALLOWED
    clock.turn(2)
    assert after.check(ANA, READ, a_customer(ANA))[1] is Code.STALE
    with pytest.raises(UnavailableError):
        await copied.snapshot()


async def test_without_a_copy_there_is_nothing_to_start_from(
    lanes: Lanes, clock: TurnableClock
) -> None:
    replica = Replica(clock)
    with pytest.raises(UnavailableError):
        await WithCopy(Nobody(), PermissionCopy(lanes, replica), replica).snapshot()


async def test_a_copy_grows_younger_and_never_older(lanes: Lanes, clock: TurnableClock) -> None:
    replica = await a_replica(clock)
    copy = PermissionCopy(lanes, replica)
    await copy.keep()
    first = await copy.read()
    clock.turn(5)
    replica.hear(Beat(SOURCE, 3, clock.now(), replica.world.position))
    await copy.keep()
    second = await copy.read()
    assert first is not None
    assert second is not None
    assert first.as_of == NOON
    assert second.as_of == NOON + timedelta(seconds=5)
    behind = Replica(clock)
    behind.adopt(Snapshot(3, World().after(a_story().events[:2])))
    behind.hear(Beat(SOURCE, 3, clock.now(), 2))
    await PermissionCopy(lanes, behind).keep()
    third = await copy.read()
    assert third is not None
    assert third.world.position == replica.world.position


async def test_others_go_on_while_the_copy_is_written_and_read(
    lanes: Lanes, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for work in (lines_of, snapshot_of):
        monkeypatch.setattr(permission_copy, work.__name__, while_others_go_on(work))
    replica = await a_replica(clock)
    copy = PermissionCopy(lanes, replica)
    await copy.keep()
    kept = await copy.read()
    assert kept is not None
    assert state_hash(kept.world) == state_hash(replica.world)


async def test_what_nobody_knows_the_age_of_is_not_kept(lanes: Lanes, clock: TurnableClock) -> None:
    replica = Replica(clock)
    replica.adopt(Snapshot(3, World().after(a_story().events)))
    copy = PermissionCopy(lanes, replica)
    await copy.keep()
    assert await copy.read() is None


async def test_a_copy_of_another_release_is_not_used(lanes: Lanes, clock: TurnableClock) -> None:
    replica = await a_replica(clock)
    copy = PermissionCopy(lanes, replica)
    await copy.keep()
    await lanes.execute("update permission_copy set copy = 'format 99'")
    assert await copy.read() is None
