"""Replicas follow a real topic: they end equal, close when cut off, and recover by themselves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from shared.authorization.codes import Code
from shared.authorization.replica import SOURCE, Replica, Snapshot
from shared.authorization.snapshot import state_hash
from shared.authorization.state import PermissionEvent
from shared.authorization.tail import ReplicaTail, SnapshotSource
from shared.authorization.world import World
from shared.errors import UnavailableError
from shared.messaging.clients import new_producer
from shared.messaging.heartbeats import Beat
from shared.messaging.topics import Topic, ensure_topics
from shared.settings import KafkaSettings
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.tasks import Tasks
from tests.shared.authorization.story import ANA, Story, a_customer
from tests.shared.authorization.test_replica import READ, a_story, came


class Owner:
    """Who has all permissions, and whether they answer."""

    def __init__(self) -> None:
        self.story = a_story()
        self.answers = True
        self.asked = 0

    async def snapshot(self) -> Snapshot:
        self.asked += 1
        if not self.answers:
            raise UnavailableError("the permissions do not answer")
        last = came(self.story.events[-1])
        world = World().after(self.story.events)
        return Snapshot(1, world, (last.txid, last.position))


class Ground:
    """Two topics on a broker, and who writes them."""

    def __init__(self, settings: KafkaSettings) -> None:
        name = uuid4().hex[:8]
        self.settings = settings
        self.events, self.beats = Topic(f"test.p.{name}", 1), Topic(f"test.b.{name}", 1)
        self.clock = TurnableClock()
        self.owner = Owner()

    async def make(self) -> None:
        await ensure_topics(self.settings, [self.events, self.beats])

    async def send(
        self, events: Sequence[PermissionEvent], *, beat: bool = True, epoch: int = 1
    ) -> None:
        async with self._producing() as producer:
            for event in events:
                await producer.send_and_wait(
                    self.events.name, came(event).data, b"k", 0, headers=headers_of(event)
                )
            if beat:
                reached = max(one.position for one in self.owner.story.events)
                said = Beat(SOURCE, epoch, self.clock.now(), reached).to_bytes()
                await producer.send_and_wait(self.beats.name, said, b"k", 0)

    @asynccontextmanager
    async def _producing(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = new_producer(self.settings)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    def replica(self) -> Replica:
        return Replica(self.clock)


def headers_of(event: PermissionEvent) -> list[tuple[str, bytes]]:
    its = came(event)
    return [
        ("ce_source", SOURCE.encode()),
        ("ce_epoch", b"1"),
        ("ce_feedposition", b"%d" % its.feed_position),
        ("ce_storeposition", b"%d:%d" % (its.txid, its.position)),
        ("ce_id", its.event_id.encode()),
        ("ce_type", its.type.encode()),
        ("ce_dataschema", f"urn:daybook:schema:{its.type}:1".encode()),
        ("ce_subject", its.stream.encode()),
        ("ce_sequence", b"1"),
        ("ce_time", its.time.encode()),
    ]


@pytest.fixture
async def ground(broker: Broker) -> Ground:
    its = Ground(broker.settings)
    await its.make()
    return its


@asynccontextmanager
async def following(
    ground: Ground, replica: Replica, source: SnapshotSource | None = None
) -> AsyncIterator[None]:
    tail = ReplicaTail(
        replica, ground.settings, source or ground.owner, events=ground.events, beats=ground.beats
    )
    tasks, stop = Tasks(), asyncio.Event()
    tasks.start(tail, stop)
    try:
        yield
    finally:
        stop.set()
        await tasks.end()


def more(story: Story) -> list[PermissionEvent]:
    """Return what happens next: Ana leaves."""
    story.of(ANA, "SubjectLeft")
    return story.events[-1:]


def answers(replica: Replica, code: Code) -> bool:
    return replica.check(ANA, READ, a_customer(ANA))[1] is code


async def level(replica: Replica, code: Code) -> None:
    await until(lambda: answers(replica, code), what=f"{code}, not {replica.check(ANA, READ)}")


async def test_it_starts_from_a_snapshot_and_follows_what_comes_behind_it(ground: Ground) -> None:
    replica = ground.replica()
    before = list(ground.owner.story.events)
    async with following(ground, replica):
        await ground.send(before)
        await level(replica, Code.ALLOWED)
        await ground.send(more(ground.owner.story))
        await level(replica, Code.INACTIVE_SUBJECT)
    assert ground.owner.asked == 1


async def test_with_duplicates_two_replicas_end_equal_wherever_they_began(ground: Ground) -> None:
    early, late = ground.replica(), ground.replica()
    before = list(ground.owner.story.events)
    async with following(ground, early):
        await ground.send(before)
        await level(early, Code.ALLOWED)
        left = more(ground.owner.story)
        async with following(ground, late):
            await ground.send([*before[2:], *left, *left, *before])
            await level(early, Code.INACTIVE_SUBJECT)
            await level(late, Code.INACTIVE_SUBJECT)
    assert state_hash(early.world) == state_hash(late.world)


async def test_a_gap_is_closed_by_another_snapshot(ground: Ground) -> None:
    replica = ground.replica()
    async with following(ground, replica):
        await ground.send(list(ground.owner.story.events))
        await level(replica, Code.ALLOWED)
        ground.owner.story.permission("customer:lost")
        await ground.send(more(ground.owner.story))
        await level(replica, Code.INACTIVE_SUBJECT)
    assert ground.owner.asked == 2
    assert replica.world.position == len(ground.owner.story.events)


async def test_without_whoever_has_them_all_it_denies_and_then_recovers_alone(
    ground: Ground,
) -> None:
    replica = ground.replica()
    ground.owner.answers = False
    async with following(ground, replica):
        await until(lambda: ground.owner.asked > 2, what="that it asks again")
        assert not replica.check(ANA, READ, a_customer(ANA))[0]
        ground.owner.answers = True
        await ground.send(list(ground.owner.story.events))
        await level(replica, Code.ALLOWED)


async def test_cut_off_from_the_broker_it_closes_and_recovers_alone(own_broker: Broker) -> None:
    ground = Ground(own_broker.settings)
    await ground.make()
    replica = ground.replica()
    async with following(ground, replica):
        await ground.send(list(ground.owner.story.events))
        await level(replica, Code.ALLOWED)
        own_broker.kill()
        ground.clock.turn(6)
        assert answers(replica, Code.STALE)
        await own_broker.start_again()
        await ground.make()
        more(ground.owner.story)
        # The broker forgot everything, and the relay sends all of it again.
        await ground.send(ground.owner.story.events)
        # A reader at the second beat of before waits for the second of now.
        await ground.send([])
        await level(replica, Code.INACTIVE_SUBJECT)
