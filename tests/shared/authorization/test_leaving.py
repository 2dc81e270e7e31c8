"""A replica sees at the swap itself who leaves, with what they own, and since when."""

from datetime import timedelta

import pytest

from shared.authorization.leaving import Leaving, late_ms
from shared.authorization.replica import SOURCE, Replica, Snapshot
from shared.authorization.world import World
from shared.messaging.heartbeats import Beat
from shared.testing.clock import TurnableClock
from tests.shared.authorization.story import ANA, BEN, CAT, DAN, Story, a_story
from tests.shared.authorization.test_replica import came

MANY = 10_000


class Watched:
    """A replica that decides already, and the story that it follows."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.clock = TurnableClock()
        self.replica = Replica(self.clock)
        self.replica.adopt(Snapshot(1, story.world))
        self._taken = len(story.events)
        self.replica.hear(Beat(SOURCE, 1, self.clock.now(), self._taken))

    def follows(self) -> list[Leaving]:
        """Let it take what the story told since, and return what it has to tell."""
        news = self.story.events[self._taken :]
        self._taken = len(self.story.events)
        self.replica.take([came(event) for event in news])
        return self.replica.leavings.next(MANY)


@pytest.fixture
def watched() -> Watched:
    return Watched(a_story().service(DAN, owner=ANA).service("robot", owner=DAN))


@pytest.mark.parametrize("ended", ["SubjectLeft", "SubjectSuspended", "SubjectErased"])
def test_whoever_leaves_is_seen_once_with_what_they_own(watched: Watched, ended: str) -> None:
    watched.story.of(ANA, ended).of(DAN, "SubjectSuspended")
    [leaving] = watched.follows()
    assert (leaving.subject, leaving.service_accounts) == (ANA, 2), "an account of an account, too"
    assert (leaving.epoch, leaving.position) == (1, len(watched.story.events))
    assert leaving.left_at == came(watched.story.events[-1]).recorded_at
    assert (leaving.applied_at, leaving.is_at_start) == (watched.clock.now(), False)
    assert watched.replica.leavings.of(ANA) is leaving
    watched.replica.leavings.told(leaving)
    watched.story.of(ANA, "SubjectLeft").of(DAN, "SubjectLeft")
    assert watched.follows() == [], "who is gone does not leave again"
    assert watched.replica.leavings.of(ANA) is leaving


def test_whoever_is_back_in_the_same_batch_never_left(watched: Watched) -> None:
    watched.story.of(ANA, "SubjectSuspended").of(ANA, "SubjectReinstated")
    watched.story.of(BEN, "SubjectMoved", teams=["south"])
    assert watched.follows() == []


def test_whoever_comes_back_and_leaves_again_is_told_of_again(watched: Watched) -> None:
    watched.story.of(ANA, "SubjectSuspended")
    [first] = watched.follows()
    watched.story.of(ANA, "SubjectReinstated").of(ANA, "SubjectSuspended")
    watched.follows()
    watched.story.of(ANA, "SubjectReinstated")
    watched.follows()
    watched.story.of(ANA, "SubjectSuspended")
    [second] = watched.follows()
    watched.replica.leavings.told(first)
    assert watched.replica.leavings.next(1) == [second], "what came later is still to be told"


def test_nobody_leaves_in_the_copy_that_a_process_begins_with(watched: Watched) -> None:
    watched.story.of(ANA, "SubjectLeft")
    replica = Replica(watched.clock)
    replica.adopt(Snapshot(1, watched.story.world))
    assert replica.leavings.next(MANY) == []
    assert replica.leavings.of(ANA) is None


def test_what_comes_before_anything_was_decided_is_said_to(watched: Watched) -> None:
    replica = Replica(watched.clock)
    replica.adopt(Snapshot(1, watched.story.world))
    watched.story.of(ANA, "SubjectLeft")
    replica.take([came(watched.story.events[-1])])
    assert [one.is_at_start for one in replica.leavings.next(MANY)] == [True]


def test_whoever_begins_with_a_copy_that_is_young_enough_decides_at_once(watched: Watched) -> None:
    replica = Replica(watched.clock)
    replica.adopt(Snapshot(1, watched.story.world, as_of=watched.clock.now()))
    watched.story.of(ANA, "SubjectLeft")
    replica.take([came(watched.story.events[-1])])
    assert [one.is_at_start for one in replica.leavings.next(MANY)] == [False]


def test_after_a_gap_a_snapshot_tells_who_left_but_not_when(watched: Watched) -> None:
    watched.story.of(CAT, "SubjectLeft")
    world = World().after(watched.story.events)
    watched.replica.needs_snapshot = True
    assert watched.replica.adopt(Snapshot(1, world))
    [leaving] = watched.replica.leavings.next(MANY)
    assert (leaving.subject, leaving.left_at, leaving.is_at_start) == (CAT, None, False)
    assert late_ms(leaving.left_at, leaving.applied_at) is None


def test_as_many_are_kept_as_there_are_people_however_often_they_leave() -> None:
    story = Story()
    people = [f"p-{number}" for number in range(MANY)]
    for person in people:
        story.person(person)
    watched = Watched(story)
    for _ in range(2):
        for person in people:
            story.of(person, "SubjectSuspended")
        watched.follows()
        for person in people:
            story.of(person, "SubjectReinstated")
        watched.follows()
    leavings = watched.replica.leavings
    assert (leavings.untold, len(leavings.next(500))) == (MANY, 500)


def test_lateness_is_in_whole_milliseconds_and_of_a_clock_that_is_behind_below_zero() -> None:
    now = TurnableClock().now()
    assert late_ms(now - timedelta(milliseconds=31, microseconds=400), now) == 31
    assert late_ms(now + timedelta(seconds=1), now) == -1_000
