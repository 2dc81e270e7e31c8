"""What a worker killed under load leaves: nothing missing, some twice; the daily figures exact."""

import asyncio
import socket
from pathlib import Path

from services.customers.streams.activity import latest_activity
from shared.messaging.topics import ACTIVITY, CUSTOMERS
from shared.settings import KafkaSettings
from shared.testing.waiting import until
from tests.customers.streams.daily import figures, new_daily_projector, stored, total
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.processes import running, service_env
from tests.ground.servers import Databases

# A group meets for 5 s; one whose only member was killed waits 10 s more for it.
WITHIN = 120.0


async def test_a_killed_worker_may_count_twice_and_misses_nothing_and_the_daily_figures_are_exact(
    databases: Databases, own_broker: Broker, tmp_path: Path
) -> None:
    env = service_env(databases, own_broker.settings, tmp_path / "secrets")
    async with a_house(databases, own_broker.settings, CUSTOMERS) as house:
        await house.start()
        house.run(await new_daily_projector(house))
        live = latest_activity(own_broker.settings, ACTIVITY, house.clock)
        house.run(live)
        writing = asyncio.create_task(keep_registering(house))

        def counted() -> int:
            return sum(live.values.values())

        async with running("services.customers", "streams", env=env) as worker:
            await until(lambda: counted() > 50, WITHIN, what="that the worker counts")
            worker.kill()
            await worker.wait()
        async with running("services.customers", "streams", env=env) as worker:
            seen = counted()
            await until(lambda: counted() > seen, WITHIN, what="that another goes on")
            writing.cancel()
            await asyncio.wait([writing])
            truth = await stored(house)
            in_store = total(truth)
            await until(lambda: counted() >= in_store, WITHIN, what="that nothing is missing")
            worker.terminate()
            assert await worker.wait() == 0, worker.output()

        await until(lambda: is_level(house, in_store), WITHIN, what="the daily figures")
        daily = await figures(house)
        twice = counted() - in_store
        print(f"store {in_store}, daily {total(daily)}, live {counted()}: {twice} twice")  # noqa: T201
        assert daily == truth
        assert counted() >= in_store
        assert {window.event_type for window in live.values} == {"CustomerRegistered"}


async def test_a_worker_that_is_told_to_end_does_though_kafka_never_answers(
    databases: Databases, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = KafkaSettings(mode="embedded", bootstrap=f"127.0.0.1:{silent.getsockname()[1]}")
        env = service_env(databases, nowhere, tmp_path / "secrets")
        async with running("services.customers", "streams", env=env) as worker:
            await until(lambda: "Starting..." in worker.output(), WITHIN, what="that it starts")
            worker.terminate()
            # One that waits for Kafka first ends with what that wait failed of.
            assert await asyncio.wait_for(worker.wait(), WITHIN) == 0, worker.output()


async def test_a_worker_whose_kafka_died_ends_when_it_is_told_to(
    databases: Databases, own_broker: Broker, tmp_path: Path
) -> None:
    env = service_env(databases, own_broker.settings, tmp_path / "secrets")
    async with a_house(databases, own_broker.settings, CUSTOMERS) as house:
        await house.start()
        await house.client("alice").post("/v1/customers", json={"kind": "person", "name": "Ada"})
        live = latest_activity(own_broker.settings, ACTIVITY, house.clock)
        house.run(live)
        async with running("services.customers", "streams", env=env) as worker:
            await until(lambda: live.values, WITHIN, what="that the worker counts")
            own_broker.kill()
            worker.terminate()
            assert await asyncio.wait_for(worker.wait(), WITHIN) == 0, worker.output()


async def keep_registering(house: House) -> None:
    alice = house.client("alice")
    while True:
        answer = await alice.post("/v1/customers", json={"kind": "person", "name": "Ada"})
        assert answer.status_code == 201


async def is_level(house: House, in_store: int) -> bool:
    return total(await figures(house)) == in_store
