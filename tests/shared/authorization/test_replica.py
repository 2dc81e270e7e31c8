"""A replica applies each event once and in order, and says itself when it cannot go on."""

from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Any

import orjson
import pytest

from shared.authorization.codes import Code
from shared.authorization.replica import SOURCE, Replica, Snapshot
from shared.authorization.snapshot import from_bytes, state_hash, to_bytes
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from shared.messaging.headers import ReceivedEvent
from shared.messaging.heartbeats import Beat
from shared.testing.clock import TurnableClock
from tests.shared.authorization.story import ANA, Story, a_customer

READ = "customer:read"


def a_story() -> Story:
    story = Story().permission(READ, "high").person(ANA).role("reader", customer_read="own/public")
    return story.give(ANA, "reader")


def came(event: PermissionEvent, epoch: int = 1) -> ReceivedEvent:
    return ReceivedEvent(
        SOURCE, epoch, "daybook.permissions.v1", 0, event.position, event.position,
        event.position * 10, event.position, f"id-{event.position}", event.type, 1, event.stream,
        1, event.stream, "2026-03-04T12:00:00Z", None, orjson.dumps(event.data),
    )  # fmt: skip


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def replica(clock: TurnableClock) -> Replica:
    replica = Replica(clock)
    replica.adopt(Snapshot(1, World()))
    return replica


def beat(clock: TurnableClock, reached: int, epoch: int = 1) -> Beat:
    return Beat(SOURCE, epoch, clock.now(), reached)


def code(replica: Replica, **more: Any) -> Code:  # noqa: ANN401
    return replica.check(ANA, READ, a_customer(ANA), **more)[1]


def test_without_a_snapshot_everything_is_denied(clock: TurnableClock) -> None:
    replica = Replica(clock)
    replica.take(came(event) for event in a_story().events)
    replica.hear(beat(clock, 0))
    assert replica.needs_snapshot
    assert replica.check(ANA, READ, a_customer(ANA))[0] is False


def test_an_event_decides_only_once_a_beat_says_that_it_is_all(
    replica: Replica, clock: TurnableClock
) -> None:
    events = a_story().events
    replica.take([came(event) for event in events])
    assert code(replica) is Code.STALE
    replica.hear(beat(clock, len(events)))
    assert code(replica) is Code.ALLOWED
    clock.turn(6)
    assert code(replica) is Code.STALE, "high risk is denied after five seconds"
    replica.hear(beat(clock, len(events) + 1))
    assert code(replica) is Code.STALE, "a beat that is ahead of the events proves nothing"


def test_a_beat_that_comes_before_its_events_counts_with_them(
    replica: Replica, clock: TurnableClock
) -> None:
    events = a_story().events
    replica.hear(beat(clock, len(events)))
    assert replica.freshness.age == inf
    replica.take([came(event) for event in events])
    assert code(replica) is Code.ALLOWED


def test_duplicates_and_events_of_others_change_nothing(
    replica: Replica, clock: TurnableClock
) -> None:
    events = a_story().events
    replica.take([came(event) for event in events[:3]])
    world = replica.world
    replica.take([came(event) for event in events[:3]])
    replica.take([replace(came(events[3]), source="/daybook/customers")])
    assert replica.world is world
    replica.take([came(event) for event in events])
    assert state_hash(replica.world) == state_hash(World().after(events))
    assert clock.monotonic() >= 0


@pytest.mark.parametrize("wrong", ["gap", "epoch", "beat of an epoch"])
def test_after_a_gap_or_in_a_new_epoch_it_waits_for_a_snapshot_and_grows_old(
    replica: Replica, clock: TurnableClock, wrong: str
) -> None:
    events = a_story().events
    replica.take([came(event) for event in events])
    replica.hear(beat(clock, len(events)))
    if wrong == "beat of an epoch":
        replica.hear(beat(clock, len(events), epoch=2))
    else:
        far = PermissionEvent(len(events) + 2, f"subject-{ANA}", "SubjectLeft", {})
        near = PermissionEvent(len(events) + 1, f"subject-{ANA}", "SubjectLeft", {})
        replica.take([came(far) if wrong == "gap" else came(near, epoch=2)])
    assert replica.needs_snapshot
    assert code(replica) is Code.ALLOWED, "what it knew is still young"
    clock.turn(6)
    replica.hear(beat(clock, len(events) + 2, epoch=1))
    assert code(replica) is Code.STALE
    world = World().after([*events, PermissionEvent(len(events) + 1, "policy", "Other", {})])
    epoch = 1 if wrong == "gap" else 2
    assert replica.adopt(Snapshot(epoch, replace_position(world, len(events) + 2)))
    replica.hear(beat(clock, len(events) + 2, epoch=epoch))
    assert code(replica) is Code.ALLOWED


def test_behind_a_gap_nothing_is_applied_in_any_order_until_there_is_a_snapshot(
    replica: Replica, clock: TurnableClock
) -> None:
    events = a_story().events
    replica.take([came(event) for event in events[:2]])
    replica.take([came(events[3]), came(events[2]), came(events[4])])
    replica.take([came(event) for event in events[2:]])
    assert (replica.needs_snapshot, replica.world.position) == (True, 2)
    assert replica.adopt(Snapshot(1, World().after(events[:3])))
    replica.take([came(event) for event in events])
    replica.hear(beat(clock, len(events)))
    assert code(replica) is Code.ALLOWED
    assert state_hash(replica.world) == state_hash(World().after(events))


def replace_position(world: World, position: int) -> World:
    return world.after([PermissionEvent(position, "policy", "Other", {})])


def test_a_snapshot_that_is_behind_is_not_taken(replica: Replica) -> None:
    events = a_story().events
    replica.take([came(event) for event in events])
    assert not replica.adopt(Snapshot(1, World().after(events[:2])))
    assert replica.world.position == len(events)


def test_a_copy_kept_from_before_is_as_old_as_it_was(clock: TurnableClock) -> None:
    kept = from_bytes(to_bytes(World().after(a_story().events)))
    replica = Replica(clock)
    as_of = clock.now() - timedelta(seconds=4)
    replica.adopt(Snapshot(1, kept, as_of=as_of))
    assert replica.freshness.age == pytest.approx(4)
    assert code(replica) is Code.ALLOWED
    clock.turn(2)
    assert code(replica) is Code.STALE
    replica.adopt(Snapshot(2, kept))
    assert replica.freshness.age == inf
    replica.adopt(Snapshot(2, kept, as_of=clock.now() - timedelta(seconds=3)))
    assert replica.freshness.age == pytest.approx(3)


def test_an_event_that_cannot_be_read_denies_its_subject_and_nobody_else(
    replica: Replica, clock: TurnableClock
) -> None:
    events = a_story().events
    replica.take([came(event) for event in events])
    broken = came(PermissionEvent(len(events) + 1, f"subject-{ANA}", "SubjectReinstated", {}))
    replica.take([replace(broken, data=b"\x00")])
    replica.hear(beat(clock, len(events) + 1))
    assert code(replica) is Code.PARKED
    assert not replica.needs_snapshot


def test_a_snapshot_catches_up_with_the_beats_that_came_before_it(
    replica: Replica, clock: TurnableClock
) -> None:
    events = a_story().events
    replica.hear(beat(clock, len(events)))
    clock.turn(1)
    assert replica.adopt(Snapshot(1, World().after(events)))
    assert replica.freshness.age == pytest.approx(1)
    assert code(replica) is Code.ALLOWED


@pytest.mark.parametrize("wrong", [{"epoch": 0}, {"source": "/daybook/customers"}])
def test_a_beat_of_an_older_epoch_or_of_another_relay_proves_nothing(
    replica: Replica, clock: TurnableClock, wrong: dict[str, Any]
) -> None:
    events = a_story().events
    replica.take([came(event) for event in events])
    replica.hear(replace(beat(clock, len(events)), **wrong))
    assert replica.freshness.age == inf
    assert not replica.needs_snapshot


def test_it_says_which_place_of_the_store_it_has(replica: Replica) -> None:
    events = a_story().events
    replica.take([came(event) for event in events[:2]])
    assert replica.has(1, 20, 2)
    assert not replica.has(1, 20, 3)
    assert not replica.has(2, 1, 1)
