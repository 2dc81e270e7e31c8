"""With the relay dead for an hour writes go on, and whoever writes or reads is told."""

import asyncio
import logging

import httpx
import pytest

from shared.testing.waiting import until
from tests.customers.api.asking import register
from tests.customers.streams.daily import figures, new_daily_projector
from tests.ground.house import House

HOUR = 3600.0
WARNING, AS_OF = "daybook-warning", "daybook-data-as-of"
READS = ("/v1/customers", "/v1/activity/daily")
ALARM = 'daybook_alarm{alarm="far-behind"}'


async def write(house: House) -> httpx.Response:
    """Register somebody; it must be taken whatever is behind."""
    body = {"kind": "person", "name": "Grace Hopper"}
    answer = await house.client("alice").post("/v1/customers", json=body)
    assert answer.status_code == 201
    return answer


async def headers_of_reads(house: House) -> set[str | None]:
    """Return until when each of the lists says that it is complete."""
    client = house.client("alice")
    return {(await client.get(path)).headers.get(AS_OF) for path in READS}


async def a_relay_sends_one_event_and_dies(house: House) -> None:
    relay, stop = await house.new_relay(), asyncio.Event()
    relaying = asyncio.create_task(relay.run(stop))
    await write(house)
    await house.caught_up()
    await until(lambda: house.daily_watcher.epoch and house.watcher.epoch, what="that it is seen")
    stop.set()
    house.appended.set()
    await relaying


async def alarm(house: House) -> float:
    body, _ = await house.metrics.exposition("text/plain")
    line = next(x for x in body.decode().splitlines() if x.startswith(f"{ALARM} "))
    return float(line.rpartition(" ")[2])


async def test_while_the_relay_is_dead_writes_go_on_and_are_warned_and_lists_say_as_of(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "shared.observability.alarms")
    await house.start(relay=False)
    house.run(await new_daily_projector(house))
    await a_relay_sends_one_event_and_dies(house)
    at = house.clock.now()
    await write(house)
    await house.backlog.look()
    assert await headers_of_reads(house) == {None}
    house.clock.turn(61)
    await house.backlog.look()
    (as_of,) = await headers_of_reads(house)
    assert as_of is not None
    assert at.isoformat() <= as_of <= house.clock.now().isoformat()
    assert WARNING not in (await write(house)).headers
    house.clock.turn(HOUR)
    await house.backlog.look()
    told = (await write(house)).headers[WARNING]
    assert told.startswith(f'visible-late; as-of="{as_of}"; text="The change is stored.')
    assert await alarm(house) == 1
    read_models = (await house.client("oscar").get("/v1/projections")).json()["items"]
    assert [each["data_as_of"] for each in read_models] == [as_of, as_of]
    ways = {each.way for each in house.backlog.behind if each.is_late}
    assert ways >= {f"store → {house.topic.name}", "Kafka → directory", "Kafka → activity_daily"}

    house.run(house.relay)
    house.run(await house.new_relay(house.access))

    async def is_over() -> bool:
        await house.backlog.look()
        return not house.backlog.behind

    await until(is_over, what="that nobody is behind any more")
    assert WARNING not in (await write(house)).headers
    assert await headers_of_reads(house) == {None}
    assert await alarm(house) == 0
    told_once = [r.levelname for r in caplog.records if r.name == "shared.observability.alarms"]
    assert told_once == ["CRITICAL", "WARNING"]
    assert await figures(house) != []


async def test_what_kafka_gets_again_after_it_was_lost_warns_nobody(house: House) -> None:
    await house.start()
    house.run(await new_daily_projector(house))
    await register(house.client("alice"))
    await house.caught_up()
    await until(lambda: house.daily_watcher.marks == house.watcher.marks, what="the figures")
    await house.stop()
    await house.ask("truth", "delete from relay_rounds")
    await house.ask("truth", "update store set epoch = 2")
    await house.ask("truth", "insert into store_epochs (epoch, reason) values (2, 'a test')")
    house.clock.turn(2 * HOUR)
    await house.backlog.look()
    waiting = {each.way for each in house.backlog.behind}
    # The read models are of a former life: what they lack is whatever came since that ended.
    assert waiting == {"Kafka → directory", "Kafka → activity_daily"}


async def test_what_cannot_be_measured_ends_nobody_and_writes_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("shared.projecting.backlog.LOOK_EVERY_SECONDS", 0.01)
    await house.start(relay=False, runner=False)
    await house.ask("truth", "drop function log_horizon")
    house.run(house.backlog)

    def failures() -> int:
        return sum("could not be measured" in record.message for record in caplog.records)

    await until(lambda: failures() > 1, 20, what="that it is tried again")
    await write(house)


async def test_behind_a_dead_relay_only_so_many_events_are_counted(house: House) -> None:
    await house.start(relay=False, runner=False)
    for _ in range(3):
        await write(house)
    counted = (await house.meter.measure(at_most=1)).relay[0].partitions
    whole = (await house.meter.measure()).relay[0].partitions
    assert sum(part.behind for part in whole) == 3
    assert not any(part.is_at_least for part in whole)
    assert {part.behind for part in counted} == {0, 1}
    assert all(part.is_at_least == (part.behind == 1) for part in counted)
