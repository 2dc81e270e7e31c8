"""A house decides by the policy and with the people of the demo, as these turn."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from shared.authorization.people import DEMO_PEOPLE
from shared.authorization.state import PermissionEvent
from shared.authorization.world import World
from tests.customers.api.asking import Json, if_match, read
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.rights import FixedWorld, demo_decisions
from tests.ground.servers import Servers, new_databases

IDS = {name: person.subject for name, person in DEMO_PEOPLE.items()}


class Shipped:
    """A house that decides as it ships, and what happens to rights in it."""

    def __init__(self, house: House, decisions: FixedWorld) -> None:
        self.house, self._decisions = house, decisions

    async def customer(self, owner: str | None, **more: object) -> Json:
        """Have a customer of somebody, registered by who may register anybody's."""
        body: Json = {"kind": "person", "name": "Ada", "emails": ["ada@works.example"], **more}
        body["owner"] = None if owner is None else IDS[owner]
        return read(await self.house.client("erin").post("/v1/customers", json=body))

    async def change(
        self, person: str, its: Json, path: str, body: Json, **headers: str
    ) -> httpx.Response:
        """Ask for a change of a customer as it was answered."""
        given = {**if_match(its.get("version", 1)), **headers}
        url = f"/v1/customers/{its['id']}{path}"
        return await self.house.client(person).post(url, json=body, headers=given)

    def happens(self, person: str, type_: str, **data: object) -> None:
        """Have something happen to somebody's rights."""
        its = self._decisions.world
        event = PermissionEvent(its.position + 1, f"subject-{IDS[person]}", type_, data)
        self._decisions.world = its.after([event])

    def becomes(self, other: Callable[[World], World]) -> None:
        """Have another world."""
        self._decisions.world = other(self._decisions.world)

    def give(self, person: str, permission: str, **caps: str) -> None:
        """Give somebody one permission more."""
        data = {"permission": permission, "grant_id": permission, "effect": "allow", **caps}
        self.happens(person, "GrantGiven", **data)


@asynccontextmanager
async def a_shipped_house(servers: Servers, broker: Broker) -> AsyncIterator[Shipped]:
    """Have one for a while; nothing runs in it until it is started."""
    decisions = demo_decisions()
    async with (
        new_databases(servers) as databases,
        a_house(databases, broker.settings, decisions=decisions) as house,
    ):
        yield Shipped(house, decisions)
