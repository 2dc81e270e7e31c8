"""The ground itself holds: a house that walks, servers and brokers that fall and get up."""

from pathlib import Path

from shared.testing.waiting import until
from tests.ground.broker import Broker
from tests.ground.house import House
from tests.ground.processes import running, service_env
from tests.ground.servers import Servers


async def test_a_registered_customer_walks_through_the_house(house: House) -> None:
    await house.start()
    body = {"kind": "person", "name": "Ada Example", "emails": ["ada@mail.example"]}
    registered = await house.client("alice").post("/v1/customers", json=body)
    assert registered.status_code == 201
    await house.caught_up()
    assert await house.directory_rows() == await house.fold_all()
    path = registered.headers["Location"]
    assert (await house.client("alice").get(path)).status_code == 200
    assert (await house.anonymous().get(path)).status_code == 401
    names = {span.name for span in house.spans()}
    assert {"append", "send daybook.customers.v1", "process daybook.customers.v1"} <= names


async def test_a_process_outlives_servers_that_are_killed_and_started_again(
    own_servers: Servers, own_broker: Broker, tmp_path: Path
) -> None:
    env = service_env(own_servers.databases, own_broker.settings, tmp_path / "secrets")
    async with running("services.customers", "relay", env=env) as relay:
        await until(lambda: "leads partitions" in relay.output(), what="the relay's lead")
        own_servers.kill("truth")
        own_broker.kill()
        await until(lambda: "failed" in relay.output(), what="the relay's complaint")
        own_servers.start("truth")
        own_broker.start()
        await until(
            lambda: relay.output().count("leads partitions") > 1, what="the relay's second lead"
        )
    assert not relay.is_alive
