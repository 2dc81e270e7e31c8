"""A consumer that was just written reads a Daybook that runs, whatever dies meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from shared.authorization.people import DEMO_PEOPLE
from shared.testing.waiting import until
from tests.cli.subscribe.living import Consumer, a_consumer, served
from tests.ground.broker import Broker
from tests.ground.house import House, a_house
from tests.ground.servers import Databases

pytestmark = pytest.mark.journey


@pytest.fixture
async def living(
    databases: Databases, own_broker: Broker, tmp_path: Path
) -> AsyncIterator[tuple[House, Consumer]]:
    async with (
        a_house(databases, own_broker.settings) as house,
        served(house) as url,
        a_consumer(house, url, tmp_path / "billing") as consumer,
    ):
        await house.start(runner=False)
        yield house, consumer


async def register(alice: httpx.AsyncClient, count: int, called: str) -> list[str]:
    """Register so many customers and rename each; return their ids."""
    ids = []
    for number in range(count):
        name = f"{called} {number}"
        body = {"kind": "person", "name": name, "emails": [f"{called}{number}@mail.example"]}
        answer = (await alice.post("/v1/customers", json=body)).raise_for_status()
        ids.append(answer.json()["id"])
        renamed = await alice.post(
            f"/v1/customers/{ids[-1]}/rename",
            json={"name": f"{name} renamed"},
            headers={"If-Match": answer.headers["ETag"]},
        )
        renamed.raise_for_status()
    return ids


async def counted(house: House, consumer: Consumer) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many events of each type were stored, and how many the consumer applied."""
    rows = await house.ask("truth", "select type, count(*) from events group by 1")
    applied = {str(kind): int(str(n)) for kind, n in consumer.ask("select * from events")}
    return {row["type"]: row["count"] for row in rows if row["type"] in applied}, applied


async def test_killed_and_with_kafka_emptied_it_ends_as_the_store_says_and_counts_nothing_twice(
    living: tuple[House, Consumer], own_broker: Broker
) -> None:
    house, consumer = living
    alice = house.client("alice")
    first = await register(alice, 12, "first")
    await consumer.start()
    await consumer.level_with(house)

    writing = asyncio.create_task(register(alice, 12, "second"))
    await until(lambda: len(consumer.rows()) > len(first), what="that the second wave arrives")
    await consumer.kill()
    await writing
    await consumer.start()
    await consumer.level_with(house)

    # Everything that Kafka had is gone; the relay fills it again, from the first event on.
    own_broker.kill()
    own_broker.start()
    await register(alice, 4, "third")
    await consumer.level_with(house)

    await house.erasures.erase_customer(UUID(first[0]), actor=DEMO_PEOPLE["petra"].subject)
    await consumer.level_with(house)
    stored, applied = await counted(house, consumer)
    assert applied == stored

    async def is_confirmed() -> bool:
        told = await house.store.load(f"erasure-{first[0]}")
        return any(b'"consumer:billing"' in event.data for event in told)

    await until(is_confirmed, what="that the consumer confirms the erasure")
    assert await consumer.stop() == 0, consumer.said()
    assert "first 0" not in consumer.said()


async def test_a_mark_behind_the_end_of_a_log_that_was_refilled_is_noticed(
    living: tuple[House, Consumer],
) -> None:
    house, consumer = living
    alice = house.client("alice")
    (known,) = await register(alice, 1, "before")
    await consumer.start()
    await consumer.level_with(house)
    assert await consumer.stop() == 0
    # As after a log that held many duplicates was emptied: the new one is shorter.
    consumer.change("update daybook_marks set kafka_offset = kafka_offset + 1000")
    consumer.hurry()
    body, version = {"name": "after"}, {"If-Match": '"2"'}
    (
        await alice.post(f"/v1/customers/{known}/rename", json=body, headers=version)
    ).raise_for_status()
    await consumer.start()
    await consumer.level_with(house)
    assert "is read again from its earliest record" in consumer.said()
    stored, applied = await counted(house, consumer)
    assert applied == stored


async def test_a_restored_daybook_is_folded_anew_beside_what_answers(
    living: tuple[House, Consumer],
) -> None:
    house, consumer = living
    alice = house.client("alice")
    await register(alice, 6, "before")
    await consumer.start()
    await consumer.level_with(house)

    # What a restore does: the store says a higher epoch, and its relay sends anew under it.
    await house.ask("truth", "update store set epoch = epoch + 1")
    await register(alice, 3, "after")
    await until(lambda: epoch_of(consumer) == 2, what="that the consumer answers from epoch 2")
    await consumer.level_with(house)
    stored, applied = await counted(house, consumer)
    assert applied == stored
    files = sorted(path.name for path in (consumer.folder / "state").glob("state-*.db"))
    assert files == ["state-2.db"]


def epoch_of(consumer: Consumer) -> object:
    """Return the epoch of what answers."""
    found = consumer.ask("select epoch from daybook_epoch")
    return found[0][0] if found else None


async def test_what_a_handler_refuses_waits_with_its_stream_until_it_is_retried_or_discarded(
    living: tuple[House, Consumer],
) -> None:
    house, consumer = living
    handler = consumer.folder / "handler.py"
    good = handler.read_text()
    ids = await register(house.client("alice"), 4, "patient")
    handler.write_text(good + REFUSES.format(subjects=ids[:2]))
    await consumer.start()
    await until(lambda: len(parked(consumer)) == 2, what="that two events are parked")
    await until(lambda: names(consumer).get(ids[3]) == "patient 3 renamed", what="that others flow")
    assert names(consumer)[ids[0]] == "patient 0"

    assert await consumer.do("retry") == 1
    assert len(parked(consumer)) == 2
    (event_id,) = [event for event, stream in parked(consumer) if stream.endswith(ids[1])]
    assert await consumer.do("discard", str(event_id)) == 1
    assert [stream for _, stream in parked(consumer)] == [f"customer-{ids[0]}"]
    assert await consumer.do("discard", str(event_id)) == 1
    assert f"Error: no event {event_id} is parked" in consumer.said()

    handler.write_text(good)
    assert await consumer.do("parked") == 0
    assert f"customer-{ids[0]}  2  CustomerRenamed  ValueError in apply" in consumer.said()
    assert await consumer.do("retry") == 0
    assert parked(consumer) == []
    assert names(consumer)[ids[0]] == "patient 0 renamed"
    assert names(consumer)[ids[1]] == "patient 1"
    assert "patient" not in consumer.said()


async def test_two_consumers_never_share_a_state(living: tuple[House, Consumer]) -> None:
    house, consumer = living
    await register(house.client("alice"), 1, "alone")
    await consumer.start()
    await consumer.level_with(house)
    assert await consumer.do("run") == 1
    assert "Error: another consumer runs on state. Stop it first." in consumer.said()


REFUSES = """

_apply = apply


def apply(db, event, data, personal):
    if event.type == "CustomerRenamed" and event.subject in {subjects}:
        raise ValueError(personal)
    _apply(db, event, data, personal)
"""


def parked(consumer: Consumer) -> list[tuple[object, str]]:
    """Return what is parked: event id and stream."""
    found = consumer.ask("select event_id, stream from daybook_parked order by stream")
    return [(event_id, str(stream)) for event_id, stream in found]


def names(consumer: Consumer) -> dict[str, str | None]:
    """Return the names that the consumer knows."""
    return {id_: name for id_, name, _, _ in consumer.rows()}
