"""Under a policy that classes no field, no answer tells anything of a customer."""

from collections.abc import Iterator
from dataclasses import replace

import httpx

from shared.authorization.world import World
from tests.customers.api.asking import if_match, read
from tests.customers.shipped import IDS, Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.servers import Servers

MARK = "zqx"
"""Stands in every value of the customer."""
ENDLESS = "/v1/watch"


def without_classes(world: World) -> World:
    """Return the world in which customers are as secret as they were, and no field is classed."""
    classes = dict(world.policy.classes)
    classes["customer"] = {"*": classes["customer"]["*"]}
    policy = replace(world.policy, classes=classes)
    return World(policy, world.subjects, world.position, membership=world.membership)


async def marked(shipped: Shipped) -> str:
    """Have a customer whose every value has the mark in it, and return its id."""
    its = await shipped.customer(
        "carol", name=f"{MARK} name", emails=[f"{MARK}@works.example"], tags=[MARK],
        addresses=[{"street": f"{MARK} street", "country": "DE"}],
    )  # fmt: skip
    erin = shipped.house.client("erin")
    path = f"/v1/customers/{its['id']}"
    for version, (way, body) in enumerate(
        [("notes", {"text": MARK}), ("stage", {"stage": "closed", "reason": MARK})], start=1
    ):
        answer = await erin.post(f"{path}/{way}", json=body, headers=if_match(version))
        assert answer.status_code == 200, answer.text
    await shipped.house.caught_up()
    return str(its["id"])


def reads(document: dict[str, dict[str, object]], customer_id: str) -> Iterator[str]:
    """Yield the address of everything that the description says can be read."""
    for path, methods in document["paths"].items():
        if "get" in str(list(methods)) and path != ENDLESS:  # type: ignore[call-overload]
            address = path.replace("{customer_id}", customer_id)
            if "{" not in address:
                yield address


async def test_no_value_leaves_whose_field_has_no_class(servers: Servers, broker: Broker) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        await shipped.house.start()
        customer_id = await marked(shipped)
        document = read(await shipped.house.anonymous().get("/openapi.json"))
        paths = [*reads(document, customer_id), "/v1/customers?sort=changed_at",
                 f"/v1/customers/{customer_id}?version=1"]  # fmt: skip

        async def told(person: str) -> list[str]:
            client = shipped.house.client(person)
            answers: list[tuple[str, httpx.Response]] = [(one, await client.get(one))
                                                         for one in paths]  # fmt: skip
            return [path for path, one in answers if MARK in one.text or IDS["carol"] in one.text]

        people = ("carol", "dave", "erin")
        for person in people:
            assert f"/v1/customers/{customer_id}" in await told(person)
        shipped.becomes(without_classes)
        for person in people:
            path = f"/v1/customers/{customer_id}"
            assert (await shipped.house.client(person).get(path)).status_code == 200
            assert await told(person) == []
