"""A live stream loses no event to an exception, and acks none before its effect is published."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from uuid import uuid4

import pytest

from shared.clock import Clock, SystemClock
from shared.errors import UnavailableError
from shared.messaging.headers import ReceivedEvent
from shared.messaging.stream_watch import STUCK_AFTER_SECONDS, StreamWatch
from shared.messaging.streams import LiveStream
from shared.messaging.topics import Topic
from shared.settings import KafkaSettings
from shared.testing.clock import TurnableClock
from shared.testing.waiting import until
from tests.ground.house import House

WITHIN = 30.0
EVENTS = 30


class Moody:
    """Fails in every way that a handler can; `taken` is how often it took each event."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.published: set[str] = set()
        self.refused = 0
        self.poison: set[str] = set()

    async def take(self, event: ReceivedEvent) -> None:
        self.tried[event.event_id] += 1
        if len(self.tried) == 5:
            self.poison.add(event.event_id)
        if event.event_id in self.poison:
            raise ValueError("never")
        if len(self.tried) % 3 == 0 and self.tried[event.event_id] == 1:
            raise RuntimeError("not the first time")
        if len(self.tried) % 7 == 0 and self.tried[event.event_id] < 3:
            raise UnavailableError("not yet", fix="wait")
        self.taken[event.event_id] += 1

    async def flush(self) -> None:
        if self.refused < 2:
            self.refused += 1
            raise UnavailableError("not now", fix="wait")
        self.published = set(self.taken)

    def forget(self, partitions: Collection[int]) -> None:
        """Keep all: the test wants to know what ever came."""


class Watch(StreamWatch):
    """Says when it sees that nothing moves."""

    def __init__(
        self, settings: KafkaSettings, topic: Topic, source: str, clock: Clock, seen: asyncio.Event
    ) -> None:
        super().__init__(settings, topic, source, clock)
        self._seen = seen

    async def look(self, positions: Mapping[int, int]) -> bool:
        try:
            return await super().look(positions)
        except UnavailableError:
            self._seen.set()
            raise

    def refuse_to_hang(self) -> None:
        try:
            super().refuse_to_hang()
        except UnavailableError:
            self._seen.set()
            raise


class Standing(Moody):
    """Takes one event for ever, or until the watch has seen it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = asyncio.Event()

    async def take(self, event: ReceivedEvent) -> None:
        self.tried[event.event_id] += 1
        await self.seen.wait()

    def watch(self, settings: KafkaSettings, topic: Topic, source: str, clock: Clock) -> Watch:
        return Watch(settings, topic, source, clock, self.seen)


def live_stream(house: House, name: str, handler: Moody, clock: Clock | None = None) -> LiveStream:
    clock = clock or SystemClock()
    return LiveStream(
        name, house.topic, house.followed.source, handler, house.kafka, clock, house.metrics
    )


@pytest.fixture
async def busy_house(house: House) -> House:
    """Return a house with events on Kafka."""
    await house.start(runner=False)
    alice = house.client("alice")
    for number in range(EVENTS):
        answer = await alice.post("/v1/customers", json={"kind": "person", "name": f"A {number}"})
        assert answer.status_code == 201
    return house


async def test_an_exception_loses_no_event_but_the_one_that_can_never_be_taken(
    busy_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    name, stop = f"moody-{uuid4().hex[:8]}", asyncio.Event()
    moody = Moody()
    running = asyncio.create_task(live_stream(busy_house, name, moody).run(stop))
    rows = await busy_house.ask("truth", "select event_id::text as id from events")
    stored = {row["id"] for row in rows}

    await until(lambda: moody.published | moody.poison == stored, WITHIN, what="all published")
    stop.set()
    await running

    assert len(moody.poison) == 1
    assert set(moody.taken.values()) == {1}
    assert [moody.tried[event] for event in moody.poison] == [3]
    told = [r for r in caplog.records if "set aside" in r.message]
    assert [r.__dict__["event_id"] for r in told] == list(moody.poison)
    text, _ = await busy_house.metrics.exposition("")
    assert f'daybook_stream_set_aside_total{{stream="{name}"}} 1.0' in text.decode()


async def test_a_worker_that_stands_still_ends_so_that_a_new_one_is_started(
    busy_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.streams.LOOK_EVERY_SECONDS", 0.1)
    stands, clock = Standing(), TurnableClock(runs=True)
    monkeypatch.setattr("shared.messaging.streams.StreamWatch", stands.watch)
    stream = live_stream(busy_house, f"standing-{uuid4().hex[:8]}", stands, clock)
    running = asyncio.create_task(stream.run(asyncio.Event()))
    await until(lambda: stands.tried, WITHIN, what="that the worker takes an event")
    clock.turn(STUCK_AFTER_SECONDS)
    with pytest.raises(UnavailableError, match="stands still"):
        await running


async def test_after_a_clean_stop_the_next_worker_goes_on_behind_what_was_published(
    busy_house: House,
) -> None:
    name, stop = f"clean-{uuid4().hex[:8]}", asyncio.Event()
    first, second = Moody(), Moody()
    running = asyncio.create_task(live_stream(busy_house, name, first).run(stop))
    await until(lambda: len(first.published) == EVENTS - 1, WITHIN, what="all published")
    stop.set()
    await running

    again = asyncio.Event()
    running = asyncio.create_task(live_stream(busy_house, name, second).run(again))
    alice = busy_house.client("alice")
    await alice.post("/v1/customers", json={"kind": "person", "name": "One more"})
    await until(lambda: second.published, WITHIN, what="the new one published")
    again.set()
    await running

    assert not set(second.tried) & set(first.tried)
