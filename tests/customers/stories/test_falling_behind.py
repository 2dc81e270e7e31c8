"""Whoever lives says how late the others are: 0 when idle, more and more when one is dead."""

import re

from services.customers.projections.directory import NAME as DIRECTORY
from shared.testing.waiting import until
from tests.customers.api.asking import read, register
from tests.ground.house import House


async def numbers(house: House) -> dict[str, float]:
    """Return the gauges of the lag as /metrics has them, by name, role and state."""
    body, _ = await house.metrics.exposition("text/plain")
    found = re.findall(
        r'^(daybook_lag_\w+){projection="(\w*)",role="(\w+)",state="(\w+)",topic="(\S+)"} (\S+)$',
        body.decode(),
        re.MULTILINE,
    )
    return {
        f"{name} {role} {state}": float(value)
        for name, projection, role, state, topic, value in found
        if topic == house.topic.name and projection in {"", DIRECTORY}
    }


async def test_a_relay_that_is_dead_is_later_and_later_and_so_is_the_directory(
    house: House,
) -> None:
    await house.start(relay=False, runner=True)
    await until(lambda: house.watcher.marks, what="that the watcher sees marks")
    assert set((await numbers(house)).values()) == {0}
    await register(house.client("alice"))
    first, second = await numbers(house), await numbers(house)
    for role in ("relay", "projector"):
        assert first[f"daybook_lag_events {role} live"] == 1
        assert first[f"daybook_lag_seconds {role} live"] > 0
        assert (
            first[f"daybook_lag_seconds {role} live"] < second[f"daybook_lag_seconds {role} live"]
        )
    house.run(house.relay)
    await house.caught_up()

    async def is_idle() -> bool:
        return set((await numbers(house)).values()) == {0}

    await until(is_idle, what="that nobody is behind")


async def test_the_route_and_the_metrics_tell_the_same_numbers(house: House) -> None:
    await house.start(runner=False)
    for _ in range(3):
        await register(house.client("alice"))
    await until(lambda: house.relay.status.events_sent == 3, what="that Kafka has them")
    told = read(await house.client("oscar").get("/v1/lag"))
    seen = await numbers(house)
    relay = [row for row in told["relay"] if row["topic"] == house.topic.name]
    assert sum(row["behind"] for row in relay) == seen["daybook_lag_events relay live"] == 0
    assert sum(row["on_kafka"] for row in relay) == 3
    parts = told["projections"][0]["partitions"]
    assert sum(part["behind"] for part in parts) == seen["daybook_lag_events projector live"]
    body, _ = await house.metrics.exposition("text/plain")
    assert f"daybook_epoch {told['epoch']}.0" in body.decode()


async def test_nobody_holds_the_horizon_when_nobody_writes(house: House) -> None:
    await house.start(runner=False)

    async def is_free() -> bool:
        body, _ = await house.metrics.exposition("text/plain")
        return "daybook_horizon_blocking_pid 0.0" in body.decode()

    await until(is_free, what="that no transaction is open on the server of truth")


async def test_what_kafka_gets_again_is_no_live_lag(house: House) -> None:
    await house.start()
    await register(house.client("alice"))
    await house.caught_up()
    await house.stop()
    await house.ask(
        "truth",
        "update relay_checkpoints set txid = '0', position = 0, feed_position = 0,"
        " kafka_offset = null",
    )
    seen = await numbers(house)
    assert seen["daybook_lag_events relay refilling"] == 1
    assert seen["daybook_lag_events projector live"] == 0
    assert seen["daybook_lag_seconds projector live"] == 0


async def test_a_read_model_of_an_earlier_epoch_has_everything_before_it(house: House) -> None:
    await house.start()
    await register(house.client("alice"))
    await house.caught_up()
    await until(lambda: house.watcher.epoch == 1, what="that the watcher saw it")
    await house.stop()
    await house.ask("truth", "update store set epoch = 2")
    seen = await numbers(house)
    assert seen["daybook_lag_events relay refilling"] == 1
    assert seen["daybook_lag_events projector rebuilding"] == 1
    assert seen["daybook_lag_seconds projector rebuilding"] > 0


async def test_a_lag_that_cannot_be_measured_is_not_told_as_an_old_number(house: House) -> None:
    await house.start()
    await register(house.client("alice"))
    await house.caught_up()
    assert await numbers(house)
    await house.ask("truth", "drop function log_horizon")
    assert await numbers(house) == {}
    body, _ = await house.metrics.exposition("text/plain")
    assert 'daybook_scrape_failures_total{part="lag"} 2.0' in body.decode()
