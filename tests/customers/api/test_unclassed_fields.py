"""Under a policy that classes no field, no answer tells anything of a customer."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx

from shared.authorization.world import World
from tests.customers.api.asking import Json, if_match, read
from tests.customers.importing.handing_in import CSV, lines
from tests.customers.shipped import IDS, Shipped, a_shipped_house
from tests.ground.broker import Broker
from tests.ground.servers import Servers
from tests.ground.workers import a_worker

MARK = "zqx"
"""Stands in every value of the customer."""
ENDLESS = "/v1/watch"
PARAMETER = re.compile("{([a-z_]+)}")
NOT_FILLED = {"/v1/projections/shoe_size/orders/{order_id}", "/v1/subject-keys/{kid}"}
"""These show nothing of a customer: what an operator ordered, and a key."""
POINTS = {"email": "emails", "phone": "phones", "address": "addresses"}


def without_classes(world: World) -> World:
    """Return the world in which customers are as secret as they were, and no field is classed."""
    classes = dict(world.policy.classes)
    classes["customer"] = {"*": classes["customer"]["*"]}
    policy = replace(world.policy, classes=classes)
    return World(policy, world.subjects, world.position, membership=world.membership)


async def marked(shipped: Shipped) -> dict[str, str]:
    """Have a customer whose every value has the mark in it, also in a view and an import.

    Return the ids of what is there, by the parameter of the paths that name it.
    """
    erin = shipped.house.client("erin")
    field = {"name": "shoe_size", "label": {"en": "Size", "zh": "尺码"}, "type": "text"}
    assert (await erin.post("/v1/fields", json=field)).status_code == 201
    its = await shipped.customer(
        "carol", name=f"{MARK} name", emails=[f"{MARK}@works.example"], tags=[MARK],
        phones=["+49 171 1234567"], addresses=[{"street": f"{MARK} street", "country": "DE"}],
        custom={field["name"]: MARK},
    )  # fmt: skip
    works = await shipped.customer("carol", kind="organisation", name=f"{MARK} works")
    path = f"/v1/customers/{its['id']}"
    for version, (way, body) in enumerate(
        [
            ("notes", {"text": MARK}), ("stage", {"stage": "closed", "reason": MARK}),
            ("links", {"organisation_id": works["id"], "role": MARK}),
            ("holds", {"reason": MARK}),
        ],
        start=1,
    ):  # fmt: skip
        asker = shipped.house.client("petra") if way == "holds" else erin
        answer = await asker.post(f"{path}/{way}", json=body, headers=if_match(version))
        assert answer.status_code == 200, answer.text
    view = {"name": "Found", "query": {"q": MARK, "owner": IDS["carol"]}, "shared": True}
    saved = await shipped.house.client("petra").post("/v1/views", json=view)
    assert saved.status_code == 201
    await shipped.house.caught_up()
    now = read(await erin.get(path))
    notes = read(await erin.get(f"{path}/notes"))["items"]
    holds = read(await shipped.house.client("petra").get(f"{path}/holds"))["items"]
    return {
        "customer_id": its["id"], "view_id": read(saved)["id"], "name": field["name"],
        "import_id": await imported(shipped), "note_id": notes[0]["id"],
        "hold_id": holds[0]["id"], "link_id": now["links"][0]["id"],
        **{f"{one}_id": now[many][0]["id"] for one, many in POINTS.items()},
    }  # fmt: skip


async def imported(shipped: Shipped) -> str:
    """Have Wang hand in a row that becomes a customer, and one that is refused."""
    shipped.give("wang", "customer:import", scope="team", clearance="confidential")
    file = lines("name,email", f"{MARK},{MARK}2@works.example", f"{MARK},@{MARK}")
    answer = await shipped.house.client("wang").post(
        "/v1/imports", content=file.encode(), headers=CSV
    )
    worker = await a_worker(shipped.house)
    while await worker.work_off_one():
        pass
    await shipped.house.caught_up()
    return str(read(answer)["id"])


def filled(
    document: dict[str, dict[str, object]], ids: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield each method and address of the description, with ids of what is there."""
    for path, methods in document["paths"].items():
        for method in methods:  # type: ignore[attr-defined]
            address = PARAMETER.sub(lambda its: ids.get(its[1], its[0]), path)
            if path != ENDLESS:
                yield method.upper(), address


async def test_no_value_leaves_whose_field_has_no_class(servers: Servers, broker: Broker) -> None:
    async with a_shipped_house(servers, broker) as shipped:
        await shipped.house.start()
        ids = await marked(shipped)
        document = read(await shipped.house.anonymous().get("/openapi.json"))
        every = [*filled(document, ids)]
        paths = [path for method, path in every if method == "GET"]
        assert {path for path in paths if "{" in path} == NOT_FILLED
        one = f"/v1/customers/{ids['customer_id']}"
        paths += ["/v1/customers?sort=changed_at", f"{one}?version=1"]

        async def told(person: str, method: str, asked: list[str]) -> list[str]:
            client, headers = shipped.house.client(person), if_match(5)
            body: Json | None = None if method == "GET" else {}
            answers: list[tuple[str, httpx.Response]] = [
                (path, await client.request(method, path, json=body, headers=headers))
                for path in asked
            ]
            return [path for path, its in answers if MARK in its.text or IDS["carol"] in its.text]

        people = ("carol", "dave", "erin")
        for person in people:
            assert one in await told(person, "GET", paths)
        seen = await told("erin", "GET", paths)
        assert {path.replace(str(ids["import_id"]), "IMPORT") for path in seen} >= {
            "/v1/imports/IMPORT/errors", f"/v1/views/{ids['view_id']}",
        }  # fmt: skip
        shipped.becomes(without_classes)
        for person in people:
            assert (await shipped.house.client(person).get(one)).status_code == 200
            assert await told(person, "GET", paths) == []
            for method in ("PUT", "POST", "DELETE"):
                asked = [path for way, path in every if way == method]
                assert asked
                assert await told(person, method, asked) == []
