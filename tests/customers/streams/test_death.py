"""What a worker killed under load leaves behind: nothing is missing, some of it counts twice."""

import asyncio
from pathlib import Path

from services.customers.streams.activity import latest_activity
from shared.messaging.topics import ACTIVITY, CUSTOMERS
from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.processes import running, service_env
from tests.ground.servers import Databases

# A group meets for 5 s; one whose only member was killed waits 10 s more for it.
WITHIN = 60.0
STORED = """select count(*) from events where type <> 'CanarySent'"""


async def test_a_worker_killed_under_load_counts_some_events_twice_and_misses_none(
    databases: Databases, own_broker: Broker, tmp_path: Path
) -> None:
    env = service_env(databases, own_broker.settings, tmp_path / "secrets")
    async with a_house(databases, own_broker.settings, CUSTOMERS) as house:
        await house.start()
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
            stored = await events_stored(house)
            await until(lambda: counted() >= stored, WITHIN, what="that nothing is missing")
            worker.terminate()
            assert await worker.wait() == 0, worker.output()

        per_type = {window.event_type for window in live.values}
        print(f"stored {stored}, live {counted()}: {counted() - stored} counted twice")  # noqa: T201
        assert counted() >= stored
        assert per_type == {"CustomerRegistered"}


async def keep_registering(house: House) -> None:
    alice = house.client("alice")
    while True:
        answer = await alice.post("/v1/customers", json={"kind": "person", "name": "Ada"})
        assert answer.status_code == 201


async def events_stored(house: House) -> int:
    (row,) = await house.ask("truth", STORED)
    return int(row["count"])
