"""An answer that waited for its record finds the record on Kafka, whatever died since."""

import asyncio

import httpx
import pytest

from shared.messaging.topics import ACCESS
from shared.testing.verifier import token_of
from shared.testing.waiting import until
from tests.faults.asking import a_client, begin_api
from tests.faults.audit import read_topic
from tests.faults.conftest import Ground
from tests.faults.nursery import KILLED

pytestmark = pytest.mark.journey

ASKERS, TIMES = 6, 15  # fewer than a hundred: from there on refusals are counted


async def test_every_refusal_that_was_answered_is_on_kafka_after_kill_9(ground: Ground) -> None:
    house = ground.house
    api = await begin_api(ground)
    answered: list[str] = []

    async def ask() -> None:
        headers = {"Authorization": f"Bearer {token_of('oscar')}"}
        async with a_client(ground) as client:
            for _ in range(TIMES):
                try:
                    answer = await client.get("/v1/customers", headers=headers)
                except httpx.TransportError:
                    return
                assert answer.status_code == 403
                answered.append(answer.headers["traceparent"])

    asking = [asyncio.create_task(ask()) for _ in range(ASKERS)]
    await until(lambda: len(answered) >= ASKERS * TIMES // 3, what="that some are answered")
    await api.kill()
    assert await api.end() == KILLED
    await asyncio.gather(*asking)

    [row] = await house.ask("truth", "select count(*) as n from records")
    relay = await house.new_relay(ACCESS)
    house.run(relay)
    await until(lambda: relay.status.events_sent == row["n"], what="the sending")
    sent = [
        event for events in (await read_topic(house.kafka, ACCESS)).values() for event in events
    ]
    assert {event.type for event in sent} == {"DecisionRecorded"}
    assert len({event.event_id for event in sent}) == len(sent) == row["n"]
    assert {*answered} <= {event.traceparent for event in sent}
