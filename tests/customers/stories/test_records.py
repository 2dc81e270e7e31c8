"""Who saw a customer, who was refused and what failed is on record and on Kafka, without a name."""

from collections import Counter
from collections.abc import AsyncIterator

import orjson
import pytest
from aiokafka import TopicPartition

from services.customers.storage.codec import CODEC
from shared.authorization.people import DEMO_PEOPLE
from shared.eventstore.partitioning import partition_of
from shared.messaging.clients import new_consumer, start_consumer
from shared.testing.waiting import until
from tests.customers.api.asking import Json, assert_problem, register, rename
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Databases, Servers
from tests.journeys.disguises import disguises

NAME, OTHER, ADDRESS = "Zebulon Quackenbush", "Cornelius Wigglesworth", "zeb.q@house.example"
RECORDS = "select * from records order by position"


@pytest.fixture
async def house(databases: Databases, broker: Broker) -> AsyncIterator[House]:
    """Return a house with a relay for its records, too."""
    async with a_house(databases, broker.settings) as its:
        await its.start()
        its.run(await its.new_relay(its.access))
        yield its


async def kid_of(house: House, customer: Json) -> str:
    event = (await house.store.load(f"customer-{customer['id']}"))[0]
    return CODEC.subject_of(event) or ""


async def a_day(house: House) -> Json:
    """Let somebody be registered, read, looked for, and let others be refused."""
    alice, oscar, billing = (house.client(person) for person in ("alice", "oscar", "billing"))
    customer = await register(alice, NAME, ADDRESS)
    path = f"/v1/customers/{customer['id']}"
    await rename(alice, customer, OTHER)
    for read in (path, f"{path}/history", f"{path}/journey"):
        assert (await alice.get(read)).status_code == 200
    await house.caught_up()
    found = await alice.get("/v1/customers", params={"q": "cornelius"})
    assert found.status_code == 200
    refused = await alice.get("/v1/customers", params={"q": "cornelius", NAME: ADDRESS})
    assert refused.status_code == 422
    assert (await oscar.get(path)).status_code == 403
    assert (await oscar.post(f"{path}/rename", json={"name": OTHER})).status_code == 403
    assert (await oscar.get(f"/v1/customers/{NAME}", params={"q": ADDRESS})).status_code == 403
    token = {"Authorization": f"Bearer {NAME.replace(' ', '.')}.{ADDRESS}"}
    assert (await house.anonymous().get(path, headers=token)).status_code == 401
    assert (await billing.get(f"/v1/subject-keys/{await kid_of(house, customer)}")).is_success
    return customer


async def everything_on_kafka(house: House, at_least: int) -> list[bytes]:
    """Return each record of the access topic as one."""
    places = [TopicPartition(house.access.name, p) for p in range(house.access.partitions)]
    found: list[bytes] = []
    consumer = new_consumer(house.kafka)
    try:
        await start_consumer(consumer)
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)

        async def has_come() -> bool:
            for batch in (await consumer.getmany(timeout_ms=50)).values():
                found.extend(repr((r.key, r.headers)).encode() + r.value for r in batch)
            return len(found) >= at_least

        await until(has_come, what="the records on Kafka")
    finally:
        await consumer.stop()
    return found


async def test_every_access_and_refusal_is_on_record_under_the_customer_and_by_whom(
    house: House,
) -> None:
    customer = await a_day(house)
    await house.records.close()
    rows = await house.ask("truth", RECORDS)
    alice, oscar, billing = (DEMO_PEOPLE[p].subject for p in ("alice", "oscar", "billing"))
    its = customer["id"]
    told = Counter(
        (row["type"], orjson.loads(row["data"])["operation"], row["subject"], row["actor"])
        for row in rows
    )
    assert told == Counter([
        ("AccessRecorded", "get_customer", its, alice),
        ("AccessRecorded", "get_customer_history", its, alice),
        ("AccessRecorded", "get_customer_journey", its, alice),
        ("AccessRecorded", "list_customers", alice, alice),
        ("DecisionRecorded", "get_customer", its, oscar),
        ("DecisionRecorded", "rename_customer", its, oscar),
        ("DecisionRecorded", "get_customer", oscar, oscar),
        ("RefusalRecorded", "get_customer", its, "anonymous"),
        ("AccessRecorded", "get_subject_key", billing, billing),
    ])  # fmt: skip
    for row in rows:
        assert row["partition"] == partition_of(row["subject"], house.access.partitions)
    bodies = [orjson.loads(row["data"]) for row in rows]
    [listed] = [body for body in bodies if body["operation"] == "list_customers"]
    assert (listed["items"], listed["asked_by"]) == (1, ["q"])
    [key] = [body for body in bodies if body["operation"] == "get_subject_key"]
    assert (key["target"], key["is_restricted"]) == (await kid_of(house, customer), True)


async def test_no_record_says_who_somebody_is_neither_in_the_store_nor_on_kafka(
    house: House,
) -> None:
    await a_day(house)
    await house.recorder.close()
    await house.records.close()
    stored = [repr(dict(row)).encode() for row in await house.ask("truth", RECORDS)]
    sent = await everything_on_kafka(house, at_least=len(stored))
    assert len(sent) == len(stored) > 9
    for personal in (NAME, OTHER, ADDRESS, *NAME.split(), *OTHER.split()):
        for form in disguises(personal):
            assert not [record for record in stored + sent if form in record], personal


async def test_a_key_leaves_only_when_its_record_is_durable(
    own_servers: Servers, broker: Broker
) -> None:
    async with a_house(own_servers.databases, broker.settings) as house:
        customer = await register(house.client("alice"), NAME, ADDRESS)
        path = f"/v1/subject-keys/{await kid_of(house, customer)}"
        billing = house.client("billing")
        key = (await billing.get(path)).raise_for_status().json()["k"]
        own_servers.kill("truth")
        answer = await billing.get(path)
        assert_problem(answer, 503, "record-not-kept")
        assert key not in answer.text
        # A refusal stays one, and is told once the store takes records again.
        assert (await house.client("alice").get(path)).status_code == 403
        own_servers.start("truth")

        async def is_served() -> bool:
            return (await billing.get(path)).is_success

        await until(is_served, what="the key again")
        await house.recorder.close()
        await house.records.close()
        rows = await house.ask("truth", RECORDS)
        counted = [orjson.loads(row["data"]) for row in rows if row["type"] == "DecisionsCounted"]
        assert [(its["times"], its["code"]) for its in counted if not its["is_allowed"]] == [
            (1, "no_grant")
        ]
        kept = [row for row in rows if row["type"] == "AccessRecorded"]
        assert len(kept) == 2
