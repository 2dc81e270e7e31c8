"""A green light is proof of work: an event made the whole trip, and when it did is known."""

import pytest

from shared.errors import NotYetError, VersionConflictError
from shared.projecting import canary as canaries
from shared.testing.waiting import until
from tests.ground.events import write
from tests.ground.house import House


async def test_a_canary_goes_from_the_store_over_kafka_into_the_read_model(house: House) -> None:
    await house.start()
    first, second = await house.canary.send(), await house.canary.send()
    stored = await house.store.load("canary-customers")
    assert [event.event_id for event in stored] == [first.event_id, second.event_id]
    assert {event.type for event in stored} == {"CanarySent"}
    assert first.trip_ms > 0
    assert first.arrived_at <= second.arrived_at <= house.clock.monotonic()
    await house.caught_up()
    assert await house.directory_rows() == []


async def test_a_canary_that_does_not_arrive_is_told_and_sent_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canaries, "ARRIVES_WITHIN_SECONDS", 0.05)
    await house.start(runner=False)
    with pytest.raises(NotYetError):
        await house.canary.send()
    house.run(house.canary)
    await until(lambda: house.store.version_of("canary-customers"), what="the canary")
    assert house.canary.last is None
    monkeypatch.setattr(canaries, "ARRIVES_WITHIN_SECONDS", 30)
    house.run(house.runner)
    await until(lambda: house.canary.last is not None, what="that a canary arrives")


async def test_two_processes_that_send_canaries_do_not_disturb_each_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start()
    version_of = house.store.version_of
    overtaken = 0

    async def overtaken_once(stream: str) -> int:
        nonlocal overtaken
        version = await version_of(stream)
        if overtaken == 0:
            overtaken += 1
            await write(house.store, stream, version)
        return version

    monkeypatch.setattr(house.store, "version_of", overtaken_once)
    trip = await house.canary.send()
    stored = await house.store.load("canary-customers")
    assert [event.event_id for event in stored][1:] == [trip.event_id]


async def test_a_canary_that_is_always_overtaken_gives_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def always_late(_stream: str) -> int:
        return 99

    monkeypatch.setattr(house.store, "version_of", always_late)
    with pytest.raises(VersionConflictError):
        await house.canary.send()
