import asyncio
from tests.ground.house import House
from tests.ground.processes import running, service_env
from tests.ground.servers import Servers
from shared.testing.waiting import until
from shared.authorization.people import DEMO_PEOPLE

async def test_walk(house: House) -> None:
    await house.start()
    out = await house.commands.register_customer("person", "Ada", ["ada@x.example"], actor=DEMO_PEOPLE["alice"].subject)
    await house.caught_up()
    assert await house.directory_rows() == await house.fold_all()
    r = await house.client("alice").get(f"/v1/customers/{out.customer.id}")
    assert r.status_code == 200, r.text
    r = await house.anonymous().get(f"/v1/customers/{out.customer.id}")
    assert r.status_code == 401
    assert house.spans()
    assert (await house.client("oscar").get("/v1/lag")).status_code == 200

async def test_two(house: House) -> None:
    await house.start()

async def test_three(house: House) -> None:
    pass

async def test_own(own_servers: Servers, own_broker, tmp_path) -> None:
    env = service_env(own_servers.databases, own_broker.settings, tmp_path / "s")
    async with running("services.customers", "relay", env=env) as p:
        await until(lambda: "started" in p.output(), what="the relay")
        own_servers.kill("truth")
        own_servers.start("truth")
        own_broker.kill()
        own_broker.start()
    print(p.output())
    assert not p.is_alive
