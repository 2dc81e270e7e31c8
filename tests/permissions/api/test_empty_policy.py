"""Where nobody wrote a policy, every route of every service refuses everybody."""

import pytest

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.world import World
from tests.customers.api.every_route import EVERY_ROUTE as OF_CUSTOMERS
from tests.ground.broker import Broker
from tests.ground.house import a_house
from tests.ground.rights import FixedWorld, open_decisions
from tests.ground.routes import filled, needs
from tests.ground.servers import Servers, new_databases
from tests.permissions.api.desk import a_desk
from tests.permissions.api.test_guards import EVERY_ROUTE as OF_PERMISSIONS

PEOPLE = ("erin", "alice", "dave", "billing")


def an_unwritten_policy() -> FixedWorld:
    return FixedWorld(World())


def a_policy_without_grants() -> FixedWorld:
    """Everybody is there and every permission too; only nobody was given anything."""
    its = open_decisions().world
    bare = {name: subject._replace(grants=()) for name, subject in its.subjects.items()}
    return FixedWorld(World(its.policy, bare, its.position))


NOTHING = pytest.mark.parametrize("nothing", [an_unwritten_policy(), a_policy_without_grants()])


@NOTHING
async def test_every_route_of_customers_refuses_everybody(
    servers: Servers, broker: Broker, nothing: FixedWorld
) -> None:
    async with (
        new_databases(servers) as databases,
        a_house(databases, broker.settings, decisions=nothing) as house,
    ):
        assert needs(house.app) == OF_CUSTOMERS
        for method, path in OF_CUSTOMERS:
            for name in PEOPLE:
                answer = await house.client(name).request(method, filled(path))
                assert answer.status_code == 403, (method, path, name)


@NOTHING
async def test_every_route_of_permissions_refuses_everybody(
    servers: Servers, nothing: FixedWorld
) -> None:
    async with new_databases(servers) as databases, a_desk(databases, nothing) as desk:
        assert needs(desk.app) == OF_PERMISSIONS
        for method, path in OF_PERMISSIONS:
            for name in PEOPLE:
                answer = await desk.client(name).request(method, filled(path))
                assert answer.status_code == 403, (method, path, name)
    assert set(PEOPLE) <= set(DEMO_PEOPLE)
