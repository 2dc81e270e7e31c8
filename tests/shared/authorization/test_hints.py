"""Where a snapshot says the next event lies is a hint: right, it saves reading; wrong, nothing."""

from collections.abc import Iterable

import pytest
from aiokafka import TopicPartition

from shared.authorization.codes import Code
from shared.authorization.replica import Replica, Snapshot
from shared.authorization.snapshot import state_hash
from shared.authorization.world import World
from shared.messaging.following import reading
from shared.messaging.headers import ReceivedEvent
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.shared.authorization.test_tail import Ground, Owner, following, level, more


class Remembering(Replica):
    """Remembers which events came, new or not."""

    def __init__(self, clock: TurnableClock) -> None:
        super().__init__(clock)
        self.came: list[int] = []

    def take(self, events: Iterable[ReceivedEvent]) -> None:
        its = list(events)
        self.came += [one.feed_position for one in its]
        super().take(its)


class Hinting(Owner):
    """Gives a snapshot as of some event, and says where in the topic the next one lies."""

    def __init__(self, reaches: int, hint: int) -> None:
        super().__init__()
        self.reaches, self.hint, self.epoch = reaches, hint, 1

    async def snapshot(self) -> Snapshot:
        self.asked += 1
        world = World().after(self.story.events[: self.reaches])
        return Snapshot(self.epoch, world, kafka_offset=self.hint)


@pytest.fixture
async def ground(broker: Broker) -> Ground:
    its = Ground(broker.settings)
    await its.make()
    return its


@pytest.mark.parametrize(
    ("hint", "read", "asked"),
    [(2, [3, 4, 5, 6], 1), (0, [1, 2, 3, 4, 5, 6], 1), (99, [1, 2, 3, 4, 5, 6], 1),
     (3, [4, 5, 6, 1, 2, 3, 4, 5, 6], 2)],
)  # fmt: skip
async def test_wherever_a_hint_leads_every_event_is_applied_once(
    ground: Ground, hint: int, read: list[int], asked: int
) -> None:
    owner = ground.owner = Hinting(2, hint)
    more(owner.story)
    await ground.send(owner.story.events)
    await _everybody_is_told_of(ground, 6)
    replica = Remembering(ground.clock)
    async with following(ground, replica):
        await level(replica, Code.INACTIVE_SUBJECT)
    assert (len(owner.story.events), owner.asked) == (6, asked)
    assert sorted(set(replica.came)) == sorted(set(read))
    assert replica.came[0] == read[0]
    assert state_hash(replica.world) == state_hash(World().after(owner.story.events))


async def _everybody_is_told_of(ground: Ground, records: int) -> None:
    """Return once the broker says that so many are there; it may say so a moment late."""
    place = TopicPartition(ground.events.name, 0)
    async with reading(ground.settings, ground.events, [0]) as consumer:

        async def is_told() -> bool:
            ends: dict[TopicPartition, int] = await consumer.end_offsets([place])
            return ends[place] == records

        await until(is_told, what="that the broker tells of every event")


async def test_a_beat_of_another_epoch_is_enough_to_ask_for_a_snapshot(ground: Ground) -> None:
    owner = ground.owner = Hinting(5, 5)
    await ground.send(owner.story.events)
    replica = ground.replica()
    async with following(ground, replica):
        await level(replica, Code.ALLOWED)
        owner.epoch = 2
        await ground.send([], epoch=2)
        await until(lambda: replica.epoch == 2, what="that it goes on in the new epoch")
    assert owner.asked == 2
