"""An old canary is told once, with the hop where it stands, and once more when all is well."""

import asyncio
import logging

import pytest

from shared.projecting.canary_watch import CanaryWatch
from shared.testing.waiting import until
from tests.ground.house import House

OLD = 181.0
Log = pytest.LogCaptureFixture


@pytest.fixture
def watch(house: House, caplog: Log) -> CanaryWatch:
    caplog.set_level(logging.WARNING, "shared.observability.alarms")
    return CanaryWatch(house.canary, house.meter, house.metrics)


async def gauge(house: House, sample: str) -> float:
    body, _ = await house.metrics.exposition("text/plain")
    line = next(x for x in body.decode().splitlines() if x.startswith(f"{sample} "))
    return float(line.rpartition(" ")[2])


def told(caplog: Log) -> list[tuple[str, str]]:
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "shared.observability.alarms"
    ]


async def test_a_canary_that_came_lately_is_no_alarm(
    house: House, watch: CanaryWatch, caplog: Log
) -> None:
    await house.start()
    house.canary.last = await house.canary.send()
    news = await watch.look()
    assert not news.is_old
    assert news.stands_at is None
    assert await gauge(house, 'daybook_alarm{alarm="canary-old"}') == 0
    assert await gauge(house, "daybook_canary_age_seconds") < 60
    assert await gauge(house, "daybook_canary_trip_seconds") > 0
    assert told(caplog) == []


@pytest.mark.parametrize(
    ("relays", "hop"), [(False, "store → Kafka"), (True, "Kafka → read model")]
)
async def test_the_hop_where_it_stands_is_named(
    house: House, watch: CanaryWatch, caplog: Log, *, relays: bool, hop: str
) -> None:
    await house.start(relay=relays, runner=False)
    sending = asyncio.create_task(house.canary.send())
    await until(lambda: house.canary.under_way is not None, what="a canary under way")
    if relays:
        await until(lambda: house.relay.status.events_sent == 1, what="that Kafka has it")
    house.clock.turn(OLD)
    for _ in range(2):
        news = await watch.look()
        assert news.is_old
        assert news.age_seconds >= OLD
        assert news.stands_at == hop
    assert told(caplog) == [("CRITICAL", "no canary arrives any more")]
    assert caplog.records[-1].__dict__["stands_at"] == hop
    assert await gauge(house, 'daybook_alarm{alarm="canary-old"}') == 1
    if not relays:
        house.run(house.relay)
    house.run(house.runner)
    house.canary.last = await sending
    assert not (await watch.look()).is_old
    assert told(caplog)[1:] == [("WARNING", "canaries arrive again")]
    assert await gauge(house, 'daybook_alarm{alarm="canary-old"}') == 0


async def test_a_canary_that_cannot_be_stored_stands_before_the_store(
    house: House, watch: CanaryWatch
) -> None:
    house.clock.turn(OLD)
    assert (await watch.look()).stands_at == "the store"
